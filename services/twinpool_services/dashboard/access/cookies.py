"""The cookies of the dashboard: one that says who somebody is, and one that forms go by before that is known.

Browsers tell cookies apart by host and not by port, and the front ends of a lab share a host. So the names are of the
pool: signing in at one pool does not sign out at the other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from twinpool.vocabulary.names import PoolFqdn

THEME = "twinpool-theme"  #: set by the page itself; says nothing of anybody


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and writes the cookies of one pool."""

    pool: PoolFqdn
    secure: bool  #: under TLS: then they are never sent in clear, and no other host can have set them

    @property
    def session(self) -> str:
        """Name of the cookie that holds a session."""
        return self._name("session")

    @property
    def visit(self) -> str:
        """Name of the cookie that holds a number at random, for forms before a session."""
        return self._name("visit")

    def visit_of(self, held: Mapping[str, str]) -> str:
        """Return the number of a visit; a new one where there is none."""
        found = held.get(self.visit, "")
        return found if len(found) == 32 and found.isalnum() else secrets.token_hex(16)

    def set(self, response: Response, name: str, value: str, seconds: float | None = None) -> None:
        """Have a browser keep a cookie; until it is closed unless a time is named."""
        response.set_cookie(
            name,
            value,
            max_age=None if seconds is None else max(1, int(seconds)),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def forget(self, response: Response, name: str) -> None:
        """Have a browser forget a cookie."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="strict")

    def _name(self, what: str) -> str:
        prefix = "__Host-" if self.secure else ""
        return f"{prefix}twinpool-{what}-{hashlib.sha256(self.pool.encode('utf-8')).hexdigest()[:8]}"
