"""What went wrong, as a problem document (RFC 9457) with the status that tells the client what to do.

The class of an error decides: 401 say who you are, 421 go to another pool, 503 try again, 422 correct the field, 404
there is no such thing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from twinpool.errors import (
    ContentMissing,
    HomeNotServed,
    HomeReadOnly,
    Invalid,
    NotAuthenticated,
    NotAuthorised,
    NotFound,
    Overtaken,
    Refused,
    TooLarge,
    TooManyAttempts,
    Transient,
    TwinpoolError,
)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="twinpool"'
RETRY_AFTER = 1.0  #: seconds; a read-only home or a store that does not answer is looked at again so soon

AddressesOf = Callable[[str], Sequence[str]]  #: base URLs of the front ends of a pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem document."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"  #: `urn:twinpool:problem:` and the name of our error; blank if HTTP says it all
    hint: str = ""  #: what an operator can do about it
    field: str = ""  #: which part of the request is to blame
    serving_pool: str | None = None  #: who serves the home, if not we
    serving_addresses: tuple[str, ...] = ()  #: base URLs of that pool's front ends
    retry_after: float | None = None  #: seconds; only where trying again may help
    challenge: str = ""  #: how to say who asks
    extra: Mapping[str, object] | None = None  #: further members of the document

    def document(self) -> dict[str, object]:
        """Return the members; those that say nothing are left out."""
        members: dict[str, object] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "field": self.field,
            "serving_pool": self.serving_pool,
            "serving_addresses": list(self.serving_addresses),
            **(self.extra or {}),
        }
        return {name: value for name, value in members.items() if value not in ("", None, [])}

    def body(self) -> bytes:
        """Return the document as JSON; a lone surrogate in a name is escaped, so that this cannot fail."""
        return json.dumps(self.document()).encode("ascii")

    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        headers = {"WWW-Authenticate": self.challenge} if self.challenge else {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return headers


def problem_of(error: TwinpoolError, addresses_of: AddressesOf) -> Problem:
    """Say an error of ours to a client."""
    plain = Problem(
        status=status_of(error),
        title=_words(type(error).__name__),
        detail=str(error),
        type="urn:twinpool:problem:" + _words(type(error).__name__).lower().replace(" ", "-"),
        hint=error.hint,
    )
    match error:
        case HomeNotServed(serving_pool=str(pool)):
            return replace(plain, serving_pool=pool, serving_addresses=tuple(addresses_of(pool)))
        case Invalid(field=name):
            return replace(plain, field=name)
        case NotAuthenticated():
            return replace(plain, challenge=CHALLENGE)
        case TooManyAttempts(retry_after=seconds):
            return replace(plain, retry_after=seconds)
        case HomeReadOnly() | Transient() | Overtaken():
            return replace(plain, retry_after=RETRY_AFTER)
        case _:
            return plain


def status_of(error: TwinpoolError) -> int:
    """Choose the HTTP status of an error of ours."""
    match error:
        case HomeNotServed():
            return HTTPStatus.MISDIRECTED_REQUEST
        case NotAuthenticated():
            return HTTPStatus.UNAUTHORIZED
        case NotAuthorised():
            return HTTPStatus.FORBIDDEN
        case TooManyAttempts():
            return HTTPStatus.TOO_MANY_REQUESTS
        case HomeReadOnly() | Transient() | Overtaken() | ContentMissing():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case TooLarge():
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        case Invalid():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case Refused():
            return HTTPStatus.CONFLICT
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def plain_problem(status: int, detail: str, *, field: str = "") -> Problem:
    """Say what HTTP itself has a word for."""
    return Problem(status=status, title=HTTPStatus(status).phrase, detail=detail, field=field)


def _words(name: str) -> str:
    """Turn a class's name into words: HomeReadOnly becomes `Home read only`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()
