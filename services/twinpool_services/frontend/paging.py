"""Page tokens: opaque to clients, safe in a URL, and checked when they come back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from twinpool.errors import Invalid, InvalidParameter
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.vocabulary.change import Record, RecordKey

MOST = 1_000  #: items of a page
HIGHEST = 2**63 - 1  #: number that a store can hold

T = TypeVar("T")


def page_token(last: Record) -> str:
    """Return what the page after a record begins with."""
    return names_token(last.owner, last.key)


def read_token(token: str | None) -> RecordKey | None:
    """Read a token; None for the first page. Raises `InvalidParameter` for what was never handed out."""
    if token is None:
        return None
    owner, key = read_names(token, 2)
    try:
        check_owner(owner)
        check_key(key)
    except Invalid as error:
        raise _never_handed_out() from error
    return RecordKey(owner, key)


def names_token(*names: str) -> str:
    """Return what the page after an item of these names begins with."""
    return base64.urlsafe_b64encode(json.dumps(names).encode()).decode("ascii")


def read_names(token: str | None, count: int) -> tuple[str, ...]:
    """Read such a token; nothing, which is less than any names, for the first page. Raises `InvalidParameter`."""
    if token is None:
        return ()
    try:
        names = json.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _never_handed_out() from error
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        raise _never_handed_out()
    return tuple(names)


def page_of(
    known: Sequence[T], name_of: Callable[[T], str], after: str | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """Return a page of things that have names, and what the next one begins after; None at the end.

    Raises `InvalidParameter` if nothing has that name.
    """
    begin = 0
    if after is not None:
        names = [name_of(each) for each in known]
        if after not in names:
            raise InvalidParameter("after is no `Next` of a page", field="after")
        begin = names.index(after) + 1
    page = known[begin : begin + limit]
    return page, name_of(page[-1]) if begin + limit < len(known) else None


def _never_handed_out() -> InvalidParameter:
    return InvalidParameter("after is no `next` of a page", field="after")
