"""Turns the problem documents of a front end (RFC 9457) back into our errors."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import twinpool.errors
from twinpool.errors import (
    HomeNotServed,
    Invalid,
    InvalidParameter,
    NotAuthenticated,
    NotAuthorised,
    NotFound,
    Refused,
    Transient,
    TwinpoolError,
)

TYPE_PREFIX = "urn:twinpool:problem:"

#: What an error is when its name says nothing to us, by HTTP status.
_BY_STATUS: Mapping[int, type[TwinpoolError]] = {
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidParameter,
    HTTPStatus.BAD_REQUEST: InvalidParameter,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: twinpool.errors.TooLarge,
    HTTPStatus.UNAUTHORIZED: NotAuthenticated,
    HTTPStatus.FORBIDDEN: NotAuthorised,
    HTTPStatus.CONFLICT: Refused,
    HTTPStatus.MISDIRECTED_REQUEST: Refused,
    HTTPStatus.TOO_MANY_REQUESTS: twinpool.errors.TooManyAttempts,
    HTTPStatus.SERVICE_UNAVAILABLE: Transient,
}


def error_of(status: int, document: Mapping[str, object]) -> TwinpoolError:
    """Return the error that a front end has said. Its sentence and its hint are the front end's."""
    detail = _text(document, "detail") or _text(document, "title") or f"HTTP status {status}"
    serving_pool = _text(document, "serving_pool")
    error: TwinpoolError
    if serving_pool:
        error = HomeNotServed("this", serving_pool)
        error.args = (detail,)
    else:
        kind = _kind(_text(document, "type")) or _BY_STATUS.get(status, TwinpoolError)
        error = kind(detail, field=_text(document, "field")) if issubclass(kind, Invalid) else kind(detail)
    error.hint = _text(document, "hint") or error.hint
    return error


def _kind(type_: str) -> type[TwinpoolError] | None:
    """Find the class of a problem's type, or its nearest relation that is made from a sentence alone."""
    if not type_.startswith(TYPE_PREFIX):
        return None
    name = type_.removeprefix(TYPE_PREFIX).replace("-", "").casefold()
    for known, kind in vars(twinpool.errors).items():
        if known.casefold() == name and isinstance(kind, type) and issubclass(kind, TwinpoolError):
            return next(one for one in kind.__mro__ if issubclass(one, TwinpoolError) and _takes_a_sentence(one))
    return None


def _takes_a_sentence(kind: type[TwinpoolError]) -> bool:
    return kind.__init__ in {TwinpoolError.__init__, Invalid.__init__}


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
