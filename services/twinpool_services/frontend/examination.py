"""What a front end says of itself and its machine, for `twinpool doctor`. Blocks."""

from __future__ import annotations

import platform
import shutil
import time
from importlib.metadata import PackageNotFoundError, version

from twinpool.errors import StoreUnavailable
from twinpool.security.principals import fingerprint_of
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.documents import Document
from twinpool_services.frontend.measuring import places_of

#: Packages whose versions tell two front ends apart.
PACKAGES = ("fastapi", "msgpack", "pika", "psycopg", "pydantic", "uvicorn", "zstandard")


class DiskDocument(Document):
    """The disk that a directory of the pool is on."""

    place: str
    path: str
    free_bytes: int
    total_bytes: int


class StoreExaminationDocument(Document):
    """The pool store, as it is set up."""

    kind: str
    server_version: str
    schema_version: str
    expected_schema_version: str
    settings: dict[str, str]
    size_bytes: int
    at: float  #: time by its clock, in seconds since 1970
    seconds: float  #: that asking for it took


class PrincipalsDocument(Document):
    """Who holds tokens, by the file on this front end's host; it has to be the same everywhere."""

    file: str
    count: int
    fingerprint: str  #: SHA-256 of all that the file says; no token follows from it


class ExaminationDocument(Document):
    """All of it."""

    pool_fqdn: str
    front_end: str
    version: str
    python: str
    platform: str
    packages: dict[str, str]
    at: float  #: time by this machine's clock, in seconds since 1970
    store_failure: str  #: why the store cannot be used; empty if it can
    store: StoreExaminationDocument | None
    disks: list[DiskDocument]
    principals: PrincipalsDocument | None  #: None where nobody is asked for a token


def examine(context: Context) -> ExaminationDocument:
    """Look at everything; what cannot be seen is left out."""
    store, failure = None, ""
    try:
        store = _store(context)
    except StoreUnavailable as error:
        failure = str(error)
    return ExaminationDocument(
        pool_fqdn=context.pool.fqdn,
        front_end=context.front_end.name,
        version=context.version,
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        at=time.time(),
        store_failure=failure,
        store=store,
        disks=_disks(context),
        principals=_principals(context),
    )


def _principals(context: Context) -> PrincipalsDocument | None:
    known = context.doorkeeper.principals()
    if known is None:
        return None
    file = str(context.deployment.security.principals)
    return PrincipalsDocument(file=file, count=len(known), fingerprint=fingerprint_of(known))


def _store(context: Context) -> StoreExaminationDocument:
    store = context.opened.store
    seen = store.examine()
    began = time.monotonic()
    now = store.now()
    return StoreExaminationDocument(
        kind=seen.kind,
        server_version=seen.server_version,
        schema_version=seen.schema_version,
        expected_schema_version=seen.expected_schema_version,
        settings=dict(seen.settings),
        size_bytes=seen.size_bytes,
        at=now,
        seconds=time.monotonic() - began,
    )


def _disks(context: Context) -> list[DiskDocument]:
    disks = []
    for place, path in places_of(context.pool).items():
        try:
            usage = shutil.disk_usage(path)
        except OSError:
            continue  # Not there yet: the first file makes it.
        disks.append(DiskDocument(place=place, path=str(path), free_bytes=usage.free, total_bytes=usage.total))
    return disks


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
