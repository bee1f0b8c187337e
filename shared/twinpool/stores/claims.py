"""Which claims to a home are refused. Pure; every store asks the same while it holds off all writers."""

from __future__ import annotations

from twinpool.errors import HomeNotReadOnly, HomeNotServed, HomeReadOnly, TermTaken
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home, PoolFqdn, Term
from twinpool.vocabulary.session import SessionId


def check_take_over(known: HomeStatus, term: Term, *, pool: PoolFqdn) -> None:
    """Raise `TermTaken` unless another pool serves by what is known, in a lower term.

    Invariant: only the side that does not serve ever raises a term by itself, so no number means two servers.
    """
    if known.serving_pool == pool:
        raise TermTaken(known.home, term=known.term, serving_pool=known.serving_pool)
    check_higher(known, term)


def check_give_up(known: HomeStatus, term: Term, *, pool: PoolFqdn) -> None:
    """Raise `HomeNotServed`, `TermTaken` or `HomeNotReadOnly` unless a home may be handed over."""
    if known.serving_pool != pool:
        raise HomeNotServed(known.home, known.serving_pool)
    check_higher(known, term)
    if known.mode is not Mode.READ_ONLY:
        raise HomeNotReadOnly(known.home)


def check_higher(known: HomeStatus, term: Term) -> None:
    """Raise `TermTaken` unless a term is higher than the one that is known."""
    if term <= known.term:
        raise TermTaken(known.home, term=known.term, serving_pool=known.serving_pool)


def check_writable(home: Home, known: HomeStatus | None, *, pool: PoolFqdn) -> None:
    """Raise `HomeNotServed` or `HomeReadOnly` unless a pool takes writes for a home."""
    if known is None or known.serving_pool != pool:
        raise HomeNotServed(home, None if known is None else known.serving_pool)
    if known.mode is Mode.READ_ONLY:
        raise HomeReadOnly(home)


def barrier(noted: SessionId, term: Term) -> SessionId:
    """Return the session to be noted where a term begins to be served.

    It is below every session that another pool may open in a later term, and above all that came before: an importer
    of ours that wakes up late can change nothing any more.
    """
    return max(noted, SessionId(term, Generation(0), 0))


__all__ = ["barrier", "check_give_up", "check_higher", "check_take_over", "check_writable"]
