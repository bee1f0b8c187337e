"""What only a real RabbitMQ does: restarts, operators, alarms, strangers."""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Self

import pika
import pytest

from tests.links import RabbitmqWorld, Recorder, Stage, publish_until_down
from twinpool.brokers.link_options import LinkOptions, QueueLimits
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.quarantine import REASON
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import exchange_from, quarantine_of
from twinpool.errors import BrokerUnreachable, InvalidConfiguration
from twinpool.ports.broker import Letter, Link, Outcome

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def stage(amqp_url: str, cleanup: ExitStack) -> Stage:
    return Stage(RabbitmqWorld(amqp_url), cleanup)


@pytest.fixture
def own_stage(own_rabbitmq_node: PrivateNode, cleanup: ExitStack) -> Stage:
    own_rabbitmq_node.start()
    return Stage(RabbitmqWorld(own_rabbitmq_node.url()), cleanup)


class FarFuture(dt.datetime):
    """A time that AMQP can carry and Python cannot read."""

    def utctimetuple(self) -> time.struct_time:
        return time.struct_time((2000, 1, 1, 0, 0, 10**15, 0, 1, 0))


def stranger_sends(stage: Stage, body: bytes, properties: pika.BasicProperties) -> None:
    world = stage.world
    assert isinstance(world, RabbitmqWorld)
    with world.stranger() as channel:
        channel.confirm_delivery()
        channel.basic_publish("", stage.queue, body, properties)


class Resender:
    """Publishes numbered letters, each again until it is confirmed: what an exporter does, in small."""

    def __init__(self, stage: Stage, link: Link, listener: Recorder) -> None:
        self._stage, self._link, self._listener = stage, link, listener
        self.confirmed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                token = self._link.publish(self._letter())
            except BrokerUnreachable:
                self._stop.wait(0.01)
                continue
            if self._listener.outcome(token) is Outcome.CONFIRMED:
                with self._listener.changed:
                    self.confirmed += 1
                    self._listener.changed.notify_all()

    def _letter(self) -> Letter:
        return self._stage.letter(b"%d" % self.confirmed)

    def wait_confirmed(self, count: int) -> None:
        self._listener.wait_for(lambda: self.confirmed >= count)


def goes_on_after(stage: Stage, disturb: threading.Thread) -> None:
    """Check that a stream survives a disturbance without help, and that nothing that was confirmed is missing."""
    here, here_hears, there, there_hears = stage.pair()
    there_hears.link = there
    with Resender(stage, here, here_hears) as stream:
        stream.wait_confirmed(20)
        disturb.start()
        disturb.join()
        here_hears.wait_up(2)
        stream.wait_confirmed(stream.confirmed + 20)
    wanted = {b"%d" % number for number in range(stream.confirmed)}
    there_hears.wait_for(lambda: {each.body for each in there_hears.deliveries} >= wanted)


def test_the_stream_goes_on_after_the_broker_was_restarted(own_stage: Stage, own_rabbitmq_node: PrivateNode) -> None:
    def restart() -> None:
        own_rabbitmq_node.stop()
        own_rabbitmq_node.start()

    goes_on_after(own_stage, threading.Thread(target=restart))


def test_the_stream_goes_on_after_the_broker_was_killed(own_stage: Stage, own_rabbitmq_node: PrivateNode) -> None:
    def kill() -> None:
        own_rabbitmq_node.kill()
        own_rabbitmq_node.start()

    goes_on_after(own_stage, threading.Thread(target=kill))


def test_the_stream_goes_on_after_an_operator_closed_all_connections(
    own_stage: Stage, own_rabbitmq_node: PrivateNode
) -> None:
    goes_on_after(
        own_stage, threading.Thread(target=own_rabbitmq_node.ctl, args=("close_all_connections", "cleaning up"))
    )


def test_the_operators_word_is_the_reason(own_stage: Stage, own_rabbitmq_node: PrivateNode) -> None:
    _, here_hears, _, _ = own_stage.pair()

    own_rabbitmq_node.ctl("close_all_connections", "cleaning up")

    here_hears.wait_down()
    assert "cleaning up" in here_hears.reasons[0]


def test_an_alarm_is_told_and_letters_wait_for_its_end_while_acknowledgements_go_through(
    own_stage: Stage, own_rabbitmq_node: PrivateNode
) -> None:
    here, here_hears, there, there_hears = own_stage.pair(LinkOptions(bind_again=0.1, prefetch=1))
    for number in range(3):
        here.publish(own_stage.letter(b"%d" % number))
    there_hears.wait_delivered(1)

    own_rabbitmq_node.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        token = here.publish(own_stage.letter(b"late"))
        here_hears.wait_for(lambda: "blocked" in here_hears.states)
        there_hears.link = there
        there.acknowledge(there_hears.deliveries[0])
        there_hears.wait_delivered(3)
        assert token not in here_hears.outcomes
    finally:
        own_rabbitmq_node.ctl("set_vm_memory_high_watermark", "0.4")

    here_hears.wait_for(lambda: here_hears.states[-1] == "unblocked")
    assert here_hears.outcome(token) is Outcome.CONFIRMED
    assert there_hears.wait_delivered(4)[3].body == b"late"


