"""The cmdlets of the backup service."""

from __future__ import annotations

import fnmatch
import json
import sys
from collections.abc import Mapping
from typing import Any

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool.vocabulary.configuration import INT32_MAX, SETTINGS
from twinpool.vocabulary.settings import Integer, Kind, Names, Setting, Span
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
    choice,
)

STATUS = "BackupServiceStatus"
MODULE = "BackupModule"
CONFIGURATION = "BackupServiceConfiguration"
RELATION = "BackupRelation"
SYNC = "BackupServiceSync"

STATUS_PROPERTIES = (
    "PoolFqdn",
    "BackupPoolFqdn",
    "ActiveMachineFqdn",
    "OverallExportStatus",
    "OverallImportStatus",
    "AsOf",
)
MODULE_PROPERTIES = (
    "Identity",
    "ExportStatus",
    "ImportStatus",
    "Reason",
    "HeadPosition",
    "AcknowledgedPosition",
    "PendingChanges",
    "OldestPendingSeconds",
)

FQDN = ParameterType(label="Fqdn", read=parse_fqdn)
IDENTITY = ParameterType(label="XdsIdentity", read=SETTINGS[0].kind.read)
MODULE_NAMES = {
    "all": "All",
    "presencefocus": "UserServices.PresenceFocus",
    "dataconf": "ConfServices.DataConf",
    "cmsmaster": "CentralMgmt.CMSMaster",
}


def read_module(text: str) -> str:
    """Read a module's name: short or dotted, in any case; a dotted one may be that of a plug-in."""
    by_any_name = MODULE_NAMES | {name.casefold(): name for name in MODULE_NAMES.values()}
    if known := by_any_name.get(text.casefold()):
        return known
    if "." in text.strip(".") and text.isprintable():
        return text
    raise ValueError("must be All, PresenceFocus, DataConf, CMSMaster, or a full name like ConfServices.DataConf")


BACKUP_MODULE = Parameter(
    name="BackupModule",
    type=ParameterType(label="All|PresenceFocus|DataConf|CMSMaster", read=read_module),
    help="One module, by its short or full name; all of them if omitted.",
    default="All",
)


def pool_fqdn(name: str, help_: str, *, by_value: bool = False) -> Parameter:
    """Make the parameter that names a pool."""
    return Parameter(name=name, type=FQDN, mandatory=True, help=help_, by_value=by_value)


def get_status(client: Client, bound: Bound) -> Outcome:
    """Get the status of one pool towards its backup pool."""
    document = client.backup_status(
        bound.text("PoolFqdn"), category=bound.text("Category"), module=bound.text("BackupModule")
    )
    rows = document.get("BackupModules")
    if not isinstance(rows, list):
        raise _malformed("BackupModules")
    modules = [_object(MODULE, row, MODULE_PROPERTIES) for row in rows]
    status = _object(STATUS, {**document}, STATUS_PROPERTIES)
    return Outcome(
        objects=(CmdletObject(STATUS, {**status, "BackupModules": modules}),),
        warnings=_unpaired_warning(status, "its user data is not backed up"),
    )


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


def get_relationship(client: Client, bound: Bound) -> Outcome:
    """Get the backup pool of a pool."""
    document = client.backup_relationship(bound.text("PoolFqdn"))
    relation = _object(RELATION, document, ("PoolFqdn", "BackupPoolFqdn"))
    return Outcome(objects=(relation,), warnings=_unpaired_warning(relation, "nothing of it is backed up"))


def invoke_sync(client: Client, bound: Bound) -> Outcome:
    """Ask for a synchronisation; it goes on by itself, and the status shows how far it is."""
    document = client.request_sync(bound.text("PoolFqdn"), module=bound.text("BackupModule"), full=bound.flag("Full"))
    return Outcome(objects=(CmdletObject(SYNC, document),))


def _object(type_name: str, document: object, properties: tuple[str, ...]) -> CmdletObject:
    """Take exactly these properties, in this order."""
    if not isinstance(document, Mapping):
        raise _malformed(type_name)
    for name in properties:
        if name not in document:
            raise _malformed(name)
    return CmdletObject(type_name, {name: document[name] for name in properties})


def _malformed(what: str) -> TwinpoolError:
    return TwinpoolError(f"the front end's answer has no {what}; is it of another version?")


def _unpaired_warning(relation: CmdletObject, consequence: str) -> tuple[str, ...]:
    return () if relation["BackupPoolFqdn"] else (f"{relation['PoolFqdn']} has no backup pool: {consequence}.",)


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
        name="Get-CsBackupServiceStatus",
        synopsis="Shows the status of a pool's backup service towards its backup pool: one way, and a snapshot.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool whose changes are backed up."),
            Parameter(
                name="Category",
                type=choice("UserData|CMS", "All", "UserData", "CMS"),
                help="Only the modules of one category.",
                default="All",
            ),
            BACKUP_MODULE,
            FORCE,
        ),
        run=get_status,
        examples=(
            "Get-CsBackupServiceStatus -PoolFqdn pool1.lab",
            "Get-CsBackupServiceStatus -PoolFqdn pool1.lab -Category CMS --format json",
        ),
    ),
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
        name="Get-CsPoolBackupRelationship",
        synopsis="Shows which pool backs a pool up.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool."),
            FORCE,
            Parameter(
                name="LocalStore",
                type=SWITCH,
                default=False,
                help="Accepted for scripts; the relationship is in the deployment file that every front end has read.",
            ),
        ),
        run=get_relationship,
        examples=("Get-CsPoolBackupRelationship -PoolFQDN pool1.lab",),
    ),
    Cmdlet(
        name="Invoke-CsBackupServiceSync",
        synopsis="Makes a pool send to its backup pool, now, what that lacks; returns before it is done.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool whose data is sent.", by_value=True),
            BACKUP_MODULE,
            Parameter(
                name="Full",
                type=SWITCH,
                default=False,
                help="Send everything again as a snapshot, not only what is pending.",
            ),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=invoke_sync,
        action=lambda bound: (
            f"synchronise {bound.text('BackupModule')} of {bound.text('PoolFqdn')} to its backup pool"
            + (" by a full snapshot" if bound.flag("Full") else "")
        ),
        examples=(
            "Invoke-CsBackupServiceSync -PoolFqdn pool1.lab",
            "Invoke-CsBackupServiceSync -PoolFqdn pool1.lab -BackupModule DataConf -Full",
        ),
    ),
)
