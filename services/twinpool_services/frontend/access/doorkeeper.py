"""Finds out who calls: by a principal's token, a pass of one of our pools, or a JWT of the trusted issuer."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from twinpool.errors import NotAuthenticated
from twinpool.security.passes import PREFIX as PASS
from twinpool.security.passes import read_pass
from twinpool.security.pool_keys import VerifyKeys
from twinpool.security.principals import Principal
from twinpool.security.roles import POOLS
from twinpool.security.tokens import digest_of
from twinpool.vocabulary.names import Instant, PoolFqdn
from twinpool.vocabulary.security import Security
from twinpool_services.frontend.access.attempts import FailedAttempts
from twinpool_services.frontend.access.callers import ANYBODY, Caller, caller_of_groups
from twinpool_services.frontend.access.issued_tokens import IssuedTokens, is_jwt, seconds_left
from twinpool_services.frontend.access.token_book import TokenBook

Headers = Iterable[tuple[bytes, bytes]]

_SCHEME = "bearer "
LONGEST = 16 * 1024  #: of a token
MOST_REMEMBERED = 2_000  #: callers whose signatures need not be looked at again for a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Somebody who has shown a token once, and is to be known for a while."""

    caller: Caller
    token_digest: str  #: of a token of the principals file; empty for a JWT
    expires: float  #: when the token does, in seconds since 1970; infinite if that is not known beforehand


class Doorkeeper:
    """Knows everybody who may come in. Used from the event loop alone, but for `principals`."""

    def __init__(self, security: Security, threads: Executor, own: PoolFqdn, keys: VerifyKeys) -> None:
        """Read who there is; front ends of pools are known by these keys. Raises `InvalidConfiguration`."""
        self._threads, self._own, self._keys = threads, own, keys
        self._book = TokenBook(security.principals) if security.required else None
        self._issued = IssuedTokens(security.oidc) if security.oidc else None
        self._attempts = FailedAttempts()
        self._remembered: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._looking: asyncio.Future[None] | None = None

    def principals(self) -> tuple[Principal, ...] | None:
        """Read who holds tokens; None where nobody is asked for one. Blocks, and may be called in any thread."""
        if self._book is None:
            return None
        self._book.look_again()
        return self._book.principals

    def recognise(self, headers: Headers) -> Caller | None:
        """Say who calls, as far as that can be known at once; None if a longer look is needed."""
        if self._book is None:
            return ANYBODY
        if self._book.is_stale:
            self._look_again(self._book)
        token = token_of(headers)
        return (self._book.find(token) or self._recall(token)) if token else None

    async def identify(self, headers: Headers, address: str) -> Caller:
        """Say who calls from an address, however long that takes. Raises `NotAuthenticated`, `TooManyAttempts`.

        An address that has shown too much nonsense is asked no further; tokens that are known go on being taken.
        """
        token = token_of(headers)
        if not token:
            raise NotAuthenticated("this needs a token: Authorization: Bearer …")
        return (await self._attempt(token, address)).caller

    async def sign_in(self, token: str, address: str) -> SignIn:
        """Say who shows a token in person; a pool is no person. Raises as `identify` does."""
        if len(token) > LONGEST or not token.isascii() or token.startswith(PASS):
            token = ""
        return await self._attempt(token, address)

    def still_known(self, token_digest: str) -> Caller | None:
        """Return who holds a token of the principals file now; None once it was taken back."""
        if self._book is None:
            return ANYBODY
        if self._book.is_stale:
            self._look_again(self._book)
        return self._book.find_by_digest(token_digest)

    async def _attempt(self, token: str, address: str) -> SignIn:
        self._attempts.check(address)
        try:
            return await self._identify(token)
        except NotAuthenticated:
            self._attempts.note(address)
            raise

    async def _identify(self, token: str) -> SignIn:
        if token.startswith(PASS):
            pool = read_pass(token, self._keys, self._own, Instant(time.time()))
            return SignIn(caller=caller_of_groups(pool, (POOLS,), frozenset()), token_digest="", expires=time.time())
        if self._issued is not None and is_jwt(token):
            loop = asyncio.get_running_loop()
            caller, expires = await loop.run_in_executor(self._threads, self._issued.read, token)
            self._remember(token, caller, seconds_left(expires))
            return SignIn(caller=caller, token_digest="", expires=expires)
        if self._book is not None:
            await self._look_again(self._book)  # The token may have been made just now.
            if (caller_in_book := self._book.find(token)) is not None:
                return SignIn(caller=caller_in_book, token_digest=digest_of(token), expires=math.inf)
        raise NotAuthenticated("the token is not valid, or not any more")

    def _remember(self, token: str, caller: Caller, seconds: float) -> None:
        self._remembered[_digest(token)] = (time.monotonic() + seconds, caller)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def _recall(self, token: str) -> Caller | None:
        if not self._remembered or not is_jwt(token):
            return None
        until, caller = self._remembered.get(_digest(token), (0.0, None))
        return caller if time.monotonic() < until else None

    def _look_again(self, book: TokenBook) -> asyncio.Future[None]:
        """Have a thread look at the principals file; those who want that at the same time share one look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().run_in_executor(self._threads, book.look_again)
        return self._looking


def token_of(headers: Headers) -> str:
    """Return the bearer token of a request; empty if there is none, or more than one."""
    found = [value for name, value in headers if name == b"authorization"]
    if len(found) != 1 or len(found[0]) > LONGEST:
        return ""
    text = found[0].decode("latin-1")
    return text[len(_SCHEME) :].strip() if text[: len(_SCHEME)].lower() == _SCHEME else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("latin-1")).digest()
