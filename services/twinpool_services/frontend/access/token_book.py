"""The principals file, as a front end keeps it in memory: looked up by digest, read again when it has changed."""

from __future__ import annotations

import hmac
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from twinpool.errors import InvalidConfiguration
from twinpool.security.principals import Principal, read_principals
from twinpool.security.tokens import digest_of
from twinpool_services.frontend.access.callers import Caller, caller_of_groups

log = logging.getLogger(__name__)

FRESH_FOR = 1.0  #: seconds; a token that is taken back is refused at the latest then


@dataclass(frozen=True, slots=True)
class _Entry:
    digest: bytes
    principal: Principal
    caller: Caller


class TokenBook:
    """Finds who holds a token. `find` costs a digest and a look into a dictionary, and may be called anywhere."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `InvalidConfiguration` if it cannot be; there may be none yet."""
        self._path = path
        self._reading = threading.Lock()
        self._mark = self._mark_of_file()
        self._entries = _entries(read_principals(path))
        self._read_at = time.monotonic()
        if not self._entries:
            log.warning(
                "%s names no principal: every call but those for health is refused; see twinpool principals add",
                path,
                extra={"event": "access.no_principals"},
            )

    @property
    def principals(self) -> tuple[Principal, ...]:
        """Everybody who holds a token, as far as this front end knows."""
        return tuple(entry.principal for entry in self._entries.values())

    @property
    def is_stale(self) -> bool:
        """Whether it is time to look at the file again."""
        return time.monotonic() - self._read_at >= FRESH_FOR

    def find(self, token: str) -> Caller | None:
        """Return who holds a token, None if nobody does, or its time is over."""
        return self.find_by_digest(digest_of(token))

    def find_by_digest(self, digest: str) -> Caller | None:
        """Return who holds the token of a digest, likewise."""
        entry = self._entries.get(digest)
        # The dictionary has compared digests of random tokens, from whose timing nobody learns a token; the last word
        # takes the same time wherever they differ.
        if entry is None or not hmac.compare_digest(entry.digest, digest.encode("ascii")):
            return None
        return None if entry.principal.has_expired(datetime.now(UTC)) else entry.caller

    def look_again(self) -> None:
        """Read the file if it has changed; what cannot be read leaves what was known. Blocks."""
        with self._reading:
            self._read_at = time.monotonic()
            if (mark := self._mark_of_file()) == self._mark:
                return
            try:
                self._entries = _entries(read_principals(self._path))
                log.info("principals read again", extra={"event": "access.principals", "count": len(self._entries)})
            except InvalidConfiguration as error:
                log.error(
                    "principals not read, those known before still count: %s",
                    error,
                    extra={"event": "access.principals_unreadable"},
                )
            self._mark = mark

    def _mark_of_file(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - one system call
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size


def _entries(principals: tuple[Principal, ...]) -> Mapping[str, _Entry]:
    return {
        principal.token_sha256: _Entry(
            principal.token_sha256.encode("ascii"),
            principal,
            caller_of_groups(principal.name, principal.groups, frozenset(principal.homes)),
        )
        for principal in principals
    }
