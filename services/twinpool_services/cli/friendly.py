"""The commands with names of their own; most are the cmdlets in fewer words."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.logs import configure_logging
from twinpool_services.cli.backup_cmdlets import RELATION
from twinpool_services.cli.binding import bind_texts, find_parameter
from twinpool_services.cli.cmdlets import CMDLETS
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.running import open_deployment, run_bound

app = typer.Typer(
    help="Keeps two server pools in step, so that either can take over the other's users.",
    epilog="\b\nCmdlets (each has --help):\n" + "\n".join(f"  {cmdlet.name}" for cmdlet in CMDLETS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
config_app = typer.Typer(help="The backup service's configuration.", no_args_is_help=True)
pool_app = typer.Typer(help="Front ends of a pool.", no_args_is_help=True)
users_app = typer.Typer(help="Users and their data: export, import, where.", no_args_is_help=True)
app.add_typer(users_app, name="users")
app.add_typer(config_app, name="config")
app.add_typer(pool_app, name="pool")

DeploymentOption = Annotated[
    Path | None,
    typer.Option(
        "--deployment",
        metavar="FILE",
        help="The deployment file; else TWINPOOL_DEPLOYMENT, ./twinpool.toml, ./lab/twinpool.toml.",
    ),
]
FormatOption = Annotated[Format | None, typer.Option("--format", case_sensitive=False, help="How the result is shown.")]
ModuleOption = Annotated[str, typer.Option("--module", help="All, PresenceFocus, DataConf, CMSMaster, or a full name.")]
SuppressOption = Annotated[
    bool, typer.Option("--suppress-multi-master", help="Do not report that both pools believe they serve a home.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Leave out warnings.")]


def _run(name: str, texts: Mapping[str, str], format_: Format | None, deployment: Path | None) -> None:
    cmdlet = CMDLETS[name]
    run_bound(cmdlet, bind_texts(cmdlet, texts), Common(format=format_, deployment=deployment))


@app.command()
def status(
    pool: Annotated[str, typer.Argument(help="The pool whose changes are backed up.")],
    module: ModuleOption = "All",
    category: Annotated[str, typer.Option(help="All, UserData or CMS.")] = "All",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show the status of a pool towards its backup pool (Get-CsBackupServiceStatus)."""
    texts = {"PoolFqdn": pool, "BackupModule": module, "Category": category}
    _run("Get-CsBackupServiceStatus", texts, format_, deployment)


