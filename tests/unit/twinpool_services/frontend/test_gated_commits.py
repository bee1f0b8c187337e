"""Nothing of a home in doubt comes to the store, and nothing of others is kept from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from twinpool.errors import HomeInDoubt, HomeReadOnly, StoreUnavailable, TwinpoolError
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.names import Home, Instant, ModuleName, Position, Stream, Term
from twinpool.wire import encode_changes
from twinpool_services.frontend.gated_commits import GatedCommits

OPEN, SHUT = Home("pool1.lab"), Home("pool2.lab")
PRESENCE = ModuleName("UserServices.PresenceFocus")
COMMITTED = Committed(term=Term(1), position=Position(1), at=Instant(0.0))


class ShutForOne:
    """A gate that is shut for one home."""

    def check(self, home: Home) -> None:
        if home == SHUT:
            raise HomeInDoubt(home, "nothing was heard")


class Noting:
    """Commits that remember what came through; one home of theirs is read-only."""

    def __init__(self) -> None:
        self.calls: list[list[Transaction]] = []
        self.failure: TwinpoolError | None = None

    def commit(self, transaction: Transaction) -> Committed:
        self.calls.append([transaction])
        if self.failure is not None:
            raise self.failure
        return COMMITTED

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        self.calls.append(list(transactions))
        return [COMMITTED for _ in transactions]


def transaction(home: Home) -> Transaction:
    changes = (Change("alice@lab", "key", b"1"),)
    return Transaction(stream=Stream(home, PRESENCE), changes=changes, payload=encode_changes(changes))


@pytest.fixture
def commits() -> Noting:
    return Noting()


@pytest.fixture
def gated(commits: Noting) -> GatedCommits:
    return GatedCommits(commits, ShutForOne())


def test_what_the_gate_lets_through_is_committed(gated: GatedCommits, commits: Noting) -> None:
    assert gated.commit(transaction(OPEN)) == COMMITTED
    assert commits.calls == [[transaction(OPEN)]]


def test_what_is_in_doubt_never_comes_to_the_store(gated: GatedCommits, commits: Noting) -> None:
    with pytest.raises(HomeInDoubt, match="nothing was heard"):
        gated.commit(transaction(SHUT))
    assert commits.calls == []


def test_many_are_committed_together_if_the_gate_is_open_for_all(gated: GatedCommits, commits: Noting) -> None:
    many = [transaction(OPEN), transaction(OPEN)]
    assert gated.commit_all(many) == [COMMITTED, COMMITTED]
    assert commits.calls == [many]


def test_of_many_each_in_doubt_is_refused_by_itself_in_its_place(gated: GatedCommits, commits: Noting) -> None:
    outcomes = gated.commit_all([transaction(OPEN), transaction(SHUT), transaction(OPEN)])
    assert [type(outcome) for outcome in outcomes] == [Committed, HomeInDoubt, Committed]
    assert commits.calls == [[transaction(OPEN)], [transaction(OPEN)]]


def test_what_the_store_refuses_stays_in_its_place_beside_what_is_in_doubt(
    gated: GatedCommits, commits: Noting
) -> None:
    commits.failure = HomeReadOnly(OPEN)
    outcomes = gated.commit_all([transaction(SHUT), transaction(OPEN)])
    assert [type(outcome) for outcome in outcomes] == [HomeInDoubt, HomeReadOnly]


def test_a_store_that_is_out_of_reach_is_told(gated: GatedCommits, commits: Noting) -> None:
    commits.failure = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        gated.commit(transaction(OPEN))
