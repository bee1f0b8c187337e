"""How we live with two habits of pika: it gives a connection up over one message that it cannot read, and it talks.

Both are changed here and nowhere else.
"""

from __future__ import annotations

import logging

from pika import spec

log = logging.getLogger(__name__)


class TolerantProperties(spec.BasicProperties):  # type: ignore[misc]  # pika has no types
    """Properties that are empty, and say why, where the sender's cannot be read.

    Anybody who may write to a queue can put headers into it that the broker passes on and pika fails on (a NaN, a
    time after the year 9999, deep nesting). pika would drop the connection, the broker would deliver the message
    again, and the stream would stand still. Read as empty, the message is delivered, refused and quarantined.
    """

    UNREADABLE = "x-twinpool-unreadable"  #: header in place of those that could not be read

    def decode(self, encoded: bytes, offset: int = 0) -> TolerantProperties:
        """Read what the sender wrote, if that is possible."""
        try:
            super().decode(encoded, offset)
        except Exception as error:  # noqa: BLE001 - whatever a hostile sender can provoke, see above
            log.warning("headers of a message cannot be read: %r", error, extra={"event": "message.unreadable"})
            self.__init__(headers={self.UNREADABLE: repr(error)})  # type: ignore[misc]  # forgets what was half read
        return self


def read_tolerantly() -> None:
    """Have pika read the properties of every message that way."""
    spec.props[spec.BasicProperties.INDEX] = TolerantProperties


def hush() -> None:
    """Let pika log only what is fatal, unless somebody has set a level: what matters of the rest, we say ourselves."""
    logger = logging.getLogger("pika")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
