"""The audit trail: management calls and refusals go to the pool's audit log, and to the front end's own."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.audit import AuditEvent
from twinpool.vocabulary.names import FrontEndName, Instant
from twinpool_services.frontend.access.callers import name_in

log = logging.getLogger(__name__)

REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
LONGEST = 500  #: characters of what a request says

_ACTION, _DETAIL = "twinpool.action", "twinpool.detail"


class Notes(Protocol):
    """What keeps the audit log."""

    async def note(self, event: AuditEvent) -> None:
        """Keep an event durably. Raises our errors."""


class Bucket:
    """Lets so many through at once, and so many a second after that; counts the others."""

    def __init__(self, size: int, per_second: float) -> None:
        """Begin full."""
        self._size, self._per_second = size, per_second
        self._left, self._at = float(size), time.monotonic()
        self.held_back = 0

    def takes(self) -> bool:
        """Say whether one more may pass."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            self.held_back += 1
            return False
        self._left -= 1
        return True

    def told(self) -> int:
        """Return how many were held back since this was last asked."""
        count, self.held_back = self.held_back, 0
        return count


class AuditTrail:
    """Notes what was answered, before the client hears it. Used from the event loop alone."""

    def __init__(self, front_end: FrontEndName, notes: Notes) -> None:
        """Note on behalf of a front end. Who is refused again and again is not to fill the store."""
        self._front_end, self._notes = front_end, notes
        self._refusals = Bucket(50, 2.0)

    async def follow(self, scope: Mapping[str, Any], status: int) -> None:
        """Note a request that is about to be answered, if it is one to be noted."""
        if status in REFUSALS:
            if not self._refusals.takes():
                return
        elif _ACTION not in scope:
            return
        event = self._event(scope, status)
        log.info(
            "%s: %s, %d",
            event.principal or "somebody unknown",
            event.target,
            status,
            extra={"event": "audit", "principal": event.principal, "address": event.address, "action": event.action},
        )
        try:
            await self._notes.note(event)
        except TwinpoolError as error:
            log.error("not noted in the audit log: %s", error, extra={"event": "audit.not_noted", "reason": str(error)})

    def _event(self, scope: Mapping[str, Any], status: int) -> AuditEvent:
        detail = str(scope.get(_DETAIL, ""))
        if status in REFUSALS and (more := self._refusals.told()):
            detail = f"{more} refusals before this one were not noted one by one. {detail}"
        target = f"{scope['method']} {scope['raw_path'].decode('ascii', 'backslashreplace')}"
        return AuditEvent(
            at=Instant(round(time.time(), 3)),
            front_end=self._front_end,
            principal=name_in(scope),
            address=address_of(scope),
            action=str(scope.get(_ACTION, "")),
            target=target[:LONGEST],
            status=status,
            detail=detail[:LONGEST].strip(),
        )


def address_of(scope: Mapping[str, Any]) -> str:
    """Return where a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_to_be_noted(scope: MutableMapping[str, Any], action: str) -> None:
    """Have a request noted as a management call, however it ends."""
    scope[_ACTION] = action


def is_noted_by_another(scope: MutableMapping[str, Any]) -> None:
    """Have a request not noted a second time: what it asked for was done, and noted, as a call of the API."""
    scope.pop(_ACTION, None)


def say_in_detail(scope: MutableMapping[str, Any], what: object) -> None:
    """Say with a request what it asks for, or why it is refused."""
    text = what if isinstance(what, str) else json.dumps(what)
    scope[_DETAIL] = text[: LONGEST + 1]
