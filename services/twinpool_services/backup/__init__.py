"""The backup service: election, export, import, status. What other services may use is named here."""

from twinpool_services.backup.configurations import Configurations
from twinpool_services.backup.log_hold import LogHold
from twinpool_services.backup.roles import initial_homes, paired_homes
from twinpool_services.backup.service import BackupService
from twinpool_services.backup.status import read_status, unreadable_status
from twinpool_services.backup.verification.wishes import find_verification, request_verification

__all__ = [
    "BackupService",
    "Configurations",
    "LogHold",
    "find_verification",
    "initial_homes",
    "paired_homes",
    "read_status",
    "request_verification",
    "unreadable_status",
]
