"""The backup service's configuration as this pool knows it: its local replica of the CMS document."""

from __future__ import annotations

import json
import logging
import threading
import time

from twinpool.errors import Invalid, StoreUnavailable
from twinpool.ports.store import Records
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.names import Stream

log = logging.getLogger(__name__)

FRESH_FOR = 1.0  #: seconds that a reading is good for


class Configurations:
    """Reads the configuration again every second, so that a change takes effect without a restart."""

    def __init__(self, store: Records, stream: Stream) -> None:
        """Read from the CMS stream of this pool's store."""
        self.stream, self._store = stream, store
        self._guard = threading.Lock()
        self._current = BackupServiceConfiguration()
        self._read_at = float("-inf")

    def current(self) -> BackupServiceConfiguration:
        """Return it, at most a second old; the last one known while the store does not answer."""
        with self._guard:
            if time.monotonic() - self._read_at >= FRESH_FOR:
                self._read_again()
            return self._current

    def forget(self) -> None:
        """Read again at the next call: it has just been changed."""
        with self._guard:
            self._read_at = float("-inf")

    def _read_again(self) -> None:
        self._read_at = time.monotonic()
        try:
            document = self._store.read(self.stream, CONFIGURATION_RECORD)
            if document is not None:
                self._current = BackupServiceConfiguration.from_document(json.loads(document))
        except (StoreUnavailable, Invalid, ValueError) as error:
            log.warning("configuration not read: %s", error, extra={"event": "configuration.unreadable"})
