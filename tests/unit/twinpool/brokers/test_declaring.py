from __future__ import annotations

from twinpool.brokers.link_options import LinkOptions, QueueLimits
from twinpool.brokers.rabbitmq.declaring import quarantine_arguments, queue_arguments
from twinpool.brokers.topology import CONTROL

LIMITS = QueueLimits(messages=5, size=6, quarantined=7, quarantined_size=8, control_ttl=1.5)


def test_a_queue_has_one_consumer_at_a_time_and_rejects_when_it_is_full() -> None:
    arguments = queue_arguments("ConfServices.DataConf", LIMITS)

    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-single-active-consumer"] is True
    assert arguments["x-overflow"] == "reject-publish"
    assert (arguments["x-max-length"], arguments["x-max-length-bytes"]) == (5, 6)
    assert "x-message-ttl" not in arguments


def test_no_message_is_dropped_for_having_been_delivered_often() -> None:
    for arguments in (queue_arguments("m", LIMITS), quarantine_arguments(LIMITS)):
        limit = arguments["x-delivery-limit"]
        assert isinstance(limit, int)
        assert 1_000_000 <= limit < 2**31, "every RabbitMQ takes it as a plain number, none ever reaches it"


def test_only_control_messages_expire() -> None:
    assert queue_arguments(CONTROL, LIMITS)["x-message-ttl"] == 1500


def test_a_full_quarantine_drops_the_oldest() -> None:
    arguments = quarantine_arguments(LIMITS)

    assert arguments["x-overflow"] == "drop-head"
    assert (arguments["x-max-length"], arguments["x-max-length-bytes"]) == (7, 8)


def test_control_and_modules_have_prefetches_of_their_own() -> None:
    options = LinkOptions(prefetch=3, control_prefetch=4)

    assert (options.prefetch_of("m"), options.prefetch_of(CONTROL)) == (3, 4)
