"""Call forwarding rules of users: a module that is not part of Twinpool."""

from __future__ import annotations

from twinpool.errors import InvalidRecord
from twinpool.modules.module import Category, RecordModule
from twinpool.modules.record_rules import check_owner
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import ModuleName

WHEN = {"always", "busy", "no-answer"}


class CallForwarding(RecordModule):
    """Owner: a user. Key: when to forward. Value: the SIP address to forward to."""

    name = ModuleName("UserServices.CallForwarding")
    short_name = "CallForwarding"
    category = Category.USER_DATA

    def check(self, change: Change) -> None:
        """Take a rule, or the removal of one."""
        check_owner(change.owner)
        if change.key not in WHEN:
            raise InvalidRecord(f"key has to be one of {', '.join(sorted(WHEN))}", field="key")
        if change.value is not None and not change.value.startswith(b"sip:"):
            raise InvalidRecord("value is no SIP address", field="value")
