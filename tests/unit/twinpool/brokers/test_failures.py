from __future__ import annotations

import socket
from typing import Any

import pika
import pytest
from pika import exceptions
from pika.adapters.utils import connection_workflow

from twinpool.brokers.rabbitmq.failures import reason_of

PARAMETERS = pika.URLParameters("amqp://user:geheim@broker.lab:5672/here")


def wrapped(error: BaseException) -> Any:
    """As pika hands it over when a connection could not be made."""
    phase = connection_workflow.AMQPConnectorSocketConnectError(error)
    return exceptions.AMQPConnectionError(connection_workflow.AMQPConnectionWorkflowFailed([phase]))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (wrapped(ConnectionRefusedError(111, "Connection refused")), "broker.lab:5672: Connection refused"),
        (wrapped(socket.gaierror(-2, "Name or service not known")), "'broker.lab' is unknown"),
        (wrapped(TimeoutError("timed out")), "timed out"),
        (exceptions.ProbableAuthenticationError("(403)"), "user or the password"),
        (exceptions.ProbableAccessDeniedError("(530)"), "'here'"),
        (exceptions.ChannelClosedByBroker(406, "inequivalent arg 'x' for queue 'q'"), "delete it"),
        (exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED"), "403 ACCESS_REFUSED"),
        (exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED"), "320 CONNECTION_FORCED"),
        (exceptions.AMQPHeartbeatTimeout("no heartbeat"), "silent"),
        (exceptions.StreamLostError("lost"), "lost"),
        (None, "no reason given"),
    ],
)
def test_a_reason_says_what_happened_and_where_and_never_the_password(error: BaseException | None, says: str) -> None:
    reason = reason_of(error, PARAMETERS)

    assert says in reason
    assert "broker.lab" in reason
    assert "geheim" not in reason
