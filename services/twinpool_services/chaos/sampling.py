"""Looks at the pools while a run goes on: the states that they report, then what their stores hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from twinpool.errors import TwinpoolError
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Route, Stream
from twinpool_services.chaos.history import FinalState, PoolSample, Sample
from twinpool_services.chaos.stage import Stage

PRESENCE = ModuleName("UserServices.PresenceFocus")
EVERY = 0.7  #: seconds
MOST = 1_000_000  #: records, more than any run writes


class Sampler(threading.Thread):
    """Takes samples until it is finished."""

    def __init__(
        self,
        stage: Stage,
        run: str,
        homes: tuple[str, ...],
        clock: Callable[[], float],
        note: Callable[[Sample], None],
    ) -> None:
        """Prepare; `run` is what the owners' names begin with."""
        super().__init__(name="sampler", daemon=True)
        self._stage, self._run, self._homes, self._clock, self._note = stage, run, homes, clock, note
        self._ending = threading.Event()
        self._stores: dict[str, Store] = {}

    def run(self) -> None:
        """Take one sample behind the other."""
        try:
            while not self._ending.wait(EVERY):
                self._note(self._sample())
        finally:
            for store in self._stores.values():
                store.close()

    def finish(self) -> None:
        """Stop."""
        self._ending.set()
        self.join()

    def _sample(self) -> Sample:
        asked = self._clock()
        # All that pools say is asked before any store is read: what they call final has to be there by then.
        said = {
            pool.fqdn: self._stage.watcher.status_of(pool.fqdn, self._stage.living(pool.fqdn))
            for pool in self._stage.pools
        }
        # What they have noted as acknowledged, too, has to be there by then.
        acknowledged = {fqdn: self._look(fqdn, partial(_acknowledged, self._stage, fqdn, self._homes)) for fqdn in said}
        pools = tuple(
            replace(self._pool(fqdn, status), acknowledged=acknowledged[fqdn]) for fqdn, status in said.items()
        )
        return Sample(asked=asked, ended=self._clock(), pools=pools)

    def _pool(self, fqdn: str, status: Mapping[str, object] | None) -> PoolSample:
        rows = status["BackupModules"] if status is not None else None
        listed = rows if isinstance(rows, list) else []
        told: dict[str, Any] = {
            "export": {row["Identity"]: row["ExportStatus"] for row in listed} if status is not None else None,
            "pending": sum(row["PendingChanges"] for row in listed) if status is not None else None,
        }
        seen = self._read(fqdn)
        return PoolSample(pool=fqdn, **{**EMPTY, **told, **seen})

    def _read(self, fqdn: str) -> Mapping[str, Any]:
        return self._look(fqdn, partial(_seen, fqdn, self._run, self._homes))

    def _look(self, fqdn: str, look: Callable[[Store], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Read something of a store; nothing if it is broken at this moment."""
        try:
            if fqdn not in self._stores:
                self._stores[fqdn] = self._stage.open_store(fqdn)
            return look(self._stores[fqdn])
        except TwinpoolError:
            return {}


EMPTY: Mapping[str, Any] = {
    "holder": None,
    "generation": None,
    "serves": {},
    "records": {},
    "sessions": {},
    "cursors": {},
    "repairing": (),
}


def _seen(fqdn: str, run: str, homes: tuple[str, ...], store: Store) -> Mapping[str, Any]:
    known = {status.home for status in store.homes()}
    streams = {home: Stream(Home(home), PRESENCE) for home in homes if home in known}
    lease = store.current_lease()
    serves = _serves(store, fqdn)
    progress = {home: store.import_progress(stream) for home, stream in streams.items()}
    repairing = tuple(home for home, stream in streams.items() if store.repairs(stream, limit=1))
    records = {home: _records(store, stream, run) for home, stream in streams.items()}
    # A pool that came to serve while we looked is taken for one that served all along, and judged by less.
    return {
        "holder": lease.holder if lease else None,
        "generation": lease.generation if lease else None,
        "serves": {**serves, **_serves(store, fqdn)},
        "records": records,
        "sessions": {home: tuple(one.session) for home, one in progress.items()},
        "cursors": {home: tuple(one.cursor) for home, one in progress.items() if one.cursor},
        "repairing": repairing,
    }


def _acknowledged(stage: Stage, fqdn: str, homes: tuple[str, ...], store: Store) -> Mapping[str, int]:
    """Return how far the partner has acknowledged the homes that a pool serves, by the pool's own ledger."""
    partner = stage.lab.deployment.partner_of(fqdn)
    served = [home for home in homes if partner is not None and home in _serves(store, fqdn)]
    routes = {home: Route(Stream(Home(home), PRESENCE), PoolFqdn(str(partner))) for home in served}
    return {home: int(store.export_ledger(route).acknowledged) for home, route in routes.items()}


def _serves(store: Store, fqdn: str) -> dict[str, int]:
    return {str(one.home): int(one.term) for one in store.homes() if one.serving_pool == fqdn}


def _records(store: Store, stream: Stream, run: str) -> dict[str, int]:
    """Return who wrote what lies there of a run, all of one moment: the run's owners are the last ones."""
    found = store.scan(stream, after=RecordKey(run, ""), limit=MOST)
    return {f"{one.owner}/{one.key}": writer_of(one.value) for one in found if one.owner.startswith(run)}


def writer_of(value: bytes) -> int:
    """Return the number of the operation that wrote a value; -1 if none of ours did."""
    try:
        return int(json.loads(value)["op"])
    except (ValueError, KeyError, TypeError):
        return -1


class Ground(Protocol):
    """Where a run has taken place, as far as its end is read: a stage, or a lab of containers."""

    def serving(self, home: str) -> str | None:
        """Return who serves a home, if both pools of the pair say the same."""

    def pair_of(self, home: str) -> tuple[str, str]:
        """Return the pools that may serve a home: its own, and the backup pool."""

    def open_store(self, fqdn: str) -> Store:
        """Open the store of a pool beside its front ends."""


def read_final(stage: Ground, home: str, run: str) -> FinalState:
    """Read what both stores hold at the end. Raises `StoreUnavailable`."""
    stream = Stream(Home(home), PRESENCE)
    served_by = stage.serving(home) or home
    records: dict[str, dict[str, int]] = {}
    orphans: list[tuple[str, int]] = []
    lists: dict[str, tuple[int, ...]] = {}
    forks: set[tuple[int, int]] = set()
    term = 0
    for pool in stage.pair_of(home):
        with closing(stage.open_store(pool)) as store:
            found = [
                one for one in store.scan(stream, after=RecordKey(run, ""), limit=MOST) if one.owner.startswith(run)
            ]
            records[pool] = {f"{one.owner}/{one.key}": writer_of(one.value) for one in found}
            orphans += _orphans(store, stream, run)
            forks |= {
                (int(one.term), int(one.position)) for one in store.history(stream.home) if one.module == PRESENCE
            }
            if pool == served_by:
                lists = dict(_lists(found))
                term = max((int(one.term) for one in store.homes() if one.home == home), default=0)
    return FinalState(
        home=home,
        served_by=served_by,
        term=term,
        records=records,
        lists=lists,
        orphans=tuple(sorted(set(orphans))),
        forks=tuple(sorted(forks)),
    )


def _orphans(store: Store, stream: Stream, run: str) -> list[tuple[str, int]]:
    found = store.orphans(home=stream.home, limit=MOST)
    return [
        (f"{one.change.owner}/{one.change.key}", writer_of(one.change.value))
        for one in found
        if one.change.owner.startswith(run) and one.change.value is not None and one.stream == stream
    ]


def _lists(found: list[Record]) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (f"{one.owner}/{one.key}", tuple(json.loads(one.value).get("items", ())))
        for one in found
        if one.key.startswith("list")
    ]
