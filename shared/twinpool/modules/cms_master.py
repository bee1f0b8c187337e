"""CentralMgmt.CMSMaster: the JSON documents of the deployment: topology, policies, configuration."""

from __future__ import annotations

import json
from typing import NoReturn

from twinpool.errors import InvalidRecord
from twinpool.modules.module import Category, RecordModule
from twinpool.modules.record_rules import check_key, check_owner, check_size
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import ModuleName


class CmsMaster(RecordModule):
    """Owner: the kind of document (`topology`, `policy`, `configuration`). Key: its name. Value: JSON, up to 1 MiB.

    Written only at the active CMS master, which alone exports it.
    """

    name = ModuleName("CentralMgmt.CMSMaster")
    short_name = "CMSMaster"
    category = Category.CMS

    def check(self, change: Change) -> None:
        """Check owner and key, and that the value is a JSON document in UTF-8."""
        check_owner(change.owner)
        check_key(change.key)
        check_size(change.value)
        if change.value is not None:
            _check_json(change.value)


def _check_json(value: bytes) -> None:
    try:
        json.loads(value.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidRecord("value is nested too deeply", field="value") from error
    except ValueError as error:
        raise InvalidRecord(f"value is no JSON document in UTF-8: {error}", field="value") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
