"""`twinpool principals`: who may speak to the front ends. Works on the principals file; no server is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from twinpool.errors import InvalidParameter
from twinpool.security.principals import (
    EVERY_HOME,
    Principal,
    add_principal,
    changing,
    check_group,
    check_name,
    find_principal,
    read_principals,
    with_new_token,
    write_secret,
)
from twinpool.security.roles import may_touch_every_home
from twinpool.security.tokens import digest_of, new_token
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool.vocabulary.settings import Span
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.running import open_deployment

app = typer.Typer(
    help="Say who may speak to the front ends, and with which token. Front ends notice within a second.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

PRINCIPAL = "Principal"
_VALIDITY = Span(timedelta(minutes=1), timedelta(days=3_650))

ADD_EXAMPLES = """\b
Examples:
  twinpool principals add ada --group RTCUniversalServerAdmins
  twinpool principals add mailbox --group TwinpoolDataClients --home pool1.lab --valid-for 90.00:00:00
  twinpool principals add prometheus --group CSViewOnlyAdministrator --token-to prometheus.token
"""
ROTATE_EXAMPLES = "\b\nExamples:\n  twinpool principals rotate ada --token-to twinpool.token\n"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the principal.")]
TokenToOption = Annotated[
    Path | None,
    typer.Option("--token-to", metavar="FILE", help="Write the token to this file (0600), and do not print it."),
]
ValidForOption = Annotated[str, typer.Option("--valid-for", metavar="SPAN", help="As d.hh:mm:ss; for ever if omitted.")]
T = TypeVar("T")


@app.command("add", epilog=ADD_EXAMPLES)
def add(  # noqa: PLR0917 - each of them is an option of the command
    name: NameArgument,
    group: Annotated[list[str], typer.Option("--group", metavar="GROUP", help="A group it belongs to; repeatable.")],
    home: Annotated[
        list[str] | None,
        typer.Option("--home", metavar="FQDN", help="A home whose data it may touch; * for all; repeatable."),
    ] = None,
    valid_for: ValidForOption = "",
    token_to: TokenToOption = None,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Add a principal and print its token, which is kept nowhere and shown this once."""
    path = _file(deployment)
    groups = tuple(_checked("group", check_group, each) for each in group)
    homes = tuple(each if each == EVERY_HOME else str(_checked("home", parse_fqdn, each)) for each in home or ())
    token = new_token()
    principal = Principal(
        name=_checked("name", check_name, name),
        groups=groups,
        homes=homes,
        token_sha256=digest_of(token),
        expires=_expiry(valid_for),
    )
    with changing(path) as principals:
        add_principal(principals, principal)
        _hand_over(token, token_to)
    _show_token(principal, token, token_to, format_)
    if not homes and not may_touch_every_home(groups):
        console(to_errors=True).print(f"{name} may touch the data of no home; say which with --home.", style="yellow")


@app.command("list")
def list_(format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """List the principals; tokens are not known here."""
    show([CmdletObject(PRINCIPAL, _shown(each)) for each in read_principals(_file(deployment))], format_, console())


@app.command("remove")
def remove(name: NameArgument, deployment: DeploymentOption = None) -> None:
    """Remove a principal; its token is worth nothing within a second."""
    with changing(_file(deployment)) as principals:
        del principals[find_principal(principals, name)]


@app.command("rotate", epilog=ROTATE_EXAMPLES)
def rotate(
    name: NameArgument,
    valid_for: ValidForOption = "",
    token_to: TokenToOption = None,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Give a principal a new token and print it; the former one is worth nothing within a second."""
    token = new_token()
    with changing(_file(deployment)) as principals:
        at = find_principal(principals, name)
        principals[at] = with_new_token(principals[at], digest_of(token), _expiry(valid_for))
        _hand_over(token, token_to)
    _show_token(principals[at], token, token_to, format_)


def _file(deployment: Path | None) -> Path:
    return open_deployment(Common(deployment=deployment)).security.principals


def _checked(field: str, check: Callable[[str], T], text: str) -> T:
    try:
        return check(text)
    except ValueError as error:
        raise InvalidParameter(f"{field} {text!r:.80} {error}", field=field) from error


def _expiry(valid_for: str) -> datetime | None:
    if not valid_for:
        return None
    return (datetime.now(UTC) + _checked("valid-for", _VALIDITY.read, valid_for)).replace(microsecond=0)


def _hand_over(token: str, path: Path | None) -> None:
    """Write the token before the principal is there: one whose token nobody has would have to be rotated at once."""
    if path is not None:
        write_secret(path, token + "\n")


def _show_token(principal: Principal, token: str, path: Path | None, format_: Format | None) -> None:
    shown = {} if path is not None else {"Token": token}
    if format_ is Format.JSON:
        console().print(json.dumps({**_shown(principal), **shown}, indent=2))
    elif path is not None:
        console(to_errors=True).print(f"The token of {principal.name} is in {path}.")
    else:
        console(to_errors=True).print(f"The token of {principal.name}, shown this once:")
        typer.echo(token)


def _shown(principal: Principal) -> dict[str, object]:
    expires: str | None = None if principal.expires is None else principal.expires.isoformat()
    groups: Sequence[str] = list(principal.groups)
    return {"Name": principal.name, "Groups": groups, "Homes": list(principal.homes), "Expires": expires}
