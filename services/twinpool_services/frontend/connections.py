"""Connections of clients, bounded in number and in time: whoever dawdles is given up and harms nobody else.

uvicorn by itself waits for ever for the head of a request, and for a client to take its answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
from collections.abc import Callable
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.problems import MEDIA_TYPE, plain_problem

log = logging.getLogger(__name__)

LAST_SECONDS = 2.0  #: for which more is taken from a client that is refused
RESERVED_FILES = 1024  #: that a process may open besides: stores, content, links, and what is being accepted


class Connections:
    """Those that are open; of them, those that can be closed without harm, the one idle for longest first."""

    def __init__(self, at_most: int) -> None:
        """Keep so many at the same time."""
        self.at_most = at_most
        self._open: set[ClientConnection] = set()
        self._idle: dict[ClientConnection, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, one: ClientConnection) -> None:
        """Take one more; at the bound another goes for it, or this one where all are busy."""
        self._open.add(one)
        if len(self._open) > self.at_most:
            given_up = next(iter(self._idle), one)
            self.leave(given_up)
            given_up.cut()

    def idles(self, one: ClientConnection) -> None:
        """Note that no request of a connection is under way."""
        if one in self._open:
            self._idle.setdefault(one)

    def works(self, one: ClientConnection) -> None:
        """Note that a request is under way."""
        self._idle.pop(one, None)

    def leave(self, one: ClientConnection) -> None:
        """Forget a connection."""
        self._open.discard(one)
        self._idle.pop(one, None)


class ClientConnection(H11Protocol):
    """One connection. What is waited for has a deadline: the head of a request, and that an answer is taken."""

    limits: Limits
    others: Connections
    _deadline: asyncio.TimerHandle | None = None  #: of a head, or of the last bytes of a connection that ends
    _stall: asyncio.TimerHandle | None = None  #: of an answer that is not taken
    _refused = False  #: nothing more is read, for what came was no request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.others.enter(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self.others.leave(self)
        self._disarm()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; what is no complete head yet does not stop the clock."""
        if self._refused:
            return  # Taken and thrown away, so that the client gets to read why.
        super().data_received(data)
        if not self._refused:
            self._look()

    def on_response_complete(self) -> None:
        """Go on to the next request, or see that the connection ends."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._linger()
        elif self._is_idle:
            self.others.idles(self)  # uvicorn closes it soon, if nothing comes.

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing more has come."""
        super().timeout_keep_alive_handler()
        self._linger()

    def pause_writing(self) -> None:
        """Begin to wait for a client that takes less than it is sent."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.limits.idle, self._give_up_answer)

    def resume_writing(self) -> None:
        """Go on: the client has taken what there was."""
        super().resume_writing()
        self._taken()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the words of h11, and say whether it was too long."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else HTTPStatus.BAD_REQUEST
        self._refuse(status, str(error) if error is not None else msg)

    def cut(self) -> None:
        """End at once, whatever has not been sent or taken."""
        self.transport.abort()

    # ── deadlines ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _look(self) -> None:
        """See to it that there is a deadline exactly while a head, or the rest of a refused body, is waited for."""
        if not self._is_idle:
            self.others.works(self)
            self._disarm()
        elif not self.transport.is_closing():
            self.others.idles(self)
            if self._deadline is None:
                self._arm(self.limits.head, self._give_up_head)

    def _linger(self) -> None:
        """Give the client a while to take the last bytes of a connection that is being closed."""
        self.others.idles(self)
        self._arm(self.limits.idle, self.cut)

    def _give_up_head(self) -> None:
        if self.conn.trailing_data[0] and self.cycle is None:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the head of the request took more than {self.limits.head:g} s")
        else:
            self.transport.close()
            self._linger()

    def _give_up_answer(self) -> None:
        log.info("a client stopped taking what it asked for; given up", extra={"event": "download.abandoned"})
        self.cut()

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, then)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _taken(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _refuse(self, status: int, detail: str) -> None:
        """Answer before anything of ours has seen the request, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = plain_problem(status, detail)
            body = json.dumps(problem.document()).encode("ascii")
            headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
            head = h11.Response(status_code=status, headers=headers, reason=problem.title.encode("ascii"))
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if not self._is_idle:  # A body that broke off into nonsense: its request is told that the client has gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._refused = True
        self.others.idles(self)
        if self.transport.can_write_eof():  # To close while more is coming would take the answer from the client.
            self.transport.write_eof()
            self._arm(LAST_SECONDS, self.cut)
        else:
            self.transport.close()
            self._linger()


def connection_class(limits: Limits) -> type[ClientConnection]:
    """Return the class of the connections of one server."""
    others = Connections(room_for(limits.connections))
    return type("BoundedConnection", (ClientConnection,), {"limits": limits, "others": others})


def room_for(connections: int) -> int:
    """Let this process open as many files as so many connections take; return how many of them it can really have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, max(soft - RESERVED_FILES, soft // 2))
