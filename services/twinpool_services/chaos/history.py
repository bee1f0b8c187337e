"""What was done and seen in a run, as values, and the file that keeps them: one JSON object a line."""

from __future__ import annotations

import enum
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

from twinpool.errors import InvalidConfiguration

FILE = "history.jsonl"


class Outcome(enum.StrEnum):
    """What a client knows of an operation."""

    OK = "ok"
    FAILED = "failed"  #: it was refused, and has no effect
    UNKNOWN = "unknown"  #: no answer, or one that leaves it open


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a client. Times are seconds from the start of the run."""

    number: int  #: unique in the run; every value written names the operation that wrote it
    client: str
    home: str
    kind: str  #: put, delete, append, read
    keys: tuple[str, ...]  #: records that it writes or reads, `owner/key`
    pool: str  #: asked
    front_end: str
    invoked: float
    completed: float
    outcome: Outcome
    term: int | None = None  #: of an answered write
    position: int | None = None
    items: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  #: lists as they were written, or read
    reason: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.kind != "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSample:
    """What was seen of a pool at one moment. `None` for what nobody told."""

    pool: str
    export: Mapping[str, str] | None  #: module → export state, asked before anything else was read
    pending: int | None
    holder: str | None  #: of the lease
    generation: int | None
    serves: Mapping[str, int]  #: home → term, of the homes that the pool serves by its own durable knowledge
    records: Mapping[str, Mapping[str, int]]  #: home → `owner/key` → number of the operation that wrote it
    sessions: Mapping[str, tuple[int, int, int]]  #: home → newest session noted
    cursors: Mapping[str, tuple[int, int]]  #: home → term and position of the import cursor
    acknowledged: Mapping[str, int] = field(default_factory=dict)  #: home → by its own ledger, read before any cursor
    repairing: tuple[str, ...] = ()  #: homes whose records wait for repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen of all pools, one behind the other."""

    asked: float  #: when the states were asked for; the stores were read after that
    ended: float
    pools: tuple[PoolSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpan:
    """A fault as it was carried out."""

    fault: str
    kind: str
    began: float
    ended: float
    said: str = ""  #: what became of it, or why it could not be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A front end's time as the active one, by its own log. Times are of the run."""

    front_end: str
    generation: int
    began: float
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    """What the stores hold at the end, all faults taken back and nothing pending."""

    home: str
    served_by: str
    term: int
    records: Mapping[str, Mapping[str, int]]  #: pool → `owner/key` → operation
    lists: Mapping[str, tuple[int, ...]]  #: of the serving pool
    orphans: tuple[tuple[str, int], ...]  #: key and operation
    forks: tuple[tuple[int, int], ...] = ()  #: term and position at which it began


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything of a run."""

    scenario: str
    seed: int
    operations: tuple[Operation, ...] = ()
    samples: tuple[Sample, ...] = ()
    faults: tuple[FaultSpan, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    finals: tuple[FinalState, ...] = ()

    def of_home(self, home: str) -> list[Operation]:
        """Return the operations on a home, in the order of their numbers."""
        return sorted((one for one in self.operations if one.home == home), key=lambda one: one.number)

    @property
    def homes(self) -> tuple[str, ...]:
        """The homes that were written to."""
        return tuple(sorted({one.home for one in self.operations}))


KINDS: Mapping[str, type[Any]] = {
    "operation": Operation,
    "sample": Sample,
    "fault": FaultSpan,
    "tenure": Tenure,
    "final": FinalState,
}


class HistoryWriter:
    """Writes a history as it happens. Safe to use from many threads."""

    def __init__(self, directory: Path, *, scenario: str, seed: int) -> None:
        """Begin a file."""
        directory.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = (directory / FILE).open("w", encoding="utf-8")
        self._guard = threading.Lock()
        self._line({"type": "run", "scenario": scenario, "seed": seed})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def note(self, one: Operation | Sample | FaultSpan | Tenure | FinalState) -> None:
        """Add something."""
        kind = next(name for name, type_ in KINDS.items() if isinstance(one, type_))
        self._line({"type": kind, **asdict(one)})

    def _line(self, document: Mapping[str, Any]) -> None:
        text = json.dumps(document, separators=(",", ":"))
        with self._guard:
            self._file.write(text + "\n")


def read_history(directory: Path) -> History:
    """Read a history back. Raises `InvalidConfiguration` if it is none."""
    path = directory / FILE
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        return _history(lines)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidConfiguration(f"{path} is not the history of a run: {error}") from error


def _history(lines: Iterable[dict[str, Any]]) -> History:
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    head: dict[str, Any] = {}
    for line in lines:
        kind = line.pop("type")
        if kind == "run":
            head = line
        else:
            found[kind].append(_READERS[kind](line))
    return History(
        scenario=head["scenario"],
        seed=head["seed"],
        operations=tuple(found["operation"]),
        samples=tuple(found["sample"]),
        faults=tuple(found["fault"]),
        tenures=tuple(found["tenure"]),
        finals=tuple(found["final"]),
    )


def _operation(line: dict[str, Any]) -> Operation:
    items = {key: tuple(value) for key, value in line["items"].items()}
    return Operation(**{**line, "keys": tuple(line["keys"]), "items": items, "outcome": Outcome(line["outcome"])})


def _sample(line: dict[str, Any]) -> Sample:
    return Sample(asked=line["asked"], ended=line["ended"], pools=tuple(map(_pool, line["pools"])))


def _pool(line: dict[str, Any]) -> PoolSample:
    sessions = {home: tuple(one) for home, one in line["sessions"].items()}
    cursors = {home: tuple(one) for home, one in line["cursors"].items()}
    return PoolSample(**{**line, "sessions": sessions, "cursors": cursors, "repairing": tuple(line["repairing"])})


def _final(line: dict[str, Any]) -> FinalState:
    lists = {key: tuple(value) for key, value in line["lists"].items()}
    orphans = tuple((key, number) for key, number in line["orphans"])
    forks = tuple((term, position) for term, position in line["forks"])
    return FinalState(**{**line, "lists": lists, "orphans": orphans, "forks": forks})


_READERS: Mapping[str, Any] = {
    "operation": _operation,
    "sample": _sample,
    "fault": lambda line: FaultSpan(**line),
    "tenure": lambda line: Tenure(**line),
    "final": _final,
}
