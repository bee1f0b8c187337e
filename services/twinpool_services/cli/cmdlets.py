"""All cmdlets there are."""

from __future__ import annotations

from twinpool_services.cli import (
    access_cmdlets,
    archive_cmdlets,
    backup_cmdlets,
    cms_cmdlets,
    configuration_cmdlets,
    failover_cmdlets,
    topology_cmdlets,
    user_data_cmdlets,
    verification_cmdlets,
)
from twinpool_services.cli.cmdlet import Cmdlets

CMDLETS = Cmdlets(
    (
        *backup_cmdlets.CMDLETS,
        *configuration_cmdlets.CMDLETS,
        *user_data_cmdlets.CMDLETS,
        *archive_cmdlets.CMDLETS,
        *verification_cmdlets.CMDLETS,
        *failover_cmdlets.CMDLETS,
        *cms_cmdlets.CMDLETS,
        *topology_cmdlets.CMDLETS,
        *access_cmdlets.CMDLETS,
    )
)
