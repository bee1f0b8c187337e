"""Telling the other processes of the pool that something was committed, and hearing it from them."""

from __future__ import annotations

import logging
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress

import psycopg

from twinpool.errors import StoreUnavailable
from twinpool.stores.grown import Grown, read_told, told
from twinpool.stores.postgresql.connections import Connection, Connections
from twinpool.stores.postgresql.failures import reason_of
from twinpool.stores.postgresql.statements import SQL
from twinpool.vocabulary.names import Stream

log = logging.getLogger(__name__)

CHANNEL = "twinpool_commit"
PAUSE = 0.005  #: seconds from one NOTIFY to the next at least
RINGS = 1 << 20  #: more rings than a socket holds
RETRY_SECONDS = 1.0  #: seconds between attempts to connect again


class Bell:
    """Something to ring from any thread, that a thread can wait for together with a socket."""

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair()
        self._inner.settimeout(0)
        self._outer.settimeout(0)

    def ring(self) -> None:
        """Ring; ringing again before it was heard changes nothing."""
        with suppress(BlockingIOError, OSError):  # it has been ringing for long, or was just taken away
            self._outer.send(b"!")

    def silence(self) -> bool:
        """Say whether it was rung since the last call."""
        try:
            return bool(self._inner.recv(RINGS))
        except BlockingIOError:
            return False

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._inner.fileno()

    def close(self) -> None:
        """Take the bell away."""
        self._inner.close()
        self._outer.close()


class Notifier:
    """Says NOTIFY for the commits of this process, on a connection and a thread of its own.

    NOTIFY takes a lock that is global to the server until its transaction has committed, so it never stands in a
    transaction that writes. Listeners in this process are rung directly.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._sender = secrets.token_hex(8)
        self._listeners: set[Listener] = set()
        self._grown = Grown()  # by what no NOTIFY has told yet
        self._unsaid = threading.Event()  # something was committed that no NOTIFY has told yet
        self._wanted = threading.Event()  # the thread has something to do
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def announce(self, streams: Collection[Stream] | None = None) -> None:
        """Say that the logs of streams have grown, or (None) that something else was committed; returns at once."""
        for listener in tuple(self._listeners):
            listener.heard.note(streams)
            listener.bell.ring()
        self._grown.note(streams)  # Before it is seen whether a NOTIFY is on its way: that takes what is here by then.
        if self._unsaid.is_set():
            return
        self._unsaid.set()
        self._wanted.set()
        if self._thread is None:
            self._start()

    def listen(self) -> Listener:
        """Add a listener to the commits of all processes."""
        listener = Listener(self._connections, self._sender, self._listeners.discard)
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """Say what is still to be said, then stop announcing and listening."""
        self._stopped.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        for listener in tuple(self._listeners):
            listener.close()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="twinpool-notifier", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set() or self._unsaid.is_set():
            try:
                self._notify_while_connected()
            except StoreUnavailable as error:
                log.info("cannot notify for now: %s", error, extra={"event": "store.notify.delayed"})
                if self._stopped.wait(RETRY_SECONDS):
                    return

    def _notify_while_connected(self) -> None:
        with self._connections.errors(), self._connections.dedicated() as connection:
            while self._wanted.wait():
                self._wanted.clear()
                if self._unsaid.is_set():
                    self._notify(connection)
                if self._stopped.wait(PAUSE) and not self._unsaid.is_set():
                    return

    def _notify(self, connection: Connection) -> None:
        self._unsaid.clear()  # before the NOTIFY: a commit from here on asks for another one
        streams = self._grown.take()
        try:
            connection.execute(SQL["notify"], {"channel": CHANNEL, "told": f"{self._sender} {told(streams)}"})
        except psycopg.OperationalError:
            self._grown.note(streams)
            self._unsaid.set()
            self._wanted.set()
            raise


class Listener:
    """Hears the commits of all processes of the pool.

    After a connection was lost and opened again, `wait` returns True, for nobody knows what was missed meanwhile.
    """

    def __init__(self, connections: Connections, sender: str, forget: Callable[[Listener], None]) -> None:
        self.bell = Bell()
        self.heard = Grown()
        self._connections = connections
        self._own_sender = sender
        self._forget = forget
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._connection: Connection | None = None
        self._connect()

    def wait(self, seconds: float) -> bool:
        """Wait until there was a commit since the last call, or the time is over; True if there was."""
        deadline = time.monotonic() + seconds
        with self._using:
            while not self._closed.is_set():
                if self._connection is None and self._reconnected():
                    return True
                remaining = max(0.0, deadline - time.monotonic())
                patience = remaining if self._connection is not None else min(remaining, RETRY_SECONDS)
                if self._hears_within(patience):
                    return True
                if remaining == 0.0:
                    break
        return False

    def grown(self) -> Collection[Stream] | None:
        """Return whose logs have grown, by what was heard; see `Wakeups.grown`."""
        return self.heard.take()

    def close(self) -> None:
        """Stop listening; a `wait` under way returns."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.bell.ring()
        self._forget(self)
        with self._using:
            if self._connection is not None:
                self._connection.close()
            self.bell.close()

    def _connect(self) -> None:
        connection = self._connections.dedicated()
        with self._connections.errors():
            connection.execute(f"LISTEN {CHANNEL}".encode())
        self._connection = connection

    def _reconnected(self) -> bool:
        try:
            self._connect()
        except StoreUnavailable as error:
            log.info("cannot listen for now: %s", error, extra={"event": "store.listen.delayed"})
            return False
        self.heard.note(None)  # Nobody knows what was missed.
        return True

    def _hears_within(self, seconds: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self.bell, selectors.EVENT_READ)
            if self._connection is not None:
                selector.register(self._connection.fileno(), selectors.EVENT_READ)
            selector.select(seconds)
        rung = self.bell.silence()
        return self._notified() or rung  # both are asked, so that neither is heard twice

    def _notified(self) -> bool:
        if self._connection is None:
            return False
        try:
            notices = list(self._connection.notifies(timeout=0))
        except psycopg.OperationalError as error:
            log.info("listening again soon: %s", reason_of(error), extra={"event": "store.listen.lost"})
            self._connection.close()
            self._connection = None
            return False
        parts = [notice.payload.partition(" ") for notice in notices]
        others = [what for sender, _, what in parts if sender != self._own_sender]
        for what in others:
            self.heard.note(read_told(what))
        return bool(others)


__all__ = ["Listener", "Notifier"]