def test_an_alarm_does_not_outlive_the_connection_that_told_of_it(
    own_stage: Stage, own_rabbitmq_node: PrivateNode
) -> None:
    here, here_hears, _, _ = own_stage.pair()
    own_rabbitmq_node.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        here.publish(
            own_stage.letter()
        )  # A broker tells of its alarm when it is published to; this may yet come through.
        here_hears.wait_for(lambda: "blocked" in here_hears.states)
        token = here.publish(own_stage.letter())

        own_stage.world.cut(here)
        here_hears.wait_down()
    finally:
        own_rabbitmq_node.ctl("set_vm_memory_high_watermark", "0.4")

    assert here_hears.states[:4] == ["up", "blocked", "unblocked", "down"]
    assert here_hears.outcomes[token] == [Outcome.LOST]


def restricted_url(node: PrivateNode, pool: str) -> str:
    """Make a user that may do nothing but what concerns its own pool, and hear the others."""
    own, name = re.escape(pool), pool.partition(".")[0]
    mine = rf"^(from\.{own}|quarantine\.{own}|to\.{own}\..*)$"
    node.ctl("add_user", name, "secret")
    node.ctl("set_permissions", name, mine, mine, rf"^(from\..*|quarantine\.{own}|to\.{own}\..*)$")
    return f"amqp://{name}:secret@{node.url().partition('@')[2]}"


def test_a_pool_needs_no_rights_but_to_its_own_names_and_to_hear_others(
    own_stage: Stage, own_rabbitmq_node: PrivateNode, cleanup: ExitStack
) -> None:
    ears = {own_stage.there: Recorder(), own_stage.here: Recorder()}
    links = {}
    for pool, hears in ears.items():
        options = LinkOptions(bind_again=0.1)
        url = restricted_url(own_rabbitmq_node, pool)
        links[pool] = RabbitmqLink(url, own_stage.topology(pool), options)
        cleanup.callback(links[pool].close)
        links[pool].start(hears)
        hears.wait_up()

    own_stage.wait_routable(links[own_stage.here], ears[own_stage.here], links[own_stage.there], ears[own_stage.there])
    links[own_stage.here].publish(own_stage.letter(b"riddle"))
    links[own_stage.there].quarantine(ears[own_stage.there].wait_delivered(1)[0], "cannot be read")
    while not own_stage.world.read(quarantine_of(own_stage.there)):
        pass

    assert [each.states for each in ears.values()] == [["up"], ["up"]]


def test_a_queue_with_other_arguments_is_a_clear_reason_and_heals_once_it_is_deleted(stage: Stage) -> None:
    first_hears, second_hears = Recorder(), Recorder()
    first = stage.open(stage.there, first_hears)
    first_hears.wait_up()
    first.close()

    stage.open(stage.there, second_hears, LinkOptions(limits=QueueLimits(messages=7)))
    second_hears.wait_down()
    assert "x-max-length" in second_hears.reasons[0]
    assert stage.queue in second_hears.reasons[0]
    assert "delete it" in second_hears.reasons[0]
    assert second_hears.states == ["down"]

    for subject in stage.topology(stage.there).subjects:
        stage.world.delete_queue(f"to.{stage.there}.{subject}")
    second_hears.wait_up()


def test_a_deleted_exchange_comes_back_with_its_bindings(stage: Stage) -> None:
    here, here_hears, there, there_hears = stage.pair()
    world = stage.world
    assert isinstance(world, RabbitmqWorld)

    with world.stranger() as channel:
        channel.exchange_delete(exchange_from(stage.here))
    publish_until_down(here, here_hears, stage.letter())
    here_hears.wait_up(2)

    stage.wait_routable(here, here_hears, there, there_hears)


def test_a_deleted_quarantine_comes_back_when_it_is_needed(stage: Stage) -> None:
    here, _, there, there_hears = stage.pair()
    stage.world.delete_queue(quarantine_of(stage.there))
    here.publish(stage.letter(b"riddle"))

    there.quarantine(there_hears.wait_delivered(1)[0], "cannot be read")

    deadline = time.monotonic() + 60
    while True:
        try:
            kept = stage.world.read(quarantine_of(stage.there))
        except pika.exceptions.ChannelClosedByBroker:
            kept = []
        if kept or time.monotonic() > deadline:
            break
    assert [(headers[REASON], body) for headers, body in kept] == [("cannot be read", b"riddle")]


