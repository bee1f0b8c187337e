"""User data out of a deployment into an archive, and from an archive into one, through the front ends' ordinary API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

import httpx

from twinpool.archive import Archive, ArchiveWriter, Part
from twinpool.errors import PoolUnreachable
from twinpool.http_client import client_of
from twinpool.modules.module import Module
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.change import Change, Record
from twinpool.vocabulary.names import Digest
from twinpool.wire import ChangeStream, encode_changes
from twinpool_services.cli.client import Client
from twinpool_services.cli.problems import error_of

MOST_CHANGES, MOST_BYTES = 10_000, 16 * 1024 * 1024  #: of one array of a state
TOGETHER, TOGETHER_BYTES = 500, 1024 * 1024  #: of one transaction of an import
TIMEOUT = httpx.Timeout(600.0, connect=3.0)  #: a state is walked whole before its first byte comes
MSGPACK = {"Content-Type": "application/msgpack"}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which owners are wanted; all of a kind if neither kind is named."""

    users: tuple[str, ...] = ()
    conferences: tuple[str, ...] = ()

    def owners(self, module: Module) -> Sequence[str] | None:
        """Return the owners wanted of a module: none named means all, None means that the module is not wanted."""
        if not self.users and not self.conferences:
            return ()
        chosen = self.conferences if module.names_content else self.users
        return tuple(sorted({*chosen, *(f"sip:{one}" for one in chosen)})) or None


@dataclass(slots=True)
class Tally:
    """What an import found of one module."""

    module: str
    new: int = 0
    replaced: int = 0
    equal: int = 0
    content: set[str] = field(default_factory=set)


class Home:
    """The home of a pool, at a front end of the pool that serves it."""

    def __init__(self, client: Client, fqdn: str) -> None:
        """Find a front end that answers. Raises `PoolUnreachable`."""
        self.home = client.deployment.pool(fqdn).fqdn
        serving = client.deployment.pool(client.serving_pool(self.home))
        self._http = client_of(client.deployment, timeout=TIMEOUT)
        for front_end in serving.front_ends:
            try:
                if self._http.get(front_end.address + "/readyz", timeout=3.0).is_success:
                    self._base = f"{front_end.address}/v1/homes/{quote(self.home)}"
                    return
            except httpx.HTTPError:
                continue  # The next may answer.
        self._http.close()
        raise PoolUnreachable(f"no front end of {serving.fqdn} answers")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @contextmanager
    def state(self, module: str, owners: Sequence[str]) -> Iterator[tuple[httpx.Headers, Iterator[Record]]]:
        """Read the records of a module as of one position."""
        path = f"{self._base}/modules/{quote(module)}/state"
        with _speaking(), self._http.stream("GET", path, params={"owner": list(owners)}) as answer:
            _require(answer)
            yield answer.headers, _records(answer)

    def content(self, digest: str) -> Iterator[bytes]:
        """Read content."""
        with _speaking(), self._http.stream("GET", f"{self._base}/content/{digest}") as answer:
            _require(answer)
            yield from answer.iter_bytes()

    def put_content(self, digest: str, pieces: Iterator[bytes]) -> None:
        """Send content unless it is there."""
        with _speaking():
            if self._http.post(f"{self._base}/content/{digest}/hold").is_success:
                return
            _require(self._http.put(f"{self._base}/content/{digest}", content=pieces))

    def write(self, module: str, transactions: Iterator[bytes]) -> None:
        """Commit transactions as they come. Raises what kept one of them from being committed."""
        with _speaking():
            path = f"{self._base}/modules/{quote(module)}/bulk"
            answer = self._http.post(path, content=transactions, headers=MSGPACK)
            _require(answer)
        for failed in answer.json()["errors"]:
            raise error_of(failed["status"], {"detail": failed["detail"], "field": failed["field"]})


