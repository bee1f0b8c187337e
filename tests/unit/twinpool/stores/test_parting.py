from __future__ import annotations

import pytest

from twinpool.stores.parting import Parting, Served, parting
from twinpool.vocabulary.home import TermBeginning
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Position, Term
from twinpool.vocabulary.session import Cursor

MODULE = ModuleName("module")


def began(term: int, position: int, module: ModuleName = MODULE) -> TermBeginning:
    return TermBeginning(
        home=Home("home"), module=module, term=Term(term), serving_pool=PoolFqdn("p"), position=Position(position)
    )


def served(head: int, *, oldest: int = 0, term: int = 3) -> Served:
    return Served(term=Term(term), head=Position(head), oldest=Position(oldest))


def at(term: int, position: int) -> Cursor:
    return Cursor(Term(term), Position(position))


@pytest.mark.parametrize(
    ("stands", "beginnings", "expected"),
    [
        (None, [began(4, 5)], Parting(cursor=None)),
        (served(5), [began(4, 5)], Parting(cursor=at(3, 5))),
        (served(5), [began(4, 9)], Parting(cursor=at(3, 5))),
        (served(0), [], Parting(cursor=at(3, 0))),
        (served(9), [began(4, 5)], Parting(cursor=at(3, 5), divergent_above=Position(5))),
        (served(9, oldest=5), [began(4, 5)], Parting(cursor=at(3, 5), divergent_above=Position(5))),
        (served(9), [began(2, 1), began(3, 2), began(4, 5)], Parting(cursor=at(3, 5), divergent_above=Position(5))),
        (served(9), [began(4, 7), began(5, 6)], Parting(cursor=at(3, 6), divergent_above=Position(6))),
        (
            served(9, oldest=6),
            [began(4, 5)],
            Parting(cursor=None, divergent_above=Position(5), compared_as=Term(3)),
        ),
        (served(9), [began(4, 5, ModuleName("other"))], Parting(cursor=None, compared_as=Term(3))),
        (at(2, 5), [began(3, 5)], Parting(cursor=at(2, 5))),
        (at(2, 5), [began(2, 1), began(3, 6)], Parting(cursor=at(2, 5))),
        (at(2, 5), [began(3, 4)], Parting(cursor=None, compared_as=Term(2))),
        (at(2, 5), [], Parting(cursor=None, compared_as=Term(2))),
    ],
)
def test_a_stream_goes_on_where_its_history_is_shared(
    stands: Served | Cursor | None, beginnings: list[TermBeginning], expected: Parting
) -> None:
    assert parting(MODULE, stands, beginnings) == expected
