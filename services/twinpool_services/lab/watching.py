"""Looks at front ends from outside, by HTTP: who is ready, who is the active one, how far the backup has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from twinpool.http_client import client_of
from twinpool.security.credentials import authorization
from twinpool.vocabulary.deployment import Deployment, FrontEnd

Seen = TypeVar("Seen")
Document = Mapping[str, Any]

LOOK = 0.05  #: seconds between two looks
ANSWER = httpx.Timeout(5.0, connect=1.0)


class Watcher:
    """Asks front ends about themselves. One that does not answer is no error here, but nothing seen."""

    def __init__(self, deployment: Deployment) -> None:
        """Open a client with the deployment's own token.

        Front ends of a lab are reached directly, whatever proxy or token the environment names.
        """
        self._http = client_of(deployment, timeout=ANSWER, headers=authorization(deployment, environment={}))
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def is_ready(self, front_end: FrontEnd) -> bool:
        """Say whether clients may be sent to a front end."""
        return self._get(front_end, "/readyz") is not None

    def about(self, front_end: FrontEnd) -> Document | None:
        """Return what a front end says of itself and of the lease; None if it does not answer."""
        return self._get(front_end, "/v1/front-end")

    def active_of(self, front_ends: Iterable[FrontEnd]) -> Document | None:
        """Return the word of the front end that holds the pool's lease; None if none that answers does."""
        said = (self.about(front_end) for front_end in front_ends)
        return next((document for document in said if document is not None and document["Active"]), None)

    def status_of(self, pool: str, front_ends: Iterable[FrontEnd]) -> Document | None:
        """Return the backup status of a pool by any of its front ends; None if none answers."""
        asked = (self._get(front_end, f"/v1/pools/{pool}/backup-status") for front_end in front_ends)
        return next((document for document in asked if document is not None), None)

    def until(self, look: Callable[[], Seen | None], seconds: float) -> Seen | None:
        """Look again and again until something is seen, or the time is over."""
        deadline = time.monotonic() + seconds
        while (seen := look()) is None and time.monotonic() < deadline:
            self._pause.wait(LOOK)
        return seen

    def _get(self, front_end: FrontEnd, path: str) -> Document | None:
        try:
            response = self._http.get(front_end.address + path)
            return dict(response.json()) if response.is_success else None
        except (httpx.HTTPError, ValueError):  # Nobody there, or somebody else: nothing seen.
            return None
