"""The verdict: what the guarantees say about a history, and what the scenario expects besides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from twinpool_services.chaos.checks.keys import final_of, is_orphaned
from twinpool_services.chaos.checks.list_append import ListTransaction, check_lists
from twinpool_services.chaos.checks.prefixes import check_acknowledgements, check_final_states, check_prefixes
from twinpool_services.chaos.checks.serving import check_serving, check_unparted_serving, check_workers
from twinpool_services.chaos.checks.stores import check_stores
from twinpool_services.chaos.checks.violation import Violation
from twinpool_services.chaos.history import History, Operation, Outcome
from twinpool_services.chaos.scenario.model import FaultKind, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured. RPO is what clients were told of and the serving pool lacks; RTO the longest outage."""

    operations: int = 0
    answered: int = 0  #: writes
    refused: int = 0
    unknown: int = 0
    orphans: int = 0
    rpo_writes: int = 0
    rpo_seconds: float = 0.0  #: from the first write that is missing to the last
    outage: float = 0.0  #: seconds: the longest of all homes
    take_overs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a run."""

    scenario: str
    seed: int
    passed: bool
    violations: tuple[Violation, ...] = ()
    failures: tuple[str, ...] = ()  #: what kept the run from being what was planned
    skipped: str = ""  #: why it could not be run here
    figures: Figures = field(default_factory=Figures)
    seconds: float = 0.0
    directory: str = ""

    @property
    def word(self) -> str:
        """The verdict in a word."""
        if self.skipped:
            return "skipped"
        if self.violations:
            return "violated"
        return "passed" if self.passed else "failed"


def violations_of(history: History, scenario: Scenario) -> list[Violation]:
    """Return everything that must not be."""
    found = [*check_stores(history), *check_prefixes(history), *check_final_states(history)]
    found += check_acknowledgements(history)
    found += [*check_serving(history), *check_workers(history), *_lists(history)]
    if FaultKind.DISASTER not in scenario.kinds:
        found += check_unparted_serving(history)
    return found + list(_expectations(history, scenario))


def figures_of(history: History) -> Figures:
    """Measure a run."""
    writes = [one for one in history.operations if one.is_write]
    answered = [one for one in writes if one.outcome is Outcome.OK]
    missing = [one for one in answered if is_orphaned(one, final_of(history, one.home))]
    times = [one.completed for one in missing]
    return Figures(
        operations=len(history.operations),
        answered=len(answered),
        refused=sum(one.outcome is Outcome.FAILED for one in writes),
        unknown=sum(one.outcome is Outcome.UNKNOWN for one in writes),
        orphans=sum(len(final.orphans) for final in history.finals),
        rpo_writes=len(missing),
        rpo_seconds=round(max(times) - min(times), 3) if times else 0.0,
        outage=round(max((outage_of(history, home) for home in history.homes), default=0.0), 3),
        take_overs=take_overs_of(history),
    )


def outage_of(history: History, home: str) -> float:
    """Return the longest time without an answered write, seconds."""
    answered = sorted(one.completed for one in history.of_home(home) if one.is_write and one.outcome is Outcome.OK)
    end = max((one.completed for one in history.of_home(home)), default=0.0)
    return max((later - earlier for earlier, later in pairwise([0.0, *answered, end])), default=0.0)


def take_overs_of(history: History) -> int:
    """Count how often another front end of a pool became the active one."""
    count = 0
    for pool in {tenure.front_end.partition(".")[2] for tenure in history.tenures}:
        ordered = sorted(
            (one for one in history.tenures if one.front_end.partition(".")[2] == pool), key=lambda one: one.generation
        )
        count += sum(former.front_end != latter.front_end for former, latter in pairwise(ordered))
    return count


def _lists(history: History) -> Iterator[Violation]:
    for home in history.homes:
        final = final_of(history, home)
        if final is None:
            continue
        operations = history.of_home(home)
        gone = {number for _key, number in final.orphans}
        gone |= {one.number for one in operations if is_orphaned(one, final)}
        transactions = [_transaction(one, gone) for one in operations if one.kind in {"append", "read"}]
        yield from check_lists([one for one in transactions if one is not None], final.lists, frozenset(gone))


def _transaction(operation: Operation, gone: set[int]) -> ListTransaction | None:
    """Return what an operation did to lists; None where it saw or was what a disaster has left behind."""
    if operation.kind == "read":
        if any(gone.intersection(items) for items in operation.items.values()):
            return None
        return ListTransaction(name=operation.number, reads=operation.items)
    if operation.number in gone:
        return None
    return ListTransaction(
        name=operation.number,
        appends={key: items[-1:] for key, items in operation.items.items()},
        aborted=operation.outcome is Outcome.FAILED,
        unknown=operation.outcome is Outcome.UNKNOWN,
    )


def _expectations(history: History, scenario: Scenario) -> Iterator[Violation]:
    expect, figures = scenario.expect, figures_of(history)

    def unmet(message: str) -> Violation:
        return Violation(check="expectation", message=message)

    if figures.answered < expect.writes_at_least:
        yield unmet(f"{figures.answered} writes were answered, and {expect.writes_at_least} were expected")
    if figures.outage > expect.outage_at_most:
        yield unmet(f"for {figures.outage:.1f} s no write was answered; {expect.outage_at_most:g} s were allowed")
    if expect.orphans == "none" and figures.orphans:
        yield unmet(f"there are {figures.orphans} orphans")
    if expect.orphans == "some" and not figures.orphans:
        yield unmet("there are no orphans, and some were expected")
    if figures.take_overs < expect.take_overs_at_least:
        yield unmet(f"{figures.take_overs} take-overs, and {expect.take_overs_at_least} were expected")
    for home, pool in expect.served_by.items():
        final = final_of(history, home)
        if final is None or final.served_by != pool:
            yield unmet(f"{home} is served by {final.served_by if final else 'nobody'}, not by {pool}")


def worst(verdicts: tuple[Verdict, ...]) -> str:
    """Return the worst word of several verdicts."""
    order = ("violated", "failed", "passed", "skipped")
    return min((verdict.word for verdict in verdicts), key=order.index, default="passed")


__all__ = ["Figures", "Verdict", "figures_of", "outage_of", "take_overs_of", "violations_of", "worst"]
