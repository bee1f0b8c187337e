"""A verification as it is kept in the pool store: what was asked for, how far it is, and what it found."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn

CURRENT = "verification"  #: name of the document that names the newest one
PREFIX = f"{CURRENT}/"
MOST_NAMED = 200  #: records that a document names; all are counted
LONGEST_NAMED = 200  #: characters of an owner or key that it shows


def document_name(identity: str) -> str:
    """Return the name of the document of a verification."""
    return PREFIX + identity


class Progress(enum.StrEnum):
    """How far a verification, or its part about one module, is."""

    REQUESTED = "Requested"
    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"  #: it could not be verified; the reason says why


class What(enum.StrEnum):
    """What is wrong with a record."""

    MISSING = "Missing"  #: not at the backup pool
    EXTRA = "Extra"  #: only at the backup pool
    DIFFERENT = "Different"  #: another value there
    CONTENT = "Content"  #: its file is missing or damaged at the backup pool
    OWN_CONTENT = "OwnContent"  #: its file is missing or damaged at the serving pool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDifference:
    """One record that is not as it should be."""

    owner: str
    key: str
    what: What


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleVerification:
    """What was found in one module of one home."""

    home: Home
    module: ModuleName
    progress: Progress = Progress.REQUESTED
    reason: str = ""  #: why it failed, or what could not be repaired
    records: int = 0  #: of the serving pool when it began, by which progress is judged
    compared: int = 0  #: records of the serving pool that were compared; what changed meanwhile is not among them
    files: int = 0  #: whose content was read at the backup pool
    found: Mapping[What, int] | None = None  #: how many of each kind
    differences: tuple[NamedDifference, ...] = ()  #: the first of them
    resent: int = 0  #: records that were sent again
    resent_bytes: int = 0  #: of keys and values
    fetched: int = 0  #: files that the serving pool has fetched back
    remaining: int = 0  #: differences that are still there
    exchanged_bytes: int = 0  #: of the messages that both sides sent to compare
    seconds: float = 0.0

    @property
    def differing(self) -> int:
        """How many differences were found."""
        return sum((self.found or {}).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One verification of a pool against its backup pool."""

    identity: str
    pool: PoolFqdn
    backup_pool: PoolFqdn
    modules: tuple[ModuleVerification, ...]
    resync: bool  #: send again what differs
    suppress_multi_master: bool  #: do not report that both pools serve
    requested_at: Instant
    progress: Progress = Progress.REQUESTED
    begun_at: Instant | None = None
    ended_at: Instant | None = None
    multi_master: tuple[Home, ...] = ()  #: homes that both pools believe they serve
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.progress in {Progress.DONE, Progress.FAILED}

    @property
    def is_clean(self) -> bool:
        """Whether it is over, everything was compared, and nothing differs (any more)."""
        return (
            self.progress is Progress.DONE
            and not self.multi_master
            and all(one.progress is Progress.DONE and one.remaining == 0 for one in self.modules)
        )


def write_verification(verification: Verification) -> bytes:
    """Write it down."""
    return json.dumps(asdict(verification), separators=(",", ":")).encode()


def read_verification(document: bytes) -> Verification:
    """Read what `write_verification` wrote. Raises `ValueError`."""
    try:
        given: dict[str, Any] = json.loads(document)
        modules = tuple(_module(each) for each in given.pop("modules"))
        return Verification(
            **{
                **given,
                "modules": modules,
                "progress": Progress(given["progress"]),
                "multi_master": tuple(given["multi_master"]),
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no document of a verification: {error!r}") from error


def _module(given: dict[str, Any]) -> ModuleVerification:
    differences = tuple(NamedDifference(**{**each, "what": What(each["what"])}) for each in given["differences"])
    found = {What(what): number for what, number in (given["found"] or {}).items()}
    progress = Progress(given["progress"])
    return ModuleVerification(**{**given, "progress": progress, "found": found, "differences": differences})


class Findings:
    """Counts what is found in a module, and names the first of it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.counts: Counter[What] = Counter()
        self.named: list[NamedDifference] = []

    def add(self, owner: str, key: str, what: What) -> None:
        """Take one."""
        self.counts[what] += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(NamedDifference(owner=owner[:LONGEST_NAMED], key=key[:LONGEST_NAMED], what=what))
