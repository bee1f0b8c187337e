"""The row that an orphan is kept in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Home, Instant, ModuleName, Position, Stream, Term
from twinpool.vocabulary.orphan import Decision, Orphan, SinceFork, Untouched, Verdict


def orphan_of(row: tuple[Any, ...]) -> Orphan:
    """Read a row of the statements `orphan`, `orphans` and `orphans_of_home`."""
    number, home, module, term, position, committed_at, owner, key, value, *verdict, changed, told, later = row
    return Orphan(
        number=number,
        stream=Stream(Home(home), ModuleName(module)),
        term=Term(term),
        position=None if position is None else Position(position),
        committed_at=None if committed_at is None else Instant(committed_at),
        change=Change(owner, key, value),
        verdict=_verdict(*verdict),
        since_fork=None if changed is None else SinceFork(changed=bool(changed), fingerprint=told),
        overtaken_by=later,
    )


def _verdict(decision: str | None, by: str, at: float, note: str) -> Verdict | None:
    if decision is None:
        return None
    return Verdict(decision=Decision(decision), by=by, at=Instant(at), note=note)


def told_of(keys: Iterable[RecordKey], untouched: Sequence[Untouched]) -> list[tuple[RecordKey, SinceFork]]:
    """Return what the serving pool said of each record that it was asked to repair; what it left out was changed."""
    left = {(owner, key): found for owner, key, found in untouched}
    return [
        (key, SinceFork(changed=False, fingerprint=left[key]) if key in left else SinceFork(changed=True))
        for key in sorted(set(keys))
    ]


__all__ = ["orphan_of", "told_of"]
