"""What went wrong, in words for an operator. Addresses may stand in them; passwords never do."""

from __future__ import annotations

import socket

import pika.connection
import pika.exceptions
from pika.adapters.utils import connection_workflow

INEQUIVALENT = 406  #: AMQP's PRECONDITION_FAILED


def reason_of(error: BaseException | None, parameters: pika.connection.Parameters) -> str:
    """Say in one sentence why a connection or channel could not be had, or went."""
    where = f"{parameters.host}:{parameters.port}"
    cause = _innermost(error)
    match cause:
        case pika.exceptions.ProbableAuthenticationError() | pika.exceptions.AuthenticationError():
            return f"RabbitMQ at {where} refuses the user or the password of the broker URL"
        case pika.exceptions.ProbableAccessDeniedError():
            return f"RabbitMQ at {where} refuses virtual host {parameters.virtual_host!r} to the broker URL's user"
        case pika.exceptions.ChannelClosedByBroker(reply_code=code, reply_text=text) if code == INEQUIVALENT:
            return (
                f"RabbitMQ at {where} refuses: {text}. If it is a queue that was declared with other arguments, "
                "delete it (rabbitmqctl delete_queue NAME); it is declared anew by itself"
            )
        case pika.exceptions.ChannelClosed() | pika.exceptions.ConnectionClosed():
            return f"RabbitMQ at {where} closed it: {cause.reply_code} {cause.reply_text}"
        case socket.gaierror():
            return f"RabbitMQ's host {parameters.host!r} is unknown: {cause.strerror}"
        case OSError():
            return f"no connection to RabbitMQ at {where}: {cause.strerror or cause}"
        case pika.exceptions.AMQPHeartbeatTimeout():
            return f"RabbitMQ at {where} has been silent for too long"
        case _:
            return f"connection to RabbitMQ at {where} lost: {_words(cause)}"


def _innermost(error: BaseException | None) -> BaseException | None:
    """Peel off what pika wraps around the cause while it connects."""
    match error:
        case connection_workflow.AMQPConnectionWorkflowFailed(exceptions=[*_, last]):
            return _innermost(last)
        case connection_workflow.AMQPConnectorPhaseErrorBase(exception=inner):
            return _innermost(inner)
        case pika.exceptions.AMQPConnectionError(args=[BaseException() as inner, *_]):
            return _innermost(inner)
        case _:
            return error


def _words(error: BaseException | None) -> str:
    if error is None:
        return "no reason given"
    text = ", ".join(str(argument) for argument in error.args)
    return f"{type(error).__name__} {text}".strip()
