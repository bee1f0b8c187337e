"""Two ways to write: through the front ends by HTTP, or straight into the pool store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from urllib.parse import quote

import httpx

from twinpool.content.store import ContentStore
from twinpool.errors import TwinpoolError
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.data_conf import DataConf, FileEntry, encode_entry
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import PoolFqdn
from twinpool.wire import encode_changes
from twinpool_services.load.operations import Operation
from twinpool_services.load.places import Places

NOT_WRITTEN = -1
ANSWER = httpx.Timeout(30.0, connect=2.0)
TOGETHER = 256  #: changes that share a commit, as in a front end
BINARY = "application/octet-stream"


class Outcome(NamedTuple):
    """What became of one operation."""

    position: int  #: `NOT_WRITTEN` if it failed
    why: str = ""


class Hand(Protocol):
    """Writes; for one thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def write(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Write some operations and return once they are durable, or have failed."""


class Driver(Protocol):
    """A way to write."""

    workers: int  #: threads that write, each with a hand of its own
    together: int  #: operations that a hand takes at a time

    def hand(self, nth: int) -> Hand:
        """Open a hand for one thread."""


class ThroughHttp:
    """Each operation is a request to a front end of the pool that serves."""

    together = 1

    def __init__(self, places: Places, workers: int) -> None:
        self._places, self.workers = places, workers

    def hand(self, nth: int) -> Hand:
        """Open a client that begins with the nth front end."""
        return _HttpHand(self._places, nth)


class _HttpHand:
    def __init__(self, places: Places, nth: int) -> None:
        self._places, self._at = places, nth
        self._http = places.http()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def write(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Write one after the other."""
        return [self._write(operation) for operation in operations]

    def _write(self, operation: Operation) -> Outcome:
        front_ends = self._places.writes_to(operation.module).front_ends
        address = front_ends[self._at % len(front_ends)].address
        kind = "application/json" if operation.module == CmsMaster.name else BINARY
        try:
            answer = self._http.put(
                address + path_of(self._places.home, operation),
                content=operation.change.value,
                headers={"Content-Type": kind},
            )
        except httpx.HTTPError as error:
            self._at += 1  # The next one may still answer.
            return Outcome(NOT_WRITTEN, type(error).__name__)
        if answer.is_success:
            return Outcome(int(answer.json()["Position"]))
        self._at += answer.is_server_error
        return Outcome(NOT_WRITTEN, f"HTTP {answer.status_code}")


def path_of(home: str, operation: Operation) -> str:
    """Return where an operation is written to, by HTTP."""
    owner, key = quote(operation.change.owner, safe=""), quote(operation.change.key, safe="")
    if operation.module == DataConf.name:
        return f"/v1/homes/{home}/conferences/{owner}/files/{key}"
    if operation.module == CmsMaster.name:
        return f"/v1/cms/documents/{owner}/{key}"
    return f"/v1/homes/{home}/modules/{operation.module}/records/{owner}/{key}"


class ThroughStore:
    """What is due goes into the pool store together, from one thread, as a front end's commits do."""

    workers = 1
    together = TOGETHER

    def __init__(self, places: Places) -> None:
        self._places = places

    def hand(self, nth: int) -> Hand:  # noqa: ARG002 - as the protocol has it
        """Open the stores. Raises `StoreUnavailable`."""
        return _StoreHand(self._places)


class _StoreHand:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._stores: dict[PoolFqdn, Store] = {}
        self._content = ContentStore(places.serving.content)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.close()

    def write(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Write what goes into one store together."""
        outcomes: dict[int, Outcome] = {}
        for pool in {self._places.writes_to(one.module).fqdn for one in operations}:
            group = [one for one in operations if self._places.writes_to(one.module).fqdn == pool]
            said = self._write(self._store_of(self._places.writes_to(group[0].module)), group)
            outcomes |= {one.number: outcome for one, outcome in zip(group, said, strict=True)}
        return [outcomes[one.number] for one in operations]

    def _write(self, store: Store, group: Sequence[Operation]) -> Sequence[Outcome]:
        try:
            return [
                Outcome(NOT_WRITTEN, type(one).__name__) if isinstance(one, TwinpoolError) else Outcome(one.position)
                for one in store.write([self._transaction(store, operation) for operation in group])
            ]
        except TwinpoolError as error:
            return [Outcome(NOT_WRITTEN, type(error).__name__)] * len(group)

    def _transaction(self, store: Store, operation: Operation) -> Transaction:
        change = operation.change
        if operation.module == DataConf.name:
            change = self._stored(store, change)
        return Transaction(
            stream=self._places.stream(operation.module), changes=(change,), payload=encode_changes((change,))
        )

    def _stored(self, store: Store, change: Change) -> Change:
        """Store a file's content, and return the change that names it."""
        with self._content.incoming() as incoming:
            incoming.write(change.value or b"")
            stored = incoming.keep()
        entry = FileEntry(digest=stored.digest, size=stored.size, content_type=BINARY, modified_at=store.now())
        return Change(change.owner, change.key, encode_entry(entry))

    def _store_of(self, pool: Pool) -> Store:
        if pool.fqdn not in self._stores:
            store = open_store(pool.store, pool.fqdn)
            self._closing.callback(store.close)
            self._stores[pool.fqdn] = store
        return self._stores[pool.fqdn]
