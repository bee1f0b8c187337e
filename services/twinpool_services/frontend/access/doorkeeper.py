"""Finds out who calls: by a principal's token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import Executor

from twinpool.errors import NotAuthenticated
from twinpool.vocabulary.security import Security
from twinpool_services.frontend.access.callers import ANYBODY, Caller
from twinpool_services.frontend.access.token_book import TokenBook

Headers = Iterable[tuple[bytes, bytes]]

_SCHEME = "bearer "
LONGEST = 16 * 1024  #: of a token


class Doorkeeper:
    """Knows everybody who may come in. Used from the event loop alone."""

    def __init__(self, security: Security, threads: Executor) -> None:
        """Read who there is. Raises `InvalidConfiguration`."""
        self._threads = threads
        self._book = TokenBook(security.principals) if security.required else None
        self._looking: asyncio.Future[None] | None = None

    def recognise(self, headers: Headers) -> Caller | None:
        """Say who calls, as far as that can be known at once; None if a longer look is needed."""
        if self._book is None:
            return ANYBODY
        if self._book.is_stale:
            self._look_again()
        token = token_of(headers)
        return self._book.find(token) if token else None

    async def identify(self, headers: Headers) -> Caller:
        """Say who calls, however long that takes. Raises `NotAuthenticated`."""
        token = token_of(headers)
        if not token:
            raise NotAuthenticated("this needs a token: Authorization: Bearer …")
        if self._book is not None:
            await self._look_again()  # The token may have been made just now.
            if (caller := self._book.find(token)) is not None:
                return caller
        raise NotAuthenticated("the token is not valid, or not any more")

    def _look_again(self) -> asyncio.Future[None]:
        """Have a thread look at the principals file; those who want that at the same time share one look."""
        book = self._book
        if self._looking is None or self._looking.done():
            loop = asyncio.get_running_loop()
            self._looking = loop.run_in_executor(self._threads, book.look_again if book else lambda: None)
        return self._looking


def token_of(headers: Headers) -> str:
    """Return the bearer token of a request; empty if there is none, or more than one."""
    found = [value for name, value in headers if name == b"authorization"]
    if len(found) != 1 or len(found[0]) > LONGEST:
        return ""
    text = found[0].decode("latin-1")
    return text[len(_SCHEME) :].strip() if text[: len(_SCHEME)].lower() == _SCHEME else ""
