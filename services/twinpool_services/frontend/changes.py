"""From what a client sends to a transaction: shape, names, sizes, and what the module takes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing, InvalidRecord, TooLarge
from twinpool.modules.module import Module
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.names import Stream
from twinpool.wire import encode_changes
from twinpool_services.frontend.limits import Limits

_MEMBERS = {"op", "owner", "key", "value"}


class Acceptance:
    """Makes transactions of one stream out of changes that its module takes."""

    def __init__(self, stream: Stream, module: Module, content: ContentStore, limits: Limits) -> None:
        """Check for one stream."""
        self._stream, self._module, self._content, self._limits = stream, module, content, limits

    def transaction(self, changes: Sequence[Change]) -> Transaction:
        """Return the transaction. Raises `InvalidRecord` naming the field, or `TooLarge`."""
        if not changes:
            raise InvalidRecord("a transaction holds at least one change", field="changes")
        if len(changes) > self._limits.transaction_changes:
            raise TooLarge(f"a transaction holds {self._limits.transaction_changes} changes at most", field="changes")
        for number, change in enumerate(changes):
            try:
                self._check(change)
            except InvalidRecord as error:
                if len(changes) == 1:
                    raise
                raise InvalidRecord(f"change {number}: {error}", field=f"changes[{number}].{error.field}") from error
        payload = encode_changes(changes)
        if len(payload) > self._limits.transaction_bytes:
            raise TooLarge(f"a transaction takes {self._limits.transaction_bytes} bytes at most", field="changes")
        return Transaction(stream=self._stream, changes=tuple(changes), payload=payload)

    def _check(self, change: Change) -> None:
        check_owner(change.owner)  # Whatever a plug-in takes, no store can keep these.
        check_key(change.key)
        self._module.check(change)
        for digest in self._module.attachments(change):
            if not self._content.hold(digest):
                raise InvalidRecord(f"{ContentMissing.__doc__} Upload it first: {digest}", field="value")


def changes_of_json(body: bytes) -> list[Change]:
    """Read `{"changes": [{"op": "put", "owner", "key", "value": base64}, {"op": "delete", …}]}`.

    Raises `InvalidRecord` naming the field.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(f"the transaction is no JSON: {error}") from error
    changes = document.get("changes") if isinstance(document, dict) else None
    if not isinstance(changes, list) or len(document) > 1:
        raise InvalidRecord('a transaction is {"changes": […]}', field="changes")
    return [_change(item, number) for number, item in enumerate(changes)]


def _change(item: Any, number: int) -> Change:
    field = f"changes[{number}]"
    if not isinstance(item, dict):
        raise InvalidRecord(f"{field} is no object", field=field)
    op, owner, key, value = item.get("op"), item.get("owner"), item.get("key"), item.get("value")
    if type(owner) is not str or type(key) is not str:
        name = "owner" if type(owner) is not str else "key"
        raise InvalidRecord(f"{field}.{name} has to be a text", field=f"{field}.{name}")
    if item.keys() - _MEMBERS:
        unknown = min(item.keys() - _MEMBERS)
        raise InvalidRecord(f"{field} has an unknown member {unknown!r:.80}", field=field)
    if op == "put":
        return Change(owner, key, _value(value, field))
    if op == "delete" and value is None:
        return Change(owner, key, None)
    wrong = "value" if op == "delete" else "op"
    raise InvalidRecord(f'{field}: op is "put" with a value, or "delete" without', field=f"{field}.{wrong}")


def _value(value: Any, field: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InvalidRecord(f"{field}.value is not base64: {error}", field=f"{field}.value") from error
