"""The machine that has records repaired passes on what the serving pool says of them."""

from __future__ import annotations

from twinpool.failover.messages import MOST_REPAIRS, Repaired, RepairWanted
from twinpool.failover.repairing import Ask, Heard, NoteRepaired, ReadRepairs, Repairing, RepairsRead, Tick, repaired
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Instant, Position, Term
from twinpool.vocabulary.orphan import Untouched

TERM, NOW = Term(2), Instant(100.0)
KEYS = (RecordKey("ada", "k"), RecordKey("bob", "k"))
UNTOUCHED = (Untouched("ada", "k", b"\0" * 16),)


def asking() -> tuple[Repairing, RepairWanted]:
    """A machine that has asked."""
    machine = Repairing(TERM, 7)
    assert machine.handle(Tick(), NOW) == [ReadRepairs(MOST_REPAIRS)]
    (action,) = machine.handle(RepairsRead(KEYS), NOW)
    assert isinstance(action, Ask)
    return machine, action.message


def test_what_the_serving_pool_says_is_noted_with_the_repair() -> None:
    for told in (UNTOUCHED, (), None):
        machine, request = asking()
        answer = repaired(request, Position(9), told)
        assert machine.handle(Heard(answer), NOW) == [NoteRepaired(KEYS, told), ReadRepairs(MOST_REPAIRS)]


def test_an_answer_to_another_request_says_nothing() -> None:
    machine, request = asking()
    late = Repaired(term=TERM, request=request.request - 1, position=Position(9), untouched=UNTOUCHED)
    assert machine.handle(Heard(late), NOW) == []


def test_once_nothing_is_left_to_repair_it_is_done() -> None:
    machine, request = asking()
    machine.handle(Heard(repaired(request, Position(9))), NOW)
    assert machine.handle(RepairsRead([]), NOW) == []
    assert machine.done
