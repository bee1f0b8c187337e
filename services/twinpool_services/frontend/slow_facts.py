"""What metrics tell of failovers, orphans and untrusted messages: read every half a minute. All of it blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from twinpool.failover.operation import Operation, Step
from twinpool.vocabulary.names import Home
from twinpool_services.backup import list_failovers, paired_homes, read_untrusted
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.orphan_reading import Wanted, read_page
from twinpool_services.telemetry import Facts, FailoverCount, OrphanCount

MOST_CLASSIFIED = 1_000  #: undecided orphans of a home that are judged


def read_slow_facts(context: Context) -> Facts:
    """Count all of that. Raises `StoreUnavailable`."""
    store = context.opened.store
    homes = [status.home for status in paired_homes(context.deployment, context.pool.fqdn, store.homes())]
    operations = list_failovers(store)
    return Facts(
        orphans=[_orphans(context, home) for home in homes],
        failovers=[each for home in homes for each in count_failovers(home, operations)],
        untrusted=untrusted.count if (untrusted := read_untrusted(store)) else 0,
    )


def count_failovers(home: Home, operations: Iterable[Operation]) -> list[FailoverCount]:
    """Count the operations of a home by kind and outcome; those under way are of no outcome."""
    groups: dict[tuple[str, str], list[Operation]] = {("", ""): []}
    for each in operations:
        if each.home == home:
            key = (each.kind.value, each.step.value) if each.has_ended else ("", "")
            groups.setdefault(key, []).append(each)
    return [
        FailoverCount(
            home=home,
            kind=kind,
            outcome=outcome,
            count=len(found),
            last_seconds=max(map(_ended_and_seconds, found), default=(0.0, 0.0))[1],
        )
        for (kind, outcome), found in groups.items()
    ]


def _ended_and_seconds(operation: Operation) -> tuple[float, float]:
    """Return when an operation ended, and how long it took."""
    began = operation.reached(Step.REQUESTED) or (operation.times[0][1] if operation.times else 0.0)
    ended = operation.times[-1][1] if operation.times else 0.0
    return ended, max(0.0, ended - began)


def _orphans(context: Context, home: Home) -> OrphanCount:
    store = context.opened.store
    total, undecided = store.count_orphans(home), store.count_orphans(home, undecided=True)
    return OrphanCount(
        home=home,
        total=total,
        undecided=undecided,
        by_classification=tuple(sorted(_classified(context, home).items())) if undecided else (),
    )


def _classified(context: Context, home: Home) -> Counter[str]:
    """Ask the serving pool what it would mean to replay them; `unknown` while it cannot be asked."""
    wanted = Wanted(after=0, limit=MOST_CLASSIFIED, home=home, module=None, undecided=True, classification=None)
    page = read_page(context, wanted)
    return Counter(each.classification or "unknown" for each in page.orphans)