@app.command()
def sync(
    pool: Annotated[str, typer.Argument(help="The pool whose data is sent.")],
    module: ModuleOption = "All",
    full: Annotated[bool, typer.Option("--full", help="Send everything again as a snapshot.")] = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Send to the backup pool, now, what it lacks (Invoke-CsBackupServiceSync)."""
    texts = {"PoolFqdn": pool, "BackupModule": module, "Full": str(full)}
    _run("Invoke-CsBackupServiceSync", texts, format_, deployment)


@app.command()
def verify(
    pool: Annotated[str, typer.Argument(help="The pool that is compared with its backup pool.")],
    module: ModuleOption = "All",
    resync: Annotated[bool, typer.Option("--resync", help="Send again what differs, and nothing else.")] = False,  # noqa: FBT002
    suppress: SuppressOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Compare a pool with its backup pool, record by record (Debug-CsInterPoolReplication)."""
    texts = {
        "PoolFqdn": pool,
        "BackupModule": module,
        "ResyncSignatureMismatchItems": str(resync),
        "SuppressMultiMasterDetection": str(suppress),
    }
    _run("Debug-CsInterPoolReplication", texts, format_, deployment)


@app.command()
def failback(  # noqa: PLR0917 - each of them is an option of the command
    pool: Annotated[str, typer.Argument(help="The pool that was failed over.")],
    disaster: Annotated[bool, typer.Option("--disaster", help="The backup pool is gone.")] = False,  # noqa: FBT002
    wait: Annotated[str, typer.Option(help="How long the backlog may take, as hh:mm:ss.")] = "00:00:15",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, not even before a disaster.")] = False,  # noqa: FBT002
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print each step with its time.")] = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Bring a pool's users home (Invoke-CsPoolFailback)."""
    texts = {"PoolFqdn": pool, "DisasterMode": str(disaster), "WaitTime": wait, "Verbose": str(verbose)}
    _run("Invoke-CsPoolFailback", texts | ({"Confirm": "false"} if yes else {}), format_, deployment)


@app.command()
def backup(  # noqa: PLR0917 - each of them is an option of the command
    pool: Annotated[str, typer.Argument(help="The pool that is backed up.")],
    category: Annotated[str, typer.Option(help="All, UserData or CMS.")] = "All",
    full: Annotated[bool, typer.Option("--full", help="Send everything again.")] = False,  # noqa: FBT002
    steady: Annotated[bool, typer.Option("--steady", help="Be content with SteadyState.")] = False,  # noqa: FBT002
    report: Annotated[str, typer.Option(metavar="FILE", help="HTML, or JSON if it ends in .json.")] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Send what the backup pool lacks, and wait until it has it (Backup-CsPool)."""
    texts = {"PoolFqdn": pool, "Category": category} | ({"Report": report} if report else {})
    texts |= ({"FullBackup": "true"} if full else {}) | ({"SteadyState": "true"} if steady else {})
    _run("Backup-CsPool", texts, format_, deployment)


UsersOption = Annotated[str, typer.Option("--user", metavar="USER,...", help="Only these users.")]
PoolOption = Annotated[str, typer.Argument(help="The pool whose users they are.")]
ArchiveArgument = Annotated[str, typer.Argument(metavar="FILE", help="The archive.")]


@users_app.command("export")
def export_users(
    pool: PoolOption,
    file: ArchiveArgument,
    user: UsersOption = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Write the user data of a pool to an archive (Export-CsUserData)."""
    texts = {"PoolFqdn": pool, "FileName": file} | ({"UserFilter": user} if user else {})
    _run("Export-CsUserData", texts, format_, deployment)


@users_app.command("import")
def import_users(
    pool: PoolOption,
    file: ArchiveArgument,
    user: UsersOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Bring the user data of an archive into a pool (Update-CsUserData)."""
    texts = {"TargetPoolFqdn": pool, "FileName": file} | ({"UserFilter": user} if user else {})
    _run("Update-CsUserData", texts | ({"TestMode": "true"} if dry_run else {}), format_, deployment)


@users_app.command("where")
def where_users(
    user: Annotated[str, typer.Argument(help="The user.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show the home pool of a user, and who serves it (Get-CsUserPoolInfo)."""
    _run("Get-CsUserPoolInfo", {"Identity": user}, format_, deployment)


@app.command()
def pairs(format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Show which pool backs up which, by the deployment file; no server is asked."""
    found = open_deployment(Common(deployment=deployment))
    relations = [
        CmdletObject(RELATION, {"PoolFqdn": pool.fqdn, "BackupPoolFqdn": found.partner_of(pool.fqdn)})
        for pool in found.pools
    ]
    show(relations, format_, console())


@config_app.command("show")
def show_configuration(
    local: Annotated[bool, typer.Option("--local", help="Take the replica of any pool that answers.")] = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show the configuration (Get-CsBackupServiceConfiguration)."""
    _run("Get-CsBackupServiceConfiguration", {"LocalStore": str(local)}, format_, deployment)


@config_app.command("reset")
def reset_configuration(deployment: DeploymentOption = None) -> None:
    """Set every setting to its default (Remove-CsBackupServiceConfiguration)."""
    _run("Remove-CsBackupServiceConfiguration", {"Identity": "global"}, None, deployment)


@config_app.command("set")
def set_configuration(
    settings: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="For example SyncInterval=00:03:00.")],
    force: ForceOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Change settings (Set-CsBackupServiceConfiguration)."""
    cmdlet = CMDLETS["Set-CsBackupServiceConfiguration"]
    texts = {"Force": str(force)}
    for setting in settings:
        name, mark, value = setting.partition("=")
        if not mark:
            raise InvalidParameter(f"{setting!r:.60} is not NAME=VALUE", field=setting[:60])
        texts[find_parameter(cmdlet.parameters, name.replace("-", ""), cmdlet.name).name] = value
    _run(cmdlet.name, texts, format_, deployment)


@pool_app.command("run")
def run_front_end(
    front_end: Annotated[str, typer.Option("--front-end", metavar="NAME", help="Name in the deployment file.")],
    deployment: DeploymentOption = None,
    log_format: Annotated[str, typer.Option(help="json or human; else TWINPOOL_LOG_FORMAT.")] = "",
    log_level: Annotated[str, typer.Option(help="DEBUG to CRITICAL; else TWINPOOL_LOG_LEVEL.")] = "",
) -> None:
    """Run one front end until it is asked to stop."""
    from twinpool_services.frontend import run  # a server's imports, which no other command needs

    configure_logging(log_format, log_level)
    found = open_deployment(Common(deployment=deployment))
    pool, one = found.front_end(front_end)
    raise typer.Exit(int(run(found, pool, one)))


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command("lab", context_settings=_PASSED_ON)
def lab(context: typer.Context) -> None:
    """Run pools on this machine: up, down, status."""
    _pass_on("twinpool_services.lab.commands", context)


@app.command("shell", context_settings=_PASSED_ON)
def shell(context: typer.Context) -> None:
    """Run the management shell, with variables, pipelines and scripts."""
    _pass_on("twinpool_services.cli.shell.command", context)


@app.command("chaos", context_settings=_PASSED_ON)
def chaos(context: typer.Context) -> None:
    """Break a lab by a plan, and judge by what clients were told: list, run, report."""
    _pass_on("twinpool_services.chaos.commands", context)


@app.command("demo", context_settings=_PASSED_ON)
def demo(context: typer.Context) -> None:
    """Show a failover of a front end under load, and whether anything was lost."""
    _pass_on("twinpool_services.lab.demo", context)


@app.command("bench", context_settings=_PASSED_ON)
def bench(context: typer.Context) -> None:
    """Measure twinpool beside what one might take instead: drain, lag, capture, takeover, memory, grow."""
    _pass_on("twinpool_services.bench.commands", context)


@app.command("load", context_settings=_PASSED_ON)
def load(context: typer.Context) -> None:
    """Put load on a pair and measure what becomes of it: list, show, run, report, compare."""
    _pass_on("twinpool_services.load.commands", context)


@app.command("orphans", context_settings=_PASSED_ON)
def orphans(context: typer.Context) -> None:
    """Settle what only a pool that came back had: list, show, replay, discard."""
    _pass_on("twinpool_services.cli.orphan_commands", context)


@app.command("failover", context_settings=_PASSED_ON)
def failover(context: typer.Context) -> None:
    """Move a pool's users to its backup pool: plan, execute, status, resume, abort."""
    _pass_on("twinpool_services.cli.failover_commands", context)


@app.command("drill", context_settings=_PASSED_ON)
def drill(context: typer.Context) -> None:
    """Rehearse a disaster failover on a throw-away copy: disaster, list, show."""
    _pass_on("twinpool_services.cli.drill_commands", context)


@app.command("verifications", context_settings=_PASSED_ON)
def verifications(context: typer.Context) -> None:
    """Show what comparing pools has found so far: list, show."""
    _pass_on("twinpool_services.cli.verification_commands", context)


@app.command("principals", context_settings=_PASSED_ON)
def principals(context: typer.Context) -> None:
    """Say who may speak to the front ends: add, list, remove, rotate."""
    _pass_on("twinpool_services.cli.principal_commands", context)


@app.command("audit", context_settings=_PASSED_ON)
def audit(context: typer.Context) -> None:
    """Show who did what, and whether the log of it was changed: list, verify."""
    _pass_on("twinpool_services.cli.audit_commands", context)


@app.command("broker", context_settings=_PASSED_ON)
def broker(context: typer.Context) -> None:
    """Give each pool a user of RabbitMQ of its own: setup."""
    _pass_on("twinpool_services.cli.broker_commands", context)


@app.command("keys", context_settings=_PASSED_ON)
def keys(context: typer.Context) -> None:
    """The keys that pools sign with: new, list, rotate, switch, retire."""
    _pass_on("twinpool_services.cli.key_commands", context)


@app.command("pki", context_settings=_PASSED_ON)
def pki(context: typer.Context) -> None:
    """Certificates for front ends, pools and the broker: init, renew, list."""
    _pass_on("twinpool_services.cli.pki_commands", context)


@app.command("receipts", context_settings=_PASSED_ON)
def receipts(context: typer.Context) -> None:
    """Show what failovers and failbacks came to: list, show."""
    _pass_on("twinpool_services.cli.receipt_commands", context)


@app.command("trace", context_settings=_PASSED_ON)
def trace(context: typer.Context) -> None:
    """Show where a write is: captured, published, imported, acknowledged, or an orphan."""
    _pass_on("twinpool_services.cli.trace_command", context)


@app.command("why", context_settings=_PASSED_ON)
def why(context: typer.Context) -> None:
    """Tell which stage holds a module back: why MODULE -PoolFqdn POOL."""
    from twinpool_services.cli.why_command import run

    raise typer.Exit(int(run(context.args)))


@app.command("doctor", context_settings=_PASSED_ON)
def doctor(context: typer.Context) -> None:
    """Look a deployment over: versions, clocks, broker, stores, disks, pairing; and say what to do."""
    _pass_on("twinpool_services.cli.doctor_command", context)


def _pass_on(module: str, context: typer.Context) -> None:
    """Run the sub-command's own Typer application, which is imported only now."""
    application = importlib.import_module(module).app
    if not isinstance(application, typer.Typer):
        raise TwinpoolError(f"{module} has no command line")
    application(args=context.args, prog_name=context.command_path)
