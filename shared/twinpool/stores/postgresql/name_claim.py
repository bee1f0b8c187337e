"""A front end's name, held by a session lock of the server."""

from __future__ import annotations

import logging
import threading

from psycopg import errors

from twinpool.errors import NameTaken, StoreUnavailable
from twinpool.stores.postgresql.connections import Connection, Connections
from twinpool.stores.postgresql.ground import lock_number
from twinpool.stores.postgresql.statements import SQL
from twinpool.vocabulary.names import FrontEndName

log = logging.getLogger(__name__)

PATIENCE = b"SET lock_timeout = '1s'"  #: a process that was just killed may take that long to be noticed
CHECK_SECONDS = 2.0  #: how often the connection that holds the name is looked after


class SessionNameClaim:
    """Holds a name until it is released or the process ends: the lock goes with the connection.

    A restart of the server ends the connection, too, so it is looked after, and the name is claimed again.
    """

    def __init__(self, connections: Connections, name: FrontEndName) -> None:
        self._connections = connections
        self._name = name
        self._connection: Connection | None = self._claim()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"twinpool-name-{name}", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give the name back."""
        self._released.set()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _claim(self) -> Connection:
        connection = self._connections.dedicated()
        try:
            with self._connections.errors():
                connection.execute(PATIENCE)
                _lock(connection, self._name)
        except BaseException:  # whatever happened, the connection is nobody's now
            connection.close()
            raise
        return connection

    def _keep(self) -> None:
        while not self._released.wait(CHECK_SECONDS):
            try:
                self._check()
            except StoreUnavailable as error:
                log.info("the name %s waits for the store: %s", self._name, error, extra={"event": "name.waiting"})
            except NameTaken:
                log.error("another process took the name %s", self._name, extra={"event": "name.taken"})

    def _check(self) -> None:
        if self._connection is None:
            self._connection = self._claim()
            return
        try:
            with self._connections.errors():
                self._connection.execute(b"SELECT 1")
        except StoreUnavailable:
            self._connection.close()
            self._connection = None
            self._connection = self._claim()


def _lock(connection: Connection, name: FrontEndName) -> None:
    try:
        connection.execute(SQL["claim_name"], {"lock": lock_number("front end", name)})
    except errors.LockNotAvailable as error:
        raise NameTaken(f"a front end named {name} is already running") from error


__all__ = ["SessionNameClaim"]
