"""`twinpool pki`: a certificate authority for labs, and certificates for everybody whom the deployment file names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from twinpool.options import find_deployment_file, load_deployment
from twinpool.security.pki import Authority, Issued, holders_of
from twinpool.vocabulary.deployment import Deployment
from twinpool_services.cli.common import Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.security_types import CERTIFICATE

app = typer.Typer(
    help="Certificates for front ends (HTTPS), pools (amqps) and the broker, by a CA of the deployment's own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

DirectoryOption = Annotated[
    Path | None, typer.Option(help="Where everything lies; else the deployment file's pki, else pki beside it.")
]
DaysOption = Annotated[int, typer.Option(min=1, max=3650, help="How long new certificates are valid.")]
WithinOption = Annotated[int, typer.Option(min=0, max=3650, help="Renew what expires within so many days.")]

INIT_EXAMPLES = "\b\nExamples:\n  twinpool pki init\n  twinpool pki init --directory pki --days 90\n"
RENEW_EXAMPLES = "\b\nExamples:\n  twinpool pki renew\n  twinpool pki renew --within 3650    (everything)\n"


@app.command("init", epilog=INIT_EXAMPLES)
def init(
    directory: DirectoryOption = None,
    days: DaysOption = 397,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Make the CA, and a certificate for each front end, each pool and the broker."""
    file, deployed = _open(deployment)
    authority = Authority(_place(directory, file, deployed))
    _show(authority.create(deployed.name, holders_of(deployed), validity=timedelta(days=days)), format_)
    errors = console(to_errors=True)
    if deployed.security.pki is None:
        errors.print(f'Write into the deployment file, on every host:  [security]  pki = "{authority.directory}"')
    errors.print("ca.key stays here; ca.crt goes to every host, the files of a front end and its pool to their own.")


@app.command("renew", epilog=RENEW_EXAMPLES)
def renew(
    directory: DirectoryOption = None,
    within: WithinOption = 30,
    days: DaysOption = 397,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Make certificates that are missing, expire soon, or lack a name; the CA keeps its key, so all trust goes on."""
    file, deployed = _open(deployment)
    authority = Authority(_place(directory, file, deployed))
    span, validity = timedelta(days=within), timedelta(days=days)
    issued = authority.renew(holders_of(deployed), within=span, validity=validity)
    _show(issued, format_)
    if any(one.action != "kept" for one in issued):
        console(to_errors=True).print("Front ends take their new certificates when they are started anew, one by one.")


@app.command("list")
def list_certificates(
    directory: DirectoryOption = None, format_: FormatOption = None, deployment: DeploymentOption = None
) -> None:
    """Show the certificates that there are, and until when they are valid."""
    file, deployed = _open(deployment)
    _show(Authority(_place(directory, file, deployed)).found(holders_of(deployed)), format_)


def _open(deployment: Path | None) -> tuple[Path, Deployment]:
    file = find_deployment_file(deployment)
    return file, load_deployment(file)


def _place(directory: Path | None, file: Path, deployment: Deployment) -> Path:
    return directory or deployment.security.pki or file.resolve().parent / "pki"


def _show(issued: list[Issued], format_: Format | None) -> None:
    rows = [
        CmdletObject(
            CERTIFICATE,
            {
                "Name": one.name,
                "Kind": one.kind,
                "ExpiresAt": one.expires.isoformat(),
                "Names": ", ".join(one.hosts),
                "Action": one.action,
            },
        )
        for one in issued
    ]
    show(rows, format_, console())
