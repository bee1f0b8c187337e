"""Page tokens: opaque to clients, safe in a URL, and checked when they come back."""

from __future__ import annotations

import base64
import json

from twinpool.errors import Invalid, InvalidParameter
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.vocabulary.change import Record, RecordKey


def page_token(last: Record) -> str:
    """Return what the page after a record begins with."""
    return base64.urlsafe_b64encode(json.dumps([last.owner, last.key]).encode()).decode("ascii")


def read_token(token: str | None) -> RecordKey | None:
    """Read a token; None for the first page. Raises `InvalidParameter` for what was never handed out."""
    if token is None:
        return None
    try:
        owner, key = json.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
        check_owner(owner)
        check_key(key)
    except (ValueError, TypeError, RecursionError, Invalid) as error:
        raise InvalidParameter("after is no `next` of a page", field="after") from error
    return RecordKey(owner, key)
