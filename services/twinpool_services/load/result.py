"""What a run came to: tables and a summary, made from what was recorded and seen."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinpool.vocabulary.names import ModuleName
from twinpool_services.load.operations import NANO
from twinpool_services.load.recording import Record
from twinpool_services.load.shapes import Shape, offered_between
from twinpool_services.load.tables import Row, Tables
from twinpool_services.load.watching import Samples
from twinpool_services.measuring.observing import Seen
from twinpool_services.measuring.percentiles import distribution

MS = 1_000_000  #: nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that was recorded and seen."""

    shapes: Sequence[Shape]
    record: Record
    seen: Mapping[ModuleName, Sequence[Seen]]
    samples: Samples
    began_ns: int  #: monotonic
    ended_ns: int  #: since the load began: when the last operation was answered, or the run was stopped
    stopped: bool  #: before its end


def import_lags(run: Run) -> list[int | None]:
    """Return for each operation how long after it was due the partner had imported it, in nanoseconds.

    None for what failed, and for what had not been imported when the run ended.
    """
    record = run.record
    lags: list[int | None] = []
    reached = {module: [one.position for one in seen] for module, seen in run.seen.items()}
    for due, position, at in zip(record.due_ns, record.positions, record.module, strict=True):
        module = record.modules[at]
        found = bisect_left(reached[module], position) if position >= 0 else len(reached[module])
        if found == len(reached[module]):
            lags.append(None)
        else:
            lags.append(run.seen[module][found].at_ns - run.began_ns - due)
    return lags


def tables_of(run: Run) -> Tables:
    """Return all tables of a run."""
    lags = import_lags(run)
    samples = run.samples
    return Tables(
        {
            "operations": list(_operations(run.record, lags)),
            "timeline": _timeline(run, lags),
            "states": samples.states,  # type: ignore[dict-item] # rows as the schema has them
            "processes": samples.processes,  # type: ignore[dict-item] # likewise
            "queues": samples.queues,  # type: ignore[dict-item] # likewise
        }
    )


def summary_of(run: Run) -> dict[str, Any]:
    """Return what a run came to, as JSON can hold it."""
    record, lags = run.record, import_lags(run)
    written = [at - due for at, due, ok in _written(record) if ok]
    imported = [lag for lag in lags if lag is not None]
    seconds = max(run.ended_ns / NANO, 1e-9)
    offered = offered_between(run.shapes, 0.0, seconds)
    return {
        "stopped_early": run.stopped,
        "seconds": round(seconds, 3),
        "offered": round(offered),
        "answered": len(record),
        "written": len(written),
        "failed": len(record) - len(written),
        "failures": dict(record.failures),
        "not_sent": record.not_sent,
        "not_imported": len(written) - len(imported),
        "offered_per_s": round(offered / seconds, 2),
        "achieved_per_s": round(len(written) / seconds, 2),
        "write": _rounded(distribution(written)) if written else None,
        "lag": _rounded(distribution(imported)) if imported else None,
        "drain_s": _drain_seconds(run, lags),
        "states": _shares(run.samples),
        "front_ends": _costs(run.samples),
        "most_pending": _most_pending(run.samples),
        "most_waiting_in_queues": _deepest(run.samples),
    }


def _written(record: Record) -> Iterable[tuple[int, int, bool]]:
    ok = (position >= 0 for position in record.positions)
    return zip(record.answered_ns, record.due_ns, ok, strict=True)


def _operations(record: Record, lags: Sequence[int | None]) -> Iterable[Row]:
    columns = zip(record.module, record.due_ns, record.answered_ns, lags, record.positions, strict=True)
    for module, due, answered, lag, position in columns:
        yield {
            "module": record.modules[module],
            "due_s": due / NANO,
            "write_ms": (answered - due) / MS,
            "lag_ms": None if lag is None else lag / MS,
            "position": position if position >= 0 else None,
        }


def _timeline(run: Run, lags: Sequence[int | None]) -> list[Row]:
    """One row a second, as long as anything happened. Times of writes and lags stand where the change was due."""
    record = run.record
    write: defaultdict[int, list[int]] = defaultdict(list)
    lag: defaultdict[int, list[int]] = defaultdict(list)
    counts: dict[str, defaultdict[int, int]] = {name: defaultdict(int) for name in ("achieved", "imported", "failed")}
    for (answered, due, ok), late in zip(_written(record), lags, strict=True):
        counts["achieved" if ok else "failed"][answered // NANO] += 1
        if ok:
            write[due // NANO].append(answered - due)
        if late is not None:
            lag[due // NANO].append(late)
            counts["imported"][(due + late) // NANO] += 1
    last = max([0, *write, *lag, *(second for count in counts.values() for second in count)])
    return [
        {
            "at_s": float(second),
            "offered": round(offered_between(run.shapes, second, second + 1), 3),
            **{name: float(count[second]) for name, count in counts.items()},
            **_percentiles("write", write.get(second)),
            **_percentiles("lag", lag.get(second)),
        }
        for second in range(last + 1)
    ]


def _percentiles(name: str, times: Sequence[int] | None) -> Row:
    figures = distribution(times) if times else {}
    return {f"{name}_{each}_ms": figures.get(f"{each}_ms") for each in ("p50", "p90", "p99", "max")}


def _drain_seconds(run: Run, lags: Sequence[int | None]) -> float | None:
    """Return how long after the last answer the partner had everything; None if it never was seen to."""
    record = run.record
    ends = [due + lag for due, lag in zip(record.due_ns, lags, strict=True) if lag is not None]
    if not ends or any(lag is None and at >= 0 for lag, at in zip(lags, record.positions, strict=True)):
        return None
    return round(max(0, max(ends) - max(record.answered_ns)) / NANO, 3)


def _shares(samples: Samples) -> dict[str, dict[str, float]]:
    """Return by module which share of the samples showed which state."""
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in samples.states:
        found[str(row["module"])][str(row["state"])] += 1
    return {
        module: {state: round(count / sum(states.values()), 3) for state, count in sorted(states.items())}
        for module, states in sorted(found.items())
    }


def _most_pending(samples: Samples) -> dict[str, int]:
    """Return by module how many changes the partner lacked at most: what a disaster would have lost just then."""
    found: dict[str, int] = {}
    for row in samples.states:
        name = str(row["module"])
        found[name] = max(found.get(name, 0), int(str(row["pending"])))
    return dict(sorted(found.items()))


def _costs(samples: Samples) -> dict[str, dict[str, float]]:
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in samples.processes:
        found[str(row["front_end"])].append((float(str(row["cpu_percent"])), float(str(row["rss_mb"]))))
    return {
        name: {
            "cpu_percent_mean": round(sum(cpu for cpu, _ in seen) / len(seen), 1),
            "cpu_percent_max": max(cpu for cpu, _ in seen),
            "rss_mb_max": max(rss for _, rss in seen),
        }
        for name, seen in sorted(found.items())
    }


def _deepest(samples: Samples) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in samples.queues:
        name = str(row["queue"])
        found[name] = max(found.get(name, 0), int(str(row["ready"])))
    return dict(sorted(found.items()))


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in figures.items()}