def export(home: Home, path: Path, selection: Selection, deployment: str) -> tuple[list[Part], int]:
    """Write an archive beside the file that is to be, then put it there; return its parts and how much content."""
    aside = path.with_name(path.name + ".part")
    writer = ArchiveWriter(aside)
    try:
        as_of = ""
        for module in load_modules():
            owners = None if module.category.is_cms else selection.owners(module)
            if owners is not None:
                as_of = _export_module(home, writer, module, owners)
        writer.close(home=home.home, deployment=deployment, exported_at=as_of)
        aside.replace(path)
    finally:
        writer.abandon()
        aside.unlink(missing_ok=True)
    return writer.parts, len(writer.content)


def _export_module(home: Home, writer: ArchiveWriter, module: Module, owners: Sequence[str]) -> str:
    with home.state(module.name, owners) as (headers, records):
        term, position = int(headers["Twinpool-Term"]), int(headers["Twinpool-Position"])
        named: set[Digest] = set()

        def noting() -> Iterator[Record]:
            for record in records:
                if module.names_content:
                    named.update(module.attachments(Change(*record)))
                yield record

        writer.add_module(module.name, noting(), term=term, position=position)
    for digest in sorted(named):
        writer.add_content(digest, home.content(digest))
    return headers["Twinpool-As-Of"]


def bring_in(home: Home, archive: Archive, selection: Selection, *, write: bool) -> list[Tally]:
    """Compare each module of a verified archive with the home, and write what differs; nothing is deleted."""
    modules = load_modules()
    tallies = []
    for part in archive.parts:
        module = modules[part.module]
        owners = selection.owners(module)
        if owners is None:
            continue
        tally = Tally(part.module)
        differing = _differing(home, archive, part, owners, tally)
        if write and module.names_content:
            for digest in _content_of(module, _differing(home, archive, part, owners, Tally(part.module))):
                home.put_content(digest, archive.content(digest))
                tally.content.add(digest)
        if write:
            home.write(part.module, _transactions(differing))
        else:
            for record in differing:
                tally.content.update(module.attachments(Change(*record)))
        tallies.append(tally)
    return tallies


def _differing(home: Home, archive: Archive, part: Part, owners: Sequence[str], tally: Tally) -> Iterator[Record]:
    """Merge both in the order that they share; yield what the home has not, or has otherwise."""
    with home.state(part.module, owners) as (_, present):
        there = next(present, None)
        for record in archive.records(part):
            if owners and record.owner not in owners:
                continue
            while there is not None and there[:2] < record[:2]:
                there = next(present, None)
            if there == record:
                tally.equal += 1
                continue
            if there is not None and there[:2] == record[:2]:
                tally.replaced += 1
            else:
                tally.new += 1
            yield record


def _content_of(module: Module, records: Iterator[Record]) -> set[str]:
    return {digest for record in records for digest in module.attachments(Change(*record))}


def _transactions(records: Iterator[Record]) -> Iterator[bytes]:
    gathered: list[Change] = []
    size = 0
    for record in records:
        gathered.append(Change(*record))
        size += len(record.value)
        if len(gathered) == TOGETHER or size > TOGETHER_BYTES:
            yield encode_changes(gathered)
            gathered, size = [], 0
    if gathered:
        yield encode_changes(gathered)


def _records(answer: httpx.Response) -> Iterator[Record]:
    stream = ChangeStream(max_changes=MOST_CHANGES, max_bytes=MOST_BYTES)
    for piece in answer.iter_bytes():
        for changes in stream.feed(piece):
            for owner, key, value in changes:
                yield Record(owner, key, value or b"")
    stream.finish()


def _require(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    answer.read()
    try:
        document = answer.json()
    except ValueError:
        document = {}
    raise error_of(answer.status_code, document if isinstance(document, dict) else {})


@contextmanager
def _speaking() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise PoolUnreachable(f"the front end fell silent: {str(error) or type(error).__name__}") from error


__all__ = ["Home", "Selection", "Tally", "bring_in", "export"]
