"""The same tests for every broker: in memory, and a real RabbitMQ."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.links import CutAfter, MemoryWorld, RabbitmqWorld, Recorder, Stage, publish_each, publish_until_down
from twinpool.brokers.link_options import LinkOptions, QueueLimits
from twinpool.brokers.quarantine import HEADERS, QUEUE, REASON
from twinpool.brokers.topology import CONTROL, quarantine_of, queue_to
from twinpool.errors import BrokerUnreachable
from twinpool.ports.broker import Outcome


@pytest.fixture(params=["memory", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    world = MemoryWorld() if request.param == "memory" else RabbitmqWorld(request.getfixturevalue("amqp_url"))
    before = threading.active_count()
    with ExitStack() as cleanup:
        yield Stage(world, cleanup)
    assert threading.active_count() <= before


def test_a_letter_arrives_as_it_was_written(stage: Stage) -> None:
    here, here_hears, _, there_hears = stage.pair()

    token = here.publish(stage.letter(b"\x00\xff" * 300_000))

    (delivery,) = there_hears.wait_delivered(1)
    assert here_hears.outcome(token) is Outcome.CONFIRMED
    assert delivery.body == b"\x00\xff" * 300_000
    assert delivery.headers == {"number": 1, "text": "ä"}
    assert delivery.content_type == "application/x-test"
    assert delivery.queue == stage.queue
    assert not delivery.redelivered


def test_an_empty_letter_arrives(stage: Stage) -> None:
    here, _, _, there_hears = stage.pair()

    here.publish(stage.letter(b"", subject=CONTROL))

    (delivery,) = there_hears.wait_delivered(1)
    assert (delivery.queue, delivery.body) == (queue_to(stage.there, CONTROL), b"")


def test_thousands_of_letters_are_in_flight_and_each_is_settled_once(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there

    tokens = publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(5_000)])

    deliveries = there_hears.wait_delivered(5_000)
    here_hears.wait_for(lambda: len(here_hears.outcomes) == 5_000)
    assert here_hears.outcomes == {token: [Outcome.CONFIRMED] for token in tokens}
    assert [int(delivery.body) for delivery in deliveries] == list(range(5_000))


def test_many_threads_publish_on_one_link(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there
    threads = [
        threading.Thread(
            target=publish_each,
            args=(here, here_hears, [stage.letter(b"%d %d" % (who, number)) for number in range(500)]),
        )
        for who in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    deliveries = there_hears.wait_delivered(2_000)
    here_hears.wait_for(lambda: here_hears.counts() == Counter({Outcome.CONFIRMED: 2_000}))
    for who in range(4):
        numbers = [int(each.body.split()[1]) for each in deliveries if each.body.startswith(b"%d " % who)]
        assert numbers == list(range(500)), "each thread's letters keep their order"


def test_all_is_told_on_one_thread_that_is_not_ours(stage: Stage) -> None:
    here, here_hears, _, _ = stage.pair()

    here_hears.outcome(here.publish(stage.letter()))

    assert len(here_hears.threads) == 1
    assert threading.get_ident() not in here_hears.threads


def test_a_letter_that_no_queue_takes_is_unroutable(stage: Stage) -> None:
    here, here_hears, _, _ = stage.pair()
    nowhere = replace(stage.letter(), routing_key="nobody.lab.control")

    good, bad, good_again = publish_each(here, here_hears, [stage.letter(), nowhere, stage.letter()])

    assert here_hears.outcome(bad) is Outcome.UNROUTABLE
    assert here_hears.outcome(good) is Outcome.CONFIRMED
    assert here_hears.outcome(good_again) is Outcome.CONFIRMED


def test_a_letter_is_unroutable_until_its_destination_exists(stage: Stage) -> None:
    here_hears, there_hears = Recorder(), Recorder()
    here = stage.open(stage.here, here_hears)
    here_hears.wait_up()
    before = here_hears.outcome(here.publish(stage.letter()))

    there = stage.open(stage.there, there_hears)
    stage.wait_routable(here, here_hears, there, there_hears)

    assert before is Outcome.UNROUTABLE


def test_a_pool_that_came_first_hears_a_speaker_that_comes_later(stage: Stage) -> None:
    here_hears, there_hears = Recorder(), Recorder()
    there = stage.open(stage.there, there_hears)
    there_hears.wait_up()

    here = stage.open(stage.here, here_hears)
    here_hears.wait_up()

    stage.wait_routable(here, here_hears, there, there_hears)


def test_a_full_queue_rejects_and_takes_again_once_it_is_read(stage: Stage) -> None:
    options = LinkOptions(bind_again=0.1, prefetch=1, limits=QueueLimits(messages=5))
    here, here_hears, there, there_hears = stage.pair(options)

    # The limit is soft: letters that are on their way when it is reached still come in. So one after the other.
    taken = 0
    while here_hears.outcome(here.publish(stage.letter())) is Outcome.CONFIRMED:
        taken += 1
    assert taken >= 5

    there_hears.link = there
    there.acknowledge(there_hears.wait_delivered(1)[0])
    there_hears.wait_delivered(taken)
    while here_hears.outcome(here.publish(stage.letter())) is not Outcome.CONFIRMED:
        pass


def test_no_more_is_delivered_than_prefetch_allows(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair(LinkOptions(bind_again=0.1, prefetch=3))

    publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(10)])
    here_hears.wait_for(lambda: len(here_hears.outcomes) == 10)
    first = there_hears.wait_delivered(3)
    # Whatever else was on its way would have come before this one, on the same connection.
    here_hears.outcome(here.publish(stage.letter(b"control", subject=CONTROL)))
    there_hears.wait_for(lambda: any(each.body == b"control" for each in there_hears.deliveries))
    assert len(there_hears.deliveries) == 4

    there.acknowledge(first[0])
    assert there_hears.wait_delivered(5)[4].body == b"3"


def test_what_was_not_acknowledged_is_delivered_again_after_the_link_was_cut(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(6)])
    first = there_hears.wait_delivered(6)
    for delivery in first[:2]:
        there.acknowledge(delivery)
    here_hears.outcome(here.publish(stage.letter(b"last", subject=CONTROL)))
    there_hears.wait_delivered(7)

    stage.world.cut(there)
    there_hears.wait_up(2)

    again = there_hears.wait_delivered(7 + 4)[7:]
    kept = [each for each in again if each.queue == stage.queue]
    assert {each.body for each in kept} >= {b"2", b"3", b"4", b"5"}
    assert all(each.redelivered for each in kept)
    assert all(each.epoch > first[0].epoch for each in again)


def test_an_acknowledgement_of_an_older_epoch_does_nothing(stage: Stage) -> None:
    here, _, there, there_hears = stage.pair()
    here.publish(stage.letter(b"once"))
    (old,) = there_hears.wait_delivered(1)
    stage.world.cut(there)
    there_hears.wait_delivered(2)

    there.acknowledge(old)
    there.quarantine(old, "stale")
    stage.world.cut(there)

    assert there_hears.wait_delivered(3)[2].body == b"once"
    assert stage.world.read(quarantine_of(stage.there)) == []


def test_one_link_of_a_pool_consumes_and_the_next_takes_over(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    second_hears = Recorder()
    second = stage.open(stage.there, second_hears)
    second_hears.link = second
    second_hears.wait_up()
    publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(4)])
    there_hears.wait_delivered(4)
    assert second_hears.deliveries == []

    there.close()

    taken = second_hears.wait_delivered(4)
    assert sorted(each.body for each in taken) == [b"0", b"1", b"2", b"3"]
    assert all(each.redelivered for each in taken)
    here.publish(stage.letter(b"new"))
    assert second_hears.wait_delivered(5)[4].body == b"new"


def test_a_quarantined_message_is_kept_with_its_reason_and_not_delivered_again(stage: Stage) -> None:
    here, _, there, there_hears = stage.pair()
    here.publish(stage.letter(b"riddle"))
    (delivery,) = there_hears.wait_delivered(1)

    there.quarantine(delivery, "cannot be read")
    while not (kept := stage.world.read(quarantine_of(stage.there))):
        pass
    stage.world.cut(there)
    there_hears.wait_up(2)
    here.publish(stage.letter(b"next"))

    assert there_hears.wait_delivered(2)[1].body == b"next"
    ((headers, body),) = kept
    assert body == b"riddle"
    assert (headers[REASON], headers[QUEUE]) == ("cannot be read", stage.queue)
    assert headers[HEADERS] == "{'number': 1, 'text': 'ä'}"


def test_a_deleted_queue_is_declared_bound_and_consumed_again(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()

    stage.world.delete_queue(stage.queue)
    stage.wait_routable(here, here_hears, there, there_hears)

    assert there_hears.states == ["up"], "the link stayed up"


def test_every_outcome_is_told_before_the_link_is_down(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there
    with CutAfter(stage.world, here, here_hears, settled=200):
        publish_until_down(here, here_hears, stage.letter())

    here_hears.wait_up(2)
    here_hears.wait_for(lambda: here_hears.outcomes.keys() == here_hears.expected)
    assert here_hears.states == ["up", "down", "up"]
    assert here_hears.told_while_down == 0
    assert {len(outcomes) for outcomes in here_hears.outcomes.values()} == {1}
    assert here_hears.outcome(here.publish(stage.letter())) is Outcome.CONFIRMED


def test_what_was_confirmed_before_a_cut_arrives(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there
    tokens = publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(2_000)])
    stage.world.cut(here)
    here_hears.wait_for(lambda: len(here_hears.outcomes) == 2_000)

    confirmed = {
        b"%d" % number for number, token in enumerate(tokens) if here_hears.outcomes[token] == [Outcome.CONFIRMED]
    }
    there_hears.wait_for(lambda: {each.body for each in there_hears.deliveries} >= confirmed)


def test_publishing_before_the_link_is_up_is_refused(stage: Stage) -> None:
    link = stage.world.link(stage.topology(stage.here), LinkOptions())

    with pytest.raises(BrokerUnreachable):
        link.publish(stage.letter())


def test_a_closed_link_publishes_nothing_and_says_nothing_more(stage: Stage) -> None:
    here, here_hears, _, _ = stage.pair()

    here.close()
    here.close()

    assert here_hears.states == ["up", "down"]
    with pytest.raises(BrokerUnreachable):
        here.publish(stage.letter())


def test_closing_sends_what_was_handed_over_and_settles_it(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there
    tokens = publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(100)])

    here.close()

    assert here_hears.outcomes == {token: [Outcome.CONFIRMED] for token in tokens}
    assert here_hears.unsettled_at_down == [0]
    assert len(there_hears.wait_delivered(100)) == 100


def test_what_was_acknowledged_before_closing_is_not_delivered_again(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    publish_each(here, here_hears, [stage.letter(b"%d" % number) for number in range(20)])
    for delivery in there_hears.wait_delivered(20)[:19]:
        there.acknowledge(delivery)

    there.close()
    heir_hears = Recorder()
    stage.open(stage.there, heir_hears)

    assert [each.body for each in heir_hears.wait_delivered(1)] == [b"19"]
    here.publish(stage.letter(b"20"))
    assert [each.body for each in heir_hears.wait_delivered(2)] == [b"19", b"20"]


def test_a_link_that_was_never_started_can_be_closed(stage: Stage) -> None:
    stage.world.link(stage.topology(stage.here), LinkOptions()).close()


def test_a_pool_that_listens_to_nobody_can_publish(stage: Stage) -> None:
    there_hears, loner_hears = Recorder(), Recorder()
    there = stage.open(stage.there, there_hears)
    there_hears.wait_up()
    loner = stage.world.link(replace(stage.topology(stage.here), speakers=()), LinkOptions())
    loner.start(loner_hears)
    loner_hears.wait_up()

    stage.wait_routable(loner, loner_hears, there, there_hears)
    loner.close()
