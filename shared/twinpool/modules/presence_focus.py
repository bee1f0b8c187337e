"""UserServices.PresenceFocus: what users own, such as contacts, settings, presence and conference schedules."""

from __future__ import annotations

from twinpool.modules.module import Category, RecordModule
from twinpool.modules.record_rules import check_key, check_owner, check_size
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import ModuleName


class PresenceFocus(RecordModule):
    """Owner: a user, say `sip:ada@example.com`. Key: `contacts/…`, `settings/…`, `presence`, `conferences/…`.

    Values are opaque, up to 1 MiB.
    """

    name = ModuleName("UserServices.PresenceFocus")
    short_name = "PresenceFocus"
    category = Category.USER_DATA

    def check(self, change: Change) -> None:
        """Check the lengths and characters of owner and key, and the size of the value."""
        check_owner(change.owner)
        check_key(change.key)
        check_size(change.value)
