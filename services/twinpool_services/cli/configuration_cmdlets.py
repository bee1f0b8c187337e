"""The cmdlets on the configuration of the backup service."""

from __future__ import annotations

import fnmatch
import json
import sys
from typing import Any

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.configuration import INT32_MAX, SETTINGS, BackupServiceConfiguration
from twinpool.vocabulary.settings import Integer, Kind, Names, Setting, Span
from twinpool_services.cli.backup_cmdlets import BYPASS
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import (
    CONFIRM,
    FORCE,
    SWITCH,
    TEXT,
    WHAT_IF,
    Parameter,
    ParameterType,
    read_switch,
    unused,
)

CONFIGURATION = "BackupServiceConfiguration"

IDENTITY = ParameterType(label="XdsIdentity", read=SETTINGS[0].kind.read)


def get_configuration(client: Client, bound: Bound) -> Outcome:
    """Get the one configuration, unless the filter is for another."""
    filter_ = bound["Filter"]
    if isinstance(filter_, str) and not fnmatch.fnmatchcase("global", filter_.casefold()):
        return Outcome()
    document = client.configuration(local_store=bound.flag("LocalStore"))
    return Outcome(objects=(CmdletObject(CONFIGURATION, document),))


def set_configuration(client: Client, bound: Bound) -> Outcome:
    """Change settings; what is not given stays as it is."""
    settings = wanted_settings(bound)
    if not settings:
        raise InvalidParameter("there is nothing to set; give at least one setting, for example -SyncInterval 00:03:00")
    client.change_configuration(settings)
    if "SyncInterval" not in settings:
        return Outcome()
    warning = (
        "SyncInterval decides how much a disaster may lose (the recovery point objective) and how the load of the "
        "backup service is spread; change it only if you have to."
    )
    return Outcome(warnings=(warning,))


def wanted_settings(bound: Bound) -> dict[str, object]:
    """Collect the settings of an instance and those that were named, which count more."""
    named = {
        setting.name: setting.kind.write(bound.given[setting.name])
        for setting in SETTINGS[1:]
        if setting.name in bound.given
    }
    instance = bound["Instance"]
    return {**instance, **named} if isinstance(instance, dict) else named


def remove_configuration(client: Client, _bound: Bound) -> Outcome:
    """Set every setting to its default; the configuration itself cannot be removed."""
    defaults = BackupServiceConfiguration().to_document()
    client.change_configuration({name: value for name, value in defaults.items() if name != "Identity"})
    return Outcome()


def read_rgs_switch(text: str) -> bool:
    """Read whether response groups shall be replicated; they cannot be."""
    if read_switch(text):
        raise ValueError("there are no response groups to be replicated; only $false is possible")
    return False


def read_instance(text: str) -> dict[str, object]:
    """Read an edited configuration: the JSON that the Get cmdlet printed, or `-` for standard input."""
    try:
        document = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise ValueError("must be the JSON of Get-CsBackupServiceConfiguration, or - to read it from input") from error
    if not isinstance(document, dict):
        raise ValueError("must be one JSON object")
    known = {setting.name: setting for setting in SETTINGS}
    if unknown := next((name for name in document if name not in known), None):
        raise ValueError(f"there is no setting {unknown:.60}")
    return {name: known[name].kind.write(known[name].read(value)) for name, value in document.items()}


def _type_of(kind: Kind[Any]) -> ParameterType:
    is_long = isinstance(kind, Integer) and kind.high > INT32_MAX
    label = {Integer: "Int64" if is_long else "Int32", Span: "TimeSpan", Names: "String[]"}.get(type(kind), "String")
    return ParameterType(label=label, read=kind.read, is_list=isinstance(kind, Names))


def _parameter_of(setting: Setting[Any]) -> Parameter:
    limits = setting.kind.expected
    return Parameter(
        name=setting.name,
        type=_type_of(setting.kind),
        help=f"{setting.meaning} {limits[0].upper()}{limits[1:]}.",
    )


def _identity(set_name: str) -> Parameter:
    return Parameter(
        name="Identity",
        type=IDENTITY,
        default="Global",
        position=0,
        sets=frozenset({set_name}),
        help="Only global is valid: there is one configuration for the whole deployment.",
    )


CMDLETS = (
    Cmdlet(
        name="Get-CsBackupServiceConfiguration",
        synopsis="Shows the configuration of the backup service.",
        parameters=(
            _identity("Identity"),
            Parameter(
                name="Filter", type=TEXT, sets=frozenset({"Filter"}), help="Wildcard on the identity, for example g*."
            ),
            Parameter(
                name="LocalStore",
                type=SWITCH,
                default=False,
                help="Take the replica of any pool that answers, not the Central Management store.",
            ),
        ),
        run=get_configuration,
        examples=("Get-CsBackupServiceConfiguration", "Get-CsBackupServiceConfiguration -LocalStore --format json"),
    ),
    Cmdlet(
        name="Set-CsBackupServiceConfiguration",
        synopsis="Changes the configuration of the backup service; all pools take it up without a restart.",
        parameters=(
            _identity("Identity"),
            Parameter(
                name="Instance",
                type=ParameterType(label="PSObject", read=read_instance, takes_objects=True),
                sets=frozenset({"Instance"}),
                by_value=True,
                help="What Get-CsBackupServiceConfiguration printed as JSON, edited; - reads it from input.",
            ),
            *(_parameter_of(setting) for setting in SETTINGS[1:]),
            unused(
                "MaxHighPriQueuePercentagePerUserStoreSync",
                ParameterType(label="Int32", read=Integer(0, 100).read),
                "a stream is sent in its one order, and has no queue of higher priority; it is not kept",
            ),
            Parameter(
                name="EnableRgsBackupService",
                type=ParameterType(label="Boolean", read=read_rgs_switch),
                help="Only $false: there are no response groups to be replicated.",
            ),
            BYPASS,
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=set_configuration,
        action=lambda bound: "set " + ", ".join(f"{name} to {value}" for name, value in wanted_settings(bound).items()),
        examples=(
            "Set-CsBackupServiceConfiguration -SyncInterval 00:03:00",
            "Set-CsBackupServiceConfiguration -AuthorizedUniversalGroups RTCUniversalServerAdmins,CSAdministrator",
        ),
    ),
    Cmdlet(
        name="Remove-CsBackupServiceConfiguration",
        synopsis="Sets every setting of the backup service to its default; there is always a configuration.",
        parameters=(
            Parameter(
                name="Identity",
                type=IDENTITY,
                mandatory=True,
                position=0,
                by_property_name=True,
                help="Only global is valid: there is one configuration for the whole deployment.",
            ),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=remove_configuration,
        action=lambda _bound: "set every setting of the backup service to its default",
        examples=(
            "Remove-CsBackupServiceConfiguration -Identity global -WhatIf",
            "Get-CsBackupServiceConfiguration | Remove-CsBackupServiceConfiguration",
        ),
    ),
)
