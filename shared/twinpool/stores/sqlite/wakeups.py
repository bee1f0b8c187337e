"""Telling the active front end, across processes, that something was committed.

The newest listener binds a datagram socket beside the store; whoever commits says there whose logs have grown, and
never waits. A datagram is lost only where the queue is full; a listener that finds so many there takes it that anything
may have changed, so no stream is missed.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Collection
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from twinpool.stores.grown import Grown, read_told, told
from twinpool.stores.sqlite.failures import store_errors
from twinpool.vocabulary.names import Stream

MAX_ADDRESS = 100  #: bytes of a path that surely fit a socket's address, which takes 107
QUEUE = Path("/proc/sys/net/unix/max_dgram_qlen")  #: how many datagrams may wait
MANY = 5  #: datagrams that were waiting, which may have kept others from coming; never more than the queue takes
LARGEST = 8_192  #: bytes of a datagram
MAX_NAME = 60  #: bytes of a file name that surely fit behind /proc/self/fd/…


class _Address:
    """The socket's place: short enough for the kernel, however long the path is.

    A long path is reached through a file descriptor of its directory.
    """

    def __init__(self, store: Path) -> None:
        name = f"{store.name}.wake"
        if len(os.fsencode(name)) > MAX_NAME:
            name = f"{blake2b(os.fsencode(store.name), digest_size=8).hexdigest()}.wake"
        self.path = store.with_name(name)
        self._directory = os.open(store.parent, os.O_PATH) if len(os.fsencode(self.path)) > MAX_ADDRESS else None
        self.short = str(self.path) if self._directory is None else f"/proc/self/fd/{self._directory}/{name}"

    def close(self) -> None:
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None


def _never_blocking() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)


class Bell:
    """Rings for the listener of a store, whichever process it is in."""

    def __init__(self, store: Path) -> None:
        self._store = store
        with store_errors(store):
            self._address = _Address(store)
        self._socket = _never_blocking()

    def ring(self, streams: Collection[Stream] | None = None) -> None:
        """Wake the listener, if there is one, and say whose logs have grown, or (None) that something else has changed.

        Never waits and never fails.
        """
        # Nobody listens (no file, or nobody behind it), or so many have rung that the listener is bound to wake.
        with suppress(OSError):
            self._socket.sendto(told(streams).encode(), self._address.short)

    def listen(self) -> Listener:
        """Be the listener from now on."""
        with store_errors(self._store):
            return Listener(self._store)

    def close(self) -> None:
        """Ring no more."""
        self._socket.close()
        self._address.close()


class Listener:
    """Hears commits, from when it was made until a newer listener of the same store is."""

    def __init__(self, store: Path) -> None:
        self._socket = _never_blocking()
        self._in_use = threading.Lock()  # held while waiting, so that nothing is closed under a waiter
        self._closed = False
        self._heard = Grown()
        self._many = min(MANY, int(QUEUE.read_text(encoding="ascii"))) if QUEUE.exists() else 1
        self._address = _Address(store)
        try:
            self._bind()
            self._file = self._address.path.stat().st_ino
        except BaseException:
            self._socket.close()
            self._address.close()
            raise

    def wait(self, seconds: float) -> bool:
        """Wait until there was a commit since the last call, or the time is over; True if there was."""
        with self._in_use:
            if self._closed:
                return False
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(max(0.0, seconds) * 1000)) and self._drain()

    def grown(self) -> Collection[Stream] | None:
        """Return whose logs have grown, by what was heard; see `Wakeups.grown`."""
        return self._heard.take()

    def close(self) -> None:
        """Stop listening; whoever waits returns at once."""
        self._closed = True
        with suppress(OSError):  # it may be closed already; shutting down wakes the waiter
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._in_use:
            self._socket.close()
            # A newer listener has put its own file there; that one stays.
            with suppress(FileNotFoundError):
                if self._address.path.stat().st_ino == self._file:
                    self._address.path.unlink()
            self._address.close()

    def _bind(self) -> None:
        bound = False
        while not bound:
            self._address.path.unlink(missing_ok=True)
            bound = self._bind_once()

    def _bind_once(self) -> bool:
        try:
            self._socket.bind(self._address.short)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False  # another listener was just as quick; the newer one counts
        return True

    def _drain(self) -> bool:
        heard = 0
        with suppress(BlockingIOError):
            while said := self._socket.recv(LARGEST):
                heard += 1
                self._heard.note(read_told(said.decode(errors="replace")))
        if heard >= self._many:
            self._heard.note(None)
        return heard > 0


__all__ = ["Bell", "Listener"]
