"""Rumours of higher terms are kept until something higher is heard."""

from __future__ import annotations

from twinpool.vocabulary.names import Home, Term
from twinpool_services.backup.failover.rumours import Rumours

HOME = Home("pool1.lab")


def test_nothing_is_known_of_a_home_of_which_nobody_spoke() -> None:
    rumours = Rumours()
    rumours.note(Home("pool2.lab"), Term(5))
    assert rumours.of(HOME) == 0


def test_the_highest_term_counts_in_whatever_order_it_was_heard() -> None:
    rumours = Rumours()
    for term in (3, 7, 5):
        rumours.note(HOME, Term(term))
    assert rumours.of(HOME) == 7
