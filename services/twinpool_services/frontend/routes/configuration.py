"""The backup service's configuration: one for the deployment, written at the active CMS master."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request

from twinpool.modules.cms_master import CmsMaster
from twinpool.security.roles import Role
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.names import CMS_HOME, Stream
from twinpool_services.frontend.access.requirements import require, requires
from twinpool_services.frontend.api_docs import READS, WRITES, json_body, problems
from twinpool_services.frontend.bodies import read_object
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.committing import acceptance
from twinpool_services.frontend.context import Context, Here, Place
from twinpool_services.frontend.exact_route import ExactRoute

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

WHO_MAY_CALL = ("AuthorizedUniversalGroups", "AuthorizedLocalAccounts")

CONFIGURATION = "/v1/backup-configuration"


@router.get(CONFIGURATION, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_configuration(here: Here) -> dict[str, Any]:
    """Return every setting by its PowerShell name, as this pool's replica of the CMS has it."""
    configuration = await here.in_thread(here.opened.configurations.current)
    return configuration.to_document()


@router.patch(
    CONFIGURATION,
    responses=problems(*WRITES),
    openapi_extra=json_body({"type": "object"}),
    dependencies=[requires(Role.ADMINISTER)],
)
async def change_configuration(here: Here, request: Request) -> dict[str, Any]:
    """Change some settings; all pools take the change up without a restart."""
    settings = await read_object(request, here.limits.idle)
    await _require_for(request, here, settings)
    await here.require_writable(CMS_HOME)
    async with here.configuring:  # Two changes at once must not undo each other.
        changed = await here.in_thread(_change, here, settings)
    here.opened.configurations.forget()
    return changed.to_document()


async def _require_for(request: Request, here: Context, settings: dict[str, Any]) -> None:
    """Let nobody but server administrators change who may call the backup service."""
    wanted = {name: value for name, value in settings.items() if name in WHO_MAY_CALL}
    if not wanted:
        return
    current = (await here.in_thread(here.configuration)).to_document()
    if any(value != current[name] for name, value in wanted.items()):  # An edited instance names every setting.
        await require(request, Role.ADMINISTER_SERVERS)


def _change(here: Context, settings: dict[str, Any]) -> BackupServiceConfiguration:
    opened = here.opened
    module = here.module_of(CMS_HOME, CmsMaster.name)
    place = Place(Stream(CMS_HOME, module.name), module)
    written = opened.store.read(place.stream, CONFIGURATION_RECORD)
    current = (
        BackupServiceConfiguration()
        if written is None
        else BackupServiceConfiguration.from_document(json.loads(written))
    )
    changed = current.changed(**settings)
    document = json.dumps(changed.to_document()).encode()
    transaction = acceptance(here, opened, place).transaction((Change(*CONFIGURATION_RECORD, document),))
    opened.commits.commit(transaction)
    return changed
