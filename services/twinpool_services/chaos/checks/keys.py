"""How the writes of one record follow each other. A record is written by one client, one write behind the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twinpool_services.chaos.history import FinalState, History, Operation, Outcome


@dataclass(slots=True)
class KeyStory:
    """The writes of one record, oldest first."""

    writes: list[Operation] = field(default_factory=list)

    @property
    def answered(self) -> list[Operation]:
        """Those that were answered."""
        return [one for one in self.writes if one.outcome is Outcome.OK]

    def last_answered(self, before: float = float("inf")) -> Operation | None:
        """Return the newest write that was answered before a time."""
        return next((one for one in reversed(self.answered) if one.completed < before), None)

    def at(self, position: int) -> Operation | None:
        """Return the newest answered write at or below a position."""
        return next((one for one in reversed(self.answered) if (one.position or 0) <= position), None)

    @property
    def is_certain(self) -> bool:
        """Whether it is known of every write whether it took effect."""
        return all(one.outcome is not Outcome.UNKNOWN for one in self.writes)

    def may_hold(self, number: int | None, since: Operation | None) -> bool:
        """Say whether a record may be as seen if everything up to `since` is there, and perhaps more.

        `number` is that of the operation that wrote what is seen; None: there is no record.
        """
        later = [one for one in self.writes if since is None or one.number > since.number]
        later = [one for one in later if one.outcome is not Outcome.FAILED]
        if number is None:
            return since is None or since.kind == "delete" or any(one.kind == "delete" for one in later)
        return number in {one.number for one in later} or (since is not None and number == since.number)


def stories(operations: Iterable[Operation]) -> Mapping[str, KeyStory]:
    """Sort the writes by record."""
    found: dict[str, KeyStory] = defaultdict(KeyStory)
    for one in sorted(operations, key=lambda one: one.number):
        for key in one.keys if one.is_write else ():
            found[key].writes.append(one)
    return found


def is_orphaned(operation: Operation, final: FinalState | None) -> bool:
    """Say whether an answered write lies past the fork at which a higher term began."""
    if final is None or operation.term is None or operation.position is None:
        return False
    return any(term > operation.term and position < operation.position for term, position in final.forks)


def final_of(history: History, home: str) -> FinalState | None:
    """Return what was there at the end; None if the run did not come to it."""
    return next((final for final in history.finals if final.home == home), None)
