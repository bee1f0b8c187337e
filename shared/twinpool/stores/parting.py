"""What becomes of a stream when its pool gives way to a term that began without it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twinpool.vocabulary.home import TermBeginning, fork
from twinpool.vocabulary.names import ORIGIN, ModuleName, Position, Term
from twinpool.vocabulary.session import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where a stream stands that we have served."""

    term: Term  #: in which we served it
    head: Position
    oldest: Position  #: the log is whole above this


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What becomes of one stream."""

    cursor: Cursor | None  #: where our import stands from now on
    divergent_above: Position | None = None  #: what our log holds above this is ours alone; None: nothing is
    compared_as: Term | None = None  #: records have to be compared; what only we have is of this term


def parting(module: ModuleName, stands: Served | Cursor | None, beginnings: Iterable[TermBeginning]) -> Parting:
    """Decide from where a stream stands, and from how all terms began that anybody knows.

    >>> parting(ModuleName("m"), Cursor(Term(1), ORIGIN), [])
    Parting(cursor=Cursor(term=1, position=0), divergent_above=None, compared_as=None)
    """
    if stands is None:
        return Parting(cursor=None)
    at = Cursor(stands.term, stands.head) if isinstance(stands, Served) else stands
    shared = fork(beginnings, module, above=at.term)
    if at.position <= (ORIGIN if shared is None else shared):
        return Parting(cursor=at)
    if not isinstance(stands, Served) or shared is None:
        return Parting(cursor=None, compared_as=at.term)
    if stands.oldest > shared:
        return Parting(cursor=None, divergent_above=shared, compared_as=at.term)
    return Parting(cursor=Cursor(at.term, shared), divergent_above=shared)


__all__ = ["Parting", "Served", "parting"]