@pytest.mark.parametrize(
    "properties",
    [
        pika.BasicProperties(),
        pika.BasicProperties(content_type="\x00" * 255, headers={"a": None, "b": [1, {"c": b"\xff\x00"}]}),
        pika.BasicProperties(headers={"when": FarFuture(9999, 12, 31, tzinfo=dt.UTC)}),
        pika.BasicProperties(headers={"when": dt.datetime(9999, 12, 31, tzinfo=dt.UTC)}),
        pika.BasicProperties(message_id="not a number", expiration="600000", priority=9, user_id=None),
    ],
    ids=["none", "odd", "unreadable", "far", "all"],
)
def test_a_strangers_message_is_delivered_whatever_its_headers_and_the_stream_goes_on(
    stage: Stage, properties: pika.BasicProperties
) -> None:
    here, _, there, there_hears = stage.pair()
    stranger_sends(stage, b"foreign", properties)
    (delivery,) = there_hears.wait_delivered(1)

    there.quarantine(delivery, "not ours")
    here.publish(stage.letter(b"ours"))

    assert [each.body for each in there_hears.wait_delivered(2)] == [b"foreign", b"ours"]
    assert there_hears.states == ["up"]


def test_a_letter_that_cannot_be_encoded_is_rejected_and_the_link_stays_up(stage: Stage) -> None:
    here, here_hears, _, _ = stage.pair()
    too_long = Letter(routing_key="x" * 300, content_type="a", headers={}, body=b"")

    token = here.publish(too_long)

    assert here_hears.outcome(token) is Outcome.REJECTED
    assert here_hears.outcome(here.publish(stage.letter())) is Outcome.CONFIRMED
    assert here_hears.states == ["up"]


def test_a_listener_that_fails_costs_the_connection_and_not_the_link(stage: Stage) -> None:
    class Clumsy(Recorder):
        def settled(self, token: int, outcome: Outcome) -> None:
            if self.states == ["up"]:
                raise RuntimeError("dropped the tray")
            super().settled(token, outcome)

    hears = Clumsy()
    link = stage.open(stage.here, hears)
    hears.wait_up()

    link.publish(stage.letter())

    hears.wait_up(2)
    assert "dropped the tray" in hears.reasons[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: url.replace("twinpool:", "twinpool:wrong-"), "refuses the user or the password"),
        (lambda url: url.rpartition("/")[0] + "/nowhere", "nowhere"),
        (lambda url: url.replace("127.0.0.1", "host.invalid"), "'host.invalid' is unknown"),
        (lambda _: "amqp://user:geheim@127.0.0.1:1/", "Connection refused"),
    ],
    ids=["password", "vhost", "host", "port"],
)
def test_what_is_wrong_with_a_connection_is_said_without_the_password(
    own_rabbitmq_node: PrivateNode,
    cleanup: ExitStack,
    change: object,
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own_rabbitmq_node.start()
    assert callable(change)
    url = change(own_rabbitmq_node.url())
    stage, hears = Stage(RabbitmqWorld(url), cleanup), Recorder()

    with caplog.at_level("INFO"):
        link = stage.open(stage.here, hears)
        hears.wait_down()
        with pytest.raises(BrokerUnreachable, match=says):
            link.publish(stage.letter())
        link.close()

    password = url.partition("@")[0].rpartition(":")[2]
    assert says in hears.reasons[0]
    assert password not in hears.reasons[0] + caplog.text
    assert hears.states.count("up") == 0


def test_a_broker_that_appears_later_is_found(own_rabbitmq_node: PrivateNode, cleanup: ExitStack) -> None:
    own_rabbitmq_node.start()
    own_rabbitmq_node.stop()
    stage, hears = Stage(RabbitmqWorld(own_rabbitmq_node.url()), cleanup), Recorder()
    stage.open(stage.here, hears)
    hears.wait_down()

    own_rabbitmq_node.start()

    hears.wait_up()


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "amqp://u:geheim@host:port/", "", "amqp://[geheim"])
def test_a_url_that_is_none_is_refused_without_showing_it(url: str, stage: Stage) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        RabbitmqLink(url, stage.topology(stage.here))

    assert "geheim" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_broker_that_hangs_does_not_hold_a_link_that_closes(own_stage: Stage, own_rabbitmq_node: PrivateNode) -> None:
    here, here_hears, _, _ = own_stage.pair()
    own_rabbitmq_node.pause()
    try:
        token = here.publish(own_stage.letter())
        here.close()
    finally:
        own_rabbitmq_node.resume()

    assert here_hears.outcomes[token] == [Outcome.LOST]
    assert here_hears.states[-1] == "down"


def test_a_broker_that_hangs_is_given_up_by_its_missing_heartbeat(
    own_stage: Stage, own_rabbitmq_node: PrivateNode
) -> None:
    hears = Recorder()
    own_stage.open(own_stage.here, hears, LinkOptions(heartbeat=1, connect_timeout=1.0))
    hears.wait_up()

    own_rabbitmq_node.pause()
    try:
        hears.wait_down()
    finally:
        own_rabbitmq_node.resume()

    hears.wait_up(2)
