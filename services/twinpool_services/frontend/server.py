"""The HTTP server: uvicorn on a socket of ours, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from twinpool.errors import Refused
from twinpool.security.tls import ServerTls
from twinpool.vocabulary.deployment import FrontEnd
from twinpool_services.frontend.connections import connection_class
from twinpool_services.frontend.limits import Limits

log = logging.getLogger(__name__)

BACKLOG = 512  #: connections that wait to be accepted; all of them may be accepted before the first is looked at


class PortTaken(Refused):
    """The address that the front end listens on cannot be had."""

    hint = "Stop who listens there, or give the front end another port in the deployment file."


def listen(front_end: FrontEnd) -> socket.socket:
    """Bind the front end's address. Raises `PortTaken` with the reason."""
    family = socket.AF_INET6 if ":" in front_end.host else socket.AF_INET
    # The protocol is named, for asyncio turns Nagle's delay (40 ms a request) off only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # So that a restart need not wait for the old connections' last packets.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((front_end.host, front_end.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortTaken(f"{front_end.name} cannot listen on {front_end.listen}: {error.strerror or error}") from error
    return listener


def _tls_options(tls: ServerTls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    options = {"ssl_certfile": str(tls.certificate), "ssl_keyfile": str(tls.key)}
    return options | ({"ssl_ca_certs": str(tls.ca), "ssl_cert_reqs": ssl.CERT_REQUIRED} if tls.asks_callers else {})


class HandshakeBoundLoop(asyncio.SelectorEventLoop):
    """asyncio's event loop, whose servers give up a TLS handshake sooner than after the minute that asyncio waits.

    Who never finishes one is not among the connections that are counted yet, and holds a file of ours all the same.
    """

    def __init__(self, handshake: float) -> None:
        """Wait for a handshake for so many seconds."""
        super().__init__()
        self._handshake = handshake

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """Listen, as asyncio does."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", self._handshake)
        return await super().create_server(*args, **options)


class Server:
    """Serves an application until stopped."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        limits: Limits,
        on_end: Callable[[], None],
        tls: ServerTls | None = None,
    ) -> None:
        """Serve on a bound socket, which is closed in the end; `on_end` is called however serving ends."""
        self._listener, self._grace, self._on_end = listener, limits.grace, on_end
        config = uvicorn.Config(
            app,
            access_log=False,
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            lifespan="off",
            ws="none",
            http=connection_class(limits),
            loop=partial(HandshakeBoundLoop, limits.head),  # type: ignore[arg-type]  # what is no name is taken as it is
            backlog=BACKLOG,
            timeout_graceful_shutdown=max(1, round(limits.grace)),
            server_header=False,
            **_tls_options(tls),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        """Begin to serve; what comes before it is ready waits in the socket's queue."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, finish those under way within the grace, cut off the others."""
        self._server.should_exit = True
        self._thread.join(self._grace + 2.0)
        if self._thread.is_alive():
            log.warning("the HTTP server has not ended in time", extra={"event": "http.slow_stop"})
        self._listener.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception:  # Whatever it was, a front end without a server must not live on.
            log.exception("the HTTP server failed", extra={"event": "http.failed"})
        finally:
            self._on_end()
