"""The row that an orphan is kept in."""

from __future__ import annotations

from typing import Any

from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Home, Instant, ModuleName, Position, Stream, Term
from twinpool.vocabulary.orphan import Decision, Orphan, Verdict


def orphan_of(row: tuple[Any, ...]) -> Orphan:
    """Read a row of the statements `orphan`, `orphans` and `orphans_of_home`."""
    number, home, module, term, position, committed_at, owner, key, value, *verdict = row
    return Orphan(
        number=number,
        stream=Stream(Home(home), ModuleName(module)),
        term=Term(term),
        position=None if position is None else Position(position),
        committed_at=None if committed_at is None else Instant(committed_at),
        change=Change(owner, key, value),
        verdict=_verdict(*verdict),
    )


def _verdict(decision: str | None, by: str, at: float, note: str) -> Verdict | None:
    if decision is None:
        return None
    return Verdict(decision=Decision(decision), by=by, at=Instant(at), note=note)


__all__ = ["orphan_of"]
