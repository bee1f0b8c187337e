"""How many messages were refused because the pool that they name has not vouched for them; told to all front ends."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from twinpool.errors import StoreUnavailable
from twinpool.ports.store import Store
from twinpool.vocabulary.names import Generation, Instant, PoolFqdn
from twinpool.vocabulary.states import UntrustedMessages

log = logging.getLogger(__name__)

NAME = "untrusted-messages"  #: of the document in the pool store


class UntrustedTally:
    """Counts, alarms, and keeps the count in the pool store. `note` is for any thread, `publish` for the worker's."""

    def __init__(self, store: Store, generation: Generation) -> None:
        """Go on from what was counted before. Raises `StoreUnavailable`."""
        self._store, self._generation = store, generation
        before = read_untrusted(store)
        self._count, self._published = (before.count, before.count) if before else (0, 0)
        self._last: tuple[PoolFqdn, str] = (PoolFqdn(""), "")
        self._guard = threading.Lock()

    def note(self, speaker: PoolFqdn, queue: str, reason: str) -> None:
        """Count a message that claims to come from a pool, and sound the alarm."""
        with self._guard:
            self._count += 1
            self._last = speaker, reason
            count = self._count
        extra = {"event": "message.untrusted", "speaker": speaker, "queue": queue, "reason": reason, "count": count}
        log.error(
            "SECURITY: a message in %s that claims to come from %s was refused: it %s",
            queue,
            speaker,
            reason,
            extra=extra,
        )

    def publish(self) -> None:
        """Keep the count if it has changed. Raises `StoreUnavailable`, `LeaseLost`."""
        with self._guard:
            count, (speaker, reason) = self._count, self._last
        if count == self._published:
            return
        plain = {"count": count, "speaker": speaker, "reason": reason, "at": self._store.now()}
        self._store.save_operation(NAME, json.dumps(plain).encode(), generation=self._generation)
        self._published = count


def read_untrusted(store: Store) -> UntrustedMessages | None:
    """Return what was counted, None if there never was any. Raises `StoreUnavailable`."""
    document = store.operation(NAME)
    if document is None:
        return None
    try:
        given: Mapping[str, Any] = json.loads(document)
        return UntrustedMessages(
            count=int(given["count"]),
            speaker=PoolFqdn(given["speaker"]),
            reason=str(given["reason"]),
            at=Instant(given["at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreUnavailable(f"the count of refused messages cannot be understood: {error}") from error
