"""Lists that are only appended to, checked as Elle does (Kingsbury and Alvaro, 2020).

Each element is appended once, so a list that is read tells in which order the transactions came that had appended to
it. From all reads together follows the order of versions of each list; from that, who must have come before whom
(ww: wrote the version that the other overwrote; wr: wrote what the other read; rw: read what the other overwrote).
A cycle in that is an anomaly.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from twinpool_services.chaos.checks.violation import Violation


class Dependency(enum.StrEnum):
    """Why one transaction comes before another."""

    WW = "ww"
    WR = "wr"
    RW = "rw"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTransaction:
    """What one transaction did to lists."""

    name: int
    appends: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  #: list → elements, in order
    reads: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    aborted: bool = False  #: it was refused
    unknown: bool = False


def check_lists(
    transactions: Sequence[ListTransaction], final: Mapping[str, tuple[int, ...]], excused: frozenset[int] = frozenset()
) -> Iterator[Violation]:
    """Find all anomalies; `final` are the lists at the end, `excused` are elements that need not be there."""
    yield from _duplicates(transactions, final)
    yield from _aborted_reads(transactions, final)
    yield from _intermediate_reads(transactions)
    versions, disorder = version_orders([*_reads(transactions), *final.items()])
    yield from disorder
    yield from _lost(transactions, final, excused)
    if not disorder:
        yield from _cycles(transactions, versions)


def version_orders(
    reads: Iterable[tuple[str, tuple[int, ...]]],
) -> tuple[Mapping[str, tuple[int, ...]], list[Violation]]:
    """Return the longest version of each list, and the reads that are no beginning of it.

    >>> version_orders([("x", (1,)), ("x", (1, 2))])
    ({'x': (1, 2)}, [])
    """
    longest: dict[str, tuple[int, ...]] = {}
    seen = list(reads)
    for key, items in seen:
        if len(items) > len(longest.get(key, ())):
            longest[key] = items
    wrong = [
        Violation(
            check="incompatible order",
            message=f"{key} was read as {list(items)}, which is no beginning of {list(longest[key])}",
        )
        for key, items in seen
        if items and longest[key][: len(items)] != items
    ]
    return longest, wrong[:1]


def _reads(transactions: Sequence[ListTransaction]) -> Iterator[tuple[str, tuple[int, ...]]]:
    return ((key, items) for one in transactions for key, items in one.reads.items())


def _duplicates(transactions: Sequence[ListTransaction], final: Mapping[str, tuple[int, ...]]) -> Iterator[Violation]:
    for key, items in [*_reads(transactions), *final.items()]:
        doubled = sorted({item for item in items if items.count(item) > 1})
        if doubled:
            yield Violation(check="duplicated effect", message=f"{key} holds {doubled[0]} twice: {list(items)}")
            return


def _aborted_reads(
    transactions: Sequence[ListTransaction], final: Mapping[str, tuple[int, ...]]
) -> Iterator[Violation]:
    """G1a: something that was refused is seen."""
    aborted = {item: one for one in transactions if one.aborted for items in one.appends.values() for item in items}
    for key, items in [*_reads(transactions), *final.items()]:
        for item in items:
            if item in aborted:
                name = aborted[item].name
                yield Violation(check="G1a", message=f"{key} holds {item} of transaction {name}, which was refused")
                return


def _intermediate_reads(transactions: Sequence[ListTransaction]) -> Iterator[Violation]:
    """G1b: a read ends amid the appends of one transaction to one list."""
    inner = {(key, item): one for one in transactions for key, items in one.appends.items() for item in items[:-1]}
    for key, items in _reads(transactions):
        if items and (key, items[-1]) in inner:
            name = inner[key, items[-1]].name
            yield Violation(
                check="G1b", message=f"{key} was read as {list(items)}, in the middle of transaction {name}"
            )
            return


def _lost(
    transactions: Sequence[ListTransaction], final: Mapping[str, tuple[int, ...]], excused: frozenset[int]
) -> Iterator[Violation]:
    for one in transactions:
        if one.aborted or one.unknown:
            continue
        for key, items in one.appends.items():
            missing = [item for item in items if item not in final.get(key, ()) and item not in excused]
            if missing and key in final:
                yield Violation(
                    check="lost append",
                    message=f"{missing[0]} was appended to {key} by transaction {one.name} and answered, and the list "
                    f"is {list(final[key])}",
                )
                return


# ── cycles ──────────────────────────────────────────────────────────────────────────────────────────────────────

Graph = dict[int, dict[int, tuple[Dependency, str]]]


def dependencies(transactions: Sequence[ListTransaction], versions: Mapping[str, tuple[int, ...]]) -> Graph:
    """Return who must have come before whom, and why."""
    writers = {(key, item): one.name for one in transactions for key, items in one.appends.items() for item in items}
    graph: Graph = defaultdict(dict)

    def add(first: int | None, second: int | None, why: Dependency, key: str) -> None:
        if first is not None and second is not None and first != second:
            graph[first].setdefault(second, (why, key))

    for key, items in versions.items():
        for former, latter in pairwise(items):
            add(writers.get((key, former)), writers.get((key, latter)), Dependency.WW, key)
    for one in transactions:
        for key, items in one.reads.items():
            if items:
                add(writers.get((key, items[-1])), one.name, Dependency.WR, key)
            following = versions.get(key, ())[len(items) : len(items) + 1]
            if following:
                add(one.name, writers.get((key, following[0])), Dependency.RW, key)
    return graph


def _cycles(transactions: Sequence[ListTransaction], versions: Mapping[str, tuple[int, ...]]) -> Iterator[Violation]:
    graph = dependencies(transactions, versions)
    for allowed, name in (
        ({Dependency.WW}, "G0"),
        ({Dependency.WW, Dependency.WR}, "G1c"),
        (set(Dependency), "G-single"),
    ):
        cycle = shortest_cycle(graph, allowed)
        if cycle:
            anti = sum(graph[first][second][0] is Dependency.RW for first, second in pairwise(cycle))
            yield Violation(
                check="G2" if anti > 1 else name,
                message=" → ".join(
                    f"{first} ({graph[first][second][0]} {graph[first][second][1]})"
                    for first, second in pairwise(cycle)
                )
                + f" → {cycle[-1]}",
            )
            return


def shortest_cycle(graph: Mapping[int, Mapping[int, tuple[Dependency, str]]], allowed: set[Dependency]) -> list[int]:
    """Return the shortest cycle over dependencies of these kinds, the first node again at its end; empty if none."""
    best: list[int] = []
    for start in graph:
        paths = [[start]]
        reached: set[int] = set()
        while paths and not (best and len(paths[0]) >= len(best)):
            path = paths.pop(0)
            for following, (why, _key) in graph.get(path[-1], {}).items():
                if why not in allowed:
                    continue
                if following == start:
                    best = [*path, start]
                    paths.clear()
                    break
                if following not in reached:
                    reached.add(following)
                    paths.append([*path, following])
    return best
