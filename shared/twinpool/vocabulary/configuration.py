"""The configuration of the backup service: one for the whole deployment, kept in the Central Management store."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from twinpool.errors import InvalidConfiguration, InvalidParameter
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.settings import GlobalIdentity, Integer, Names, Setting, Span, SyncTrigger, Trigger

#: Where it lies in the stream of `CentralMgmt.CMSMaster`.
CONFIGURATION_RECORD = RecordKey("configuration", "BackupService/Global")

KIB, MIB, GIB = 1024, 1024**2, 1024**3
INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupServiceConfiguration:
    """What `Get-CsBackupServiceConfiguration` shows. Every value that exists is within its range.

    The first eight are the original's, with its defaults; the others are ours. A value is checked when it is made,
    which raises `InvalidParameter` naming the setting.
    """

    identity: str = "Global"
    sync_interval: timedelta = timedelta(minutes=2)
    max_concurrent_calls: int = 10
    authorized_universal_groups: tuple[str, ...] = ("RTCUniversalServerAdmins",)
    authorized_local_accounts: tuple[str, ...] = ("Network Service",)
    max_batches_per_cms_sync: int = 500
    max_batches_per_user_store_sync: int = 500
    max_data_conf_package_size_kb: int = 102_400

    sync_trigger: SyncTrigger = SyncTrigger.EVENT
    linger: timedelta = timedelta(milliseconds=20)
    ack_timeout: timedelta = timedelta(seconds=30)
    max_changes_per_batch: int = 10_000
    max_batch_bytes: int = 4 * MIB
    window: int = 8
    log_retention_bytes: int = 4 * GIB
    log_retention_age: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        """Check each value, and put it into its one form."""
        for setting in SETTINGS:
            object.__setattr__(self, setting.field, setting.read(getattr(self, setting.field)))

    def changed(self, /, **settings: object) -> Self:
        """Return a configuration with other values, given by their PowerShell names.

        Values may be typed or text: `changed(SyncInterval="00:03:00")`. Raises `InvalidParameter` naming the setting.
        """
        known = {setting.name: setting for setting in SETTINGS}
        if (unknown := next((name for name in settings if name not in known), None)) is not None:
            raise InvalidParameter(f"there is no setting {unknown:.60}", field=unknown)
        values: dict[str, Any] = {known[name].field: known[name].read(given) for name, given in settings.items()}
        return dataclasses.replace(self, **values)

    def to_document(self) -> dict[str, object]:
        """Return what JSON can hold, by PowerShell name, in the order of the table."""
        return {setting.name: setting.kind.write(getattr(self, setting.field)) for setting in SETTINGS}

    @classmethod
    def from_document(cls, document: object) -> Self:
        """Read what `to_document` wrote. A setting that is missing has its default, an unknown one is an error.

        Raises `InvalidConfiguration` naming the setting.
        """
        if not isinstance(document, Mapping) or not all(isinstance(name, str) for name in document):
            raise InvalidConfiguration("the backup service's configuration is not a JSON object")
        try:
            return cls().changed(**document)
        except InvalidParameter as error:
            raise InvalidConfiguration(f"backup service's configuration: {error}", field=error.field) from error


#: Every setting, in the order in which it is shown.
SETTINGS: tuple[Setting[Any], ...] = (
    Setting(
        name="Identity",
        field="identity",
        kind=GlobalIdentity(),
        meaning="Which configuration; there is only the global one.",
    ),
    Setting(
        name="SyncInterval",
        field="sync_interval",
        kind=Span(timedelta(seconds=5), timedelta(hours=3)),
        meaning="Deadline that SteadyState is judged by. Longer means that a disaster may lose more, and another load.",
    ),
    Setting(
        name="MaxConcurrentCalls",
        field="max_concurrent_calls",
        kind=Integer(1, 1_000),
        meaning="Management calls that a front end answers at the same time.",
    ),
    Setting(
        name="AuthorizedUniversalGroups",
        field="authorized_universal_groups",
        kind=Names(),
        meaning="Groups whose members may call the backup service.",
    ),
    Setting(
        name="AuthorizedLocalAccounts",
        field="authorized_local_accounts",
        kind=Names(),
        meaning="Local users and groups who may call the backup service.",
    ),
    Setting(
        name="MaxBatchesPerCmsSync",
        field="max_batches_per_cms_sync",
        kind=Integer(1, INT32_MAX),
        meaning="Batches that the CMS module exports in one cycle at most.",
    ),
    Setting(
        name="MaxBatchesPerUserStoreSync",
        field="max_batches_per_user_store_sync",
        kind=Integer(1, INT32_MAX),
        meaning="Batches that each module of user data exports in one cycle at most.",
    ),
    Setting(
        name="MaxDataConfPackageSizeKB",
        field="max_data_conf_package_size_kb",
        kind=Integer(1_024, INT32_MAX),  # Content travels in chunks of 1 MiB; less would never get one through.
        meaning="Conference content that is sent in one cycle at most, in KiB.",
    ),
    Setting(
        name="SyncTrigger",
        field="sync_trigger",
        kind=Trigger(),
        meaning="Event: a commit is sent after Linger. Interval: everything is collected at each SyncInterval.",
    ),
    Setting(
        name="Linger",
        field="linger",
        kind=Span(timedelta(0), timedelta(seconds=10)),
        meaning="How long a batch that is not full waits for more changes after its first.",
    ),
    Setting(
        name="AckTimeout",
        field="ack_timeout",
        kind=Span(timedelta(seconds=1), timedelta(minutes=10)),
        meaning="Without an acknowledgement for so long, the export state is ErrorState.",
    ),
    Setting(
        name="MaxChangesPerBatch",
        field="max_changes_per_batch",
        kind=Integer(1, 1_000_000),
        meaning="Changes in one batch at most.",
    ),
    Setting(
        name="MaxBatchBytes",
        field="max_batch_bytes",
        kind=Integer(KIB, 12 * MIB),  # RabbitMQ 4 takes messages up to 16 MiB by default.
        meaning="Bytes of changes in one batch at most, before compression.",
    ),
    Setting(
        name="Window",
        field="window",
        kind=Integer(1, 1_000),
        meaning="Batches that may be unacknowledged at the same time.",
    ),
    Setting(
        name="LogRetentionBytes",
        field="log_retention_bytes",
        kind=Integer(MIB, 2**63 - 1),
        meaning="Size to which the log of a stream is kept for a partner that is away.",
    ),
    Setting(
        name="LogRetentionAge",
        field="log_retention_age",
        kind=Span(timedelta(minutes=1), timedelta(days=3650)),
        meaning="Age to which the log of a stream is kept for a partner that is away.",
    ),
)
