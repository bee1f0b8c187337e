"""A disaster failover, played on a copy of the store that nobody else uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from twinpool.content.store import ContentStore
from twinpool.failover.plan import LossPlan
from twinpool.modules.module import Module
from twinpool.modules.registry import Modules
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey, Transaction
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, Generation, Home, ModuleName, Stream, Term
from twinpool.wire import encode_changes
from twinpool_services.backup.drill.probes import probe
from twinpool_services.backup.failover.wishes import plan_failover

DRILLER = FrontEndName("drill")
_LEASE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal has shown."""

    home: Home
    term: Term  #: in which the copy served
    plan: LossPlan  #: what a disaster failover would have lost at this moment
    records: dict[ModuleName, int]
    complaints: tuple[str, ...]  #: empty if the pool could have served
    seconds: dict[str, float]  #: how long it took until the copy was promoted, probed, written


def rehearse(
    copy: Store,
    deployment: Deployment,
    modules: Modules,
    home: Home,
    content: ContentStore,
    *,
    breathe: Callable[[], None] = lambda: None,
) -> Rehearsed:
    """Promote a copy of a pool's store and try it. It must be a throw-away one: its roles and records change.

    `breathe` is called between pages of records. Raises what it raises, and `NotFound`, `AlreadyServed`,
    `NoBackupPool`, `StoreUnavailable`.
    """
    laps = _Laps()
    plan = plan_failover(copy, deployment, modules, home)
    served = [module for module in modules if module.category.is_cms == (home == CMS_HOME)]
    term = _promote(copy, home, served)
    laps.note("promoted")
    probed = {each.name: probe(each, copy, Stream(home, each.name), content, breathe) for each in served}
    laps.note("probed")
    complaints = [each for _, told in probed.values() for each in told]
    for module in served:
        complaints += _write_canary(copy, Stream(home, module.name), term)
    laps.note("written")
    return Rehearsed(
        home=home,
        term=term,
        plan=plan,
        records={name: count for name, (count, _) in probed.items()},
        complaints=tuple(complaints),
        seconds=laps.seconds,
    )


class _Laps:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since = clock, clock()
        self.seconds: dict[str, float] = {}

    def note(self, step: str) -> None:
        now = self._clock()
        self.seconds[step], self._since = now - self._since, now


def _promote(copy: Store, home: Home, served: list[Module]) -> Term:
    """Take the home over as a disaster would, under a lease of the copy alone."""
    if (lease := copy.current_lease()) is not None:
        copy.release_lease(lease)  # it was copied too; its holder keeps that of the production store
    generation: Generation = copy.acquire_lease(DRILLER, _LEASE).generation
    known = next(each for each in copy.homes() if each.home == home)
    term = Term(known.term + 1)
    copy.take_over(home, [module.name for module in served], term=term, generation=generation)
    return term


def _write_canary(copy: Store, stream: Stream, term: Term) -> list[str]:
    """Write one record again as it is, or a new one if there is none, and read it back."""
    found = copy.scan(stream, after=None, limit=1)
    canary = found[0] if found else Record("drill", "canary", b"canary")
    change = Change(*canary)
    (outcome,) = copy.write([Transaction(stream=stream, changes=(change,), payload=encode_changes((change,)))])
    if isinstance(outcome, Exception):
        return [f"{stream.module}: a canary write was refused: {outcome}"]
    if outcome.term != term or copy.read(stream, RecordKey(canary.owner, canary.key)) != canary.value:
        return [f"{stream.module}: a canary write did not read back in term {term}"]
    return []


__all__ = ["Rehearsed", "rehearse"]
