"""The pool that serves a home now, as whoever judges and replays orphans meets it: ourselves, or over HTTP.

What it says counts: our own copy of its records may lag behind, and before a repair has come by the stream it still
holds the orphans themselves.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from twinpool.errors import ContentMissing, NotFound, Refused, TwinpoolError
from twinpool.modules.module import Module
from twinpool.security.credentials import authorization, bearer
from twinpool.security.passes import make_pass
from twinpool.security.tls import own_certificate, trust_of
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Digest, Home, Instant, PoolFqdn, Stream
from twinpool_services.frontend.committing import acceptance
from twinpool_services.frontend.context import Context, Place, status_of_home
from twinpool_services.frontend.documents import CommittedDocument
from twinpool_services.frontend.pool_calls import PoolCalls
from twinpool_services.frontend.record_lookup import MOST_RECORDS, look_up, require_serving


class ContentGone(Refused):
    """An orphan names content that is nowhere to be had."""

    hint = "Upload the file again at the serving pool, then discard the orphan; or restore the content, then replay it."


class ServingPool(Protocol):
    """What the serving pool does for orphans. Methods block, and raise `PoolUnreachable` and what a write may raise."""

    pool: PoolFqdn

    def fingerprints(self, stream: Stream, keys: Sequence[RecordKey]) -> list[bytes | None]:
        """Return the fingerprints of records, None where there is none."""

    def value(self, stream: Stream, key: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""

    def write(self, stream: Stream, module: Module, change: Change) -> CommittedDocument:
        """Commit a change in the ordinary way, after the content that it names. Raises `ContentGone`."""

    def close(self) -> None:
        """Let go of connections."""


def serving_pool(context: Context, home: Home) -> ServingPool:
    """Return whoever serves a home by our durable knowledge. Raises `NotFound` for an unknown home. May block."""
    status = status_of_home(context.opened.store, home)
    if status is None:
        raise NotFound(f"no home {home} is known here")
    if status.serving_pool == context.pool.fqdn:
        return OurOwn(context)
    return Another(context, status.serving_pool)


class OurOwn:
    """This pool serves the home itself."""

    def __init__(self, context: Context) -> None:
        """Use its own store and commits."""
        self.pool = context.pool.fqdn
        self._context = context

    def fingerprints(self, stream: Stream, keys: Sequence[RecordKey]) -> list[bytes | None]:
        """Read them from our store."""
        require_serving(self._context, stream)
        found = look_up(self._context, stream, keys)
        return [None if each is None else each.fingerprint for each in found]

    def value(self, stream: Stream, key: RecordKey) -> bytes | None:
        """Read it from our store."""
        require_serving(self._context, stream)
        return self._context.opened.store.read(stream, key)

    def write(self, stream: Stream, module: Module, change: Change) -> CommittedDocument:
        """Commit it like a client's."""
        opened = self._context.opened
        for digest in module.attachments(change):
            if not opened.content.hold(digest):
                raise _gone(change, digest)
        accept = acceptance(self._context, opened, Place(stream, module))
        return CommittedDocument.of(opened.commits.commit(accept.transaction([change])))

    def close(self) -> None:
        """Nothing is held."""


def credentials_for(context: Context, pool: PoolFqdn) -> Callable[[], Mapping[str, str]]:
    """Return what shows front ends of another pool, at each call, that we speak for ours.

    A pass of the pool's own key if it has one; else the token of this machine.
    """
    key = context.keys.signing
    if key is None or not context.keys.verify.has(key.pool):
        return lambda: authorization(context.deployment)
    return lambda: bearer(make_pass(key, pool, Instant(time.time())))


class Another:
    """Another pool serves the home; any of its front ends is asked."""

    def __init__(self, context: Context, pool: PoolFqdn) -> None:
        """Ask nobody yet."""
        self.pool = pool
        self._context = context
        trust = trust_of(context.deployment, own_certificate(context.deployment, context.front_end.name))
        self._calls = PoolCalls(pool, context.addresses_of(pool), credentials_for(context, pool), trust=trust)

    def fingerprints(self, stream: Stream, keys: Sequence[RecordKey]) -> list[bytes | None]:
        """Ask for some at a time."""
        told: list[bytes | None] = []
        for at in range(0, len(keys), MOST_RECORDS):
            rows = self._looked_up(stream, keys[at : at + MOST_RECORDS], values=False)
            told += [None if row["Fingerprint"] is None else bytes.fromhex(row["Fingerprint"]) for row in rows]
        return told

    def value(self, stream: Stream, key: RecordKey) -> bytes | None:
        """Ask for it."""
        (row,) = self._looked_up(stream, [key], values=True)
        return None if row["Value"] is None else base64.b64decode(row["Value"])

    def write(self, stream: Stream, module: Module, change: Change) -> CommittedDocument:
        """Have it committed there."""
        for digest in module.attachments(change):
            self._send_content(stream.home, change, digest)
        made = {"op": "delete", "owner": change.owner, "key": change.key}
        if change.value is not None:
            made |= {"op": "put", "value": base64.b64encode(change.value).decode("ascii")}
        answer = self._calls.post([*_path(stream), "transactions"], {"changes": [made]})
        return CommittedDocument.model_validate(answer)

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _looked_up(self, stream: Stream, keys: Sequence[RecordKey], *, values: bool) -> list[dict[str, str | None]]:
        places = [{"Owner": key.owner, "Key": key.key} for key in keys]
        answer = self._calls.post([*_path(stream), "lookup"], {"Records": places, "Values": values})
        rows: list[dict[str, str | None]] = answer["Records"]
        if len(rows) != len(keys):
            raise TwinpoolError(f"{self.pool} was asked for {len(keys)} records and told of {len(rows)}")
        return rows

    def _send_content(self, home: Home, change: Change, digest: Digest) -> None:
        path = ["v1", "homes", home, "content", digest]
        if self._calls.is_granted([*path, "hold"]):
            return
        try:
            with self._context.opened.content.open(digest) as file:
                self._calls.put(path, file)
        except ContentMissing as error:
            raise _gone(change, digest) from error


def _path(stream: Stream) -> list[str]:
    return ["v1", "homes", stream.home, "modules", stream.module]


def _gone(change: Change, digest: Digest) -> ContentGone:
    return ContentGone(f"file {change.key!r:.80} of {change.owner!r:.80} needs content {digest}, which is in no pool")
