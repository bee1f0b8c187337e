"""`twinpool broker`: gives each pool a user of RabbitMQ that may do what the pool needs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from twinpool.brokers.administration import Administration, Rabbitmqctl, management_api, plain_steps
from twinpool.brokers.permissions import Action, Plan, plan_users
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.users import PasswordFiles, password_file_of, users_of
from twinpool.errors import InvalidParameter
from twinpool.modules.registry import load_modules
from twinpool.options import find_deployment_file, load_deployment
from twinpool.security.passwords import read_password
from twinpool.security.tls import trust_of
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool_services.cli.common import Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.security_types import BROKER_STEP

app = typer.Typer(
    help="The pools' users of RabbitMQ.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

EXAMPLES = (
    "\b\nExamples:\n"
    "  twinpool broker setup --plan --management-url http://admin@127.0.0.1:15672 --admin-password-file admin.txt\n"
    "  twinpool broker setup --management-url https://admin@rabbit.lab:15671 --admin-password-file admin.txt\n"
    "  twinpool broker setup --rabbitmqctl\n"
    "  twinpool broker setup --private-node lab/rabbitmq --plan --format json\n"
)


@app.callback()
def _group() -> None:
    """Keep `setup` a command of its own beside those to come."""


PlanOption = Annotated[bool, typer.Option("--plan", help="Say what would be done, and change nothing.")]
PoolOption = Annotated[list[str] | None, typer.Option("--pool", metavar="FQDN", help="Only this one.")]
UrlOption = Annotated[str | None, typer.Option(metavar="URL", help="The management API, administrator included.")]
PasswordOption = Annotated[Path | None, typer.Option(metavar="FILE", help="That user's password.")]
CtlOption = Annotated[bool, typer.Option("--rabbitmqctl", help="By rabbitmqctl on this machine.")]
NodeOption = Annotated[str | None, typer.Option(help="Of rabbitmqctl; the usual one if omitted.")]
PrivateOption = Annotated[Path | None, typer.Option(metavar="DIRECTORY", help="A lab's own node.")]
CertificateOption = Annotated[
    bool, typer.Option("--by-certificate", help="Users have no password: they show a certificate (EXTERNAL).")
]


@app.command("setup", epilog=EXAMPLES)
def setup(  # noqa: PLR0913, PLR0917 - each of them is an option of the command
    plan: PlanOption = False,  # noqa: FBT002
    pool: PoolOption = None,
    management_url: UrlOption = None,
    admin_password_file: PasswordOption = None,
    rabbitmqctl: CtlOption = False,  # noqa: FBT002
    node: NodeOption = None,
    private_node: PrivateOption = None,
    by_certificate: CertificateOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Make each pool's user, with permissions by the names of its exchange and queues; repeatable at any time.

    Passwords are read from the pools' broker_password_file, or made and written there; they are never printed.
    """
    file = find_deployment_file(deployment)
    deployed = load_deployment(file)
    ways = [
        management_url and (lambda: _by_http(management_url, admin_password_file, deployed)),
        (rabbitmqctl or node) and (lambda: Rabbitmqctl.of_node(node)),
        private_node and (lambda: Rabbitmqctl(PrivateNode.attach(private_node).ctl)),
    ]
    where = _only([way for way in ways if way])()
    chosen = [deployed.pool(name) for name in pool] if pool else list(deployed.pools)
    passwords = PasswordFiles(file.resolve().parent, only_plan=plan)
    found = where.definitions()  # First: nothing is written if the broker does not answer.
    users = users_of(deployed, chosen, load_modules().names, (lambda _pool: None) if by_certificate else passwords)
    planned = plan_users(users, found)
    if planned.changes_anything and not plan:
        where.apply(planned)
    _show(planned, passwords, only_plan=plan, format_=format_)
    if not by_certificate:
        _say_what_to_write(chosen, file.resolve().parent)


def _only(ways: Sequence[Callable[[], Administration]]) -> Callable[[], Administration]:
    if len(ways) != 1:
        what = "say how to reach the broker: one of --management-url, --rabbitmqctl, --private-node"
        raise InvalidParameter(what, field="management-url")
    return ways[0]


def _by_http(url: str, password_file: Path | None, deployment: Deployment) -> Administration:
    return management_api(url, read_password(password_file) if password_file else None, trust_of(deployment))


def _show(planned: Plan, passwords: PasswordFiles, *, only_plan: bool, format_: Format | None) -> None:
    steps = plain_steps(Plan(steps=(*passwords.steps, *planned.steps), definitions={}))
    show([CmdletObject(BROKER_STEP, step) for step in steps], format_, console())
    errors = console(to_errors=True)
    count = sum(step["Action"] in {Action.CREATE, Action.CHANGE} for step in steps)
    if not count:
        errors.print("Everything is as it should be.")
    elif only_plan:
        errors.print(f"{count} changes are planned; nothing was done.")
    else:
        errors.print(f"{count} changes made.")


def _say_what_to_write(pools: list[Pool], directory: Path) -> None:
    """Tell which keys the deployment file lacks for the pools to log in as these users."""
    lacking = [pool for pool in pools if pool.broker_password_file is None]
    if not lacking:
        return
    errors = console(to_errors=True)
    errors.print("Let the pools log in as these users: write into their tables of the deployment file")
    for pool in lacking:
        path = password_file_of(pool, directory)
        shown = path.relative_to(directory) if path.is_relative_to(directory) else path
        errors.print(f'  {pool.fqdn}: broker_password_file = "{shown}"')
