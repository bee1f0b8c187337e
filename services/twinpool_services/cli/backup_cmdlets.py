"""The cmdlets of the backup service."""

from __future__ import annotations

from collections.abc import Mapping

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import (
    BOOLEAN,
    CONFIRM,
    FORCE,
    SWITCH,
    WHAT_IF,
    Parameter,
    ParameterType,
    choice,
    unused,
)

STATUS = "BackupServiceStatus"
MODULE = "BackupModule"
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


BYPASS = unused("BypassDualWrite", BOOLEAN, "there is one store to write to")
MODULE_HELP = "One module, by its short or full name; all of them if omitted."

BACKUP_MODULE = Parameter(
    name="BackupModule",
    type=ParameterType(label="All|PresenceFocus|DataConf|CMSMaster", read=read_module),
    help=MODULE_HELP,
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
        warnings=(*_unpaired_warning(status, "its user data is not backed up"), *_untrusted_warning(document)),
    )


def read_category(text: str) -> str:
    """Read a category of modules, in any case."""
    if text.casefold() == "rgs":
        raise ValueError("there are no response groups; must be one of All, UserData, CMS")
    return str(choice("", "All", "UserData", "CMS").read(text))


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


def _untrusted_warning(document: Mapping[str, object]) -> tuple[str, ...]:
    match document.get("UntrustedMessages"):
        case {"Count": int(count), "Speaker": str(speaker), "Reason": str(reason), "At": str(at)}:
            last = f"The last one, at {at}, claimed to come from {speaker}; it {reason}."
            return (f"{count} messages were refused because their pool has not vouched for them. {last}",)
        case _:
            return ()


def _unpaired_warning(relation: CmdletObject, consequence: str) -> tuple[str, ...]:
    return () if relation["BackupPoolFqdn"] else (f"{relation['PoolFqdn']} has no backup pool: {consequence}.",)


CATEGORY = ParameterType(label="UserData|CMS", read=read_category)

CMDLETS = (
    Cmdlet(
        name="Get-CsBackupServiceStatus",
        synopsis="Shows the status of a pool's backup service towards its backup pool: one way, and a snapshot.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool whose changes are backed up."),
            Parameter(
                name="Category",
                type=CATEGORY,
                help="Only the modules of one category.",
                default="All",
            ),
            BACKUP_MODULE,
            FORCE,
            BYPASS,
        ),
        run=get_status,
        examples=(
            "Get-CsBackupServiceStatus -PoolFqdn pool1.lab",
            "Get-CsBackupServiceStatus -PoolFqdn pool1.lab -Category CMS --format json",
        ),
    ),
    Cmdlet(
        name="Get-CsPoolBackupRelationship",
        synopsis="Shows which pool backs a pool up.",
        parameters=(
            pool_fqdn("PoolFqdn", "The pool."),
            FORCE,
            unused("LocalStore", SWITCH, "it is in the deployment file that every front end has read"),
            BYPASS,
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
            BYPASS,
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
