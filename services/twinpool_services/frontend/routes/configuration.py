"""The backup service's configuration: one for the deployment, written at the active CMS master."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Body

from twinpool.modules.cms_master import CmsMaster
from twinpool.vocabulary.change import Change, Committed
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.names import CMS_HOME, Stream
from twinpool_services.frontend.api_docs import READS, WRITES, problems
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.committing import acceptance
from twinpool_services.frontend.context import Context, Here, Place, durable
from twinpool_services.frontend.exact_route import ExactRoute

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

CONFIGURATION = "/v1/backup-configuration"


@router.get(CONFIGURATION, responses=problems(*READS))
async def get_configuration(here: Here) -> dict[str, Any]:
    """Return every setting by its PowerShell name, as this pool's replica of the CMS has it."""
    configuration = await here.in_thread(here.opened.configurations.current)
    return configuration.to_document()


@router.patch(CONFIGURATION, responses=problems(*WRITES))
async def change_configuration(here: Here, settings: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Change some settings; all pools take the change up without a restart."""
    await here.require_writable(CMS_HOME)
    async with here.configuring:  # Two changes at once must not undo each other.
        changed, committing = await here.in_thread(_submit, here, settings)
        await durable(committing)
    here.opened.configurations.forget()
    return changed.to_document()


def _submit(here: Context, settings: dict[str, Any]) -> tuple[BackupServiceConfiguration, Future[Committed]]:
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
    return changed, opened.commits.submit(transaction)
