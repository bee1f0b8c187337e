"""`twinpool lab`: pools on this machine, for trying things out and for breaking them."""

from __future__ import annotations

import enum
import json
import os
import shutil
import signal
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool.errors import InvalidParameter, NotFound
from twinpool.options import VARIABLES
from twinpool.security.tls import OPERATOR
from twinpool.vocabulary.addresses import parse_broker_url
from twinpool_services.lab.certificates import PKI
from twinpool_services.lab.display import Display, display
from twinpool_services.lab.front_end_process import ProcessState
from twinpool_services.lab.lab import Lab
from twinpool_services.lab.plan import LabPlan, Network, StoreKind
from twinpool_services.lab.tokens import CLIENT_TOKEN
from twinpool_services.lab.watching import Watcher

INTERRUPTED = 130
BROKER_VARIABLE = next(name for name, key in VARIABLES.items() if key == ("broker", "url"))

app = typer.Typer(
    help="Run pools on this machine, each front end a process of its own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


class Format(enum.StrEnum):
    """How a result is shown."""

    TABLE = "table"
    JSON = "json"


DirectoryOption = Annotated[Path, typer.Option("--directory", help="Where the lab keeps everything.")]
FrontEndArgument = Annotated[str, typer.Argument(metavar="FRONT_END", help="For example fe1.pool1.lab.")]
TlsOption = Annotated[
    bool, typer.Option("--tls", help="HTTPS and amqps, and everybody shows a certificate of the lab's own CA.")
]
DEFAULT_DIRECTORY = Path("lab")


@app.command()
def up(  # noqa: PLR0913, PLR0917 - each of them is an option of the command
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    pools: Annotated[int | None, typer.Option(help="How many pools; 2 by default.", show_default=False)] = None,
    front_ends: Annotated[int | None, typer.Option(help="Of each pool; 2 by default.", show_default=False)] = None,
    store: Annotated[StoreKind | None, typer.Option(help="sqlite by default.", show_default=False)] = None,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"A broker that runs; else {BROKER_VARIABLE}, else a private node is run."),
    ] = None,
    broker_nodes: Annotated[
        int | None, typer.Option(help="Of the private broker: 1 by default, 3 for a cluster.", show_default=False)
    ] = None,
    network: Annotated[
        Network | None,
        typer.Option(help="loopback by default; namespaces part the pools for real, as root.", show_default=False),
    ] = None,
    tls: TlsOption = False,  # noqa: FBT002
) -> None:
    """Make a lab, or start what does not run of one that was made before."""
    shown = display()
    lab = Lab(directory, shown)
    wished = {
        "pools": pools,
        "front_ends": front_ends,
        "store": store,
        "broker_url": checked_broker(broker),
        "broker_nodes": broker_nodes,
        "network": network,
        "tls": tls or None,
    }
    plan = planned(lab, {name: value for name, value in wished.items() if value is not None})
    with interruptible():
        lab.up(plan)
    say_how_to_talk_to(lab, shown)


def planned(lab: Lab, wished: Mapping[str, Any]) -> LabPlan | None:
    """Return the plan of a lab with what is wished for; None if it is to stay as it is."""
    if lab.exists:
        return replace(lab.plan, **wished) if wished else None
    private = "broker_nodes" in wished or "tls" in wished or wished.get("network") is Network.NAMESPACES
    given = None if private else checked_broker(os.environ.get(BROKER_VARIABLE))
    return replace(LabPlan(broker_url=given), **wished)


@app.command()
def down(
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    erase: Annotated[bool, typer.Option("--erase", help="Delete what the pools have stored as well.")] = False,  # noqa: FBT002
) -> None:
    """Stop everything that `up` started."""
    shown = display()
    lab = Lab(directory, shown)
    if not lab.exists:
        shown.say(f"there is no lab in {lab.directory}")
        return
    with interruptible():
        lab.down(erase=erase)
    shown.say("The lab is down and erased." if erase else "The lab is down. `twinpool lab up` goes on with its data.")


@app.command()
def status(
    directory: DirectoryOption = DEFAULT_DIRECTORY,
    format_: Annotated[Format, typer.Option("--format", case_sensitive=False)] = Format.TABLE,
) -> None:
    """Show the processes of a lab, and which front end of each pool is the active one."""
    lab = Lab(directory)
    document = describe(lab)
    shown = display()
    if format_ is Format.JSON:
        shown.say(json.dumps(document, indent=2))
        return
    shown.say(f"Broker      {document['broker']}")
    shown.say(f"Deployment  {document['deployment']}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Pool", "Front end", "Process", "State", "Active", "Address"):
        table.add_column(column, no_wrap=True)
    for one in document["front_ends"]:
        active = "active" if one["active"] else ""
        pid = str(one["pid"] or "")
        table.add_row(one["pool"], one["name"], pid, one["state"], active, one["address"])
    shown.console.print(table)


def _on_front_end(act: Callable[[Lab, str], None], directory: Path, name: str) -> None:
    lab = Lab(directory)
    with interruptible():
        act(lab, name)
    display().say(f"{lab.process(name).name} is {lab.state(name)}")


@app.command()
def kill(front_end: FrontEndArgument, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """End a front end as a crash would, with SIGKILL."""
    _on_front_end(Lab.kill, directory, front_end)


@app.command()
def stop(front_end: FrontEndArgument, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Stop a front end in order."""
    _on_front_end(Lab.stop, directory, front_end)


@app.command()
def start(front_end: FrontEndArgument, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Start a front end that does not run."""
    _on_front_end(Lab.start, directory, front_end)


@app.command()
def pause(front_end: FrontEndArgument, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Halt a front end: to the others it is silent, and to itself no time passes."""
    _on_front_end(Lab.pause, directory, front_end)


@app.command()
def resume(front_end: FrontEndArgument, directory: DirectoryOption = DEFAULT_DIRECTORY) -> None:
    """Let a halted front end go on."""
    _on_front_end(Lab.resume, directory, front_end)


def describe(lab: Lab) -> dict[str, Any]:
    """Say what runs, as one document. Raises `NotFound` if there is no lab."""
    if not lab.deployment_file.exists():
        raise NotFound(f"there is no lab in {lab.directory}; make one with: twinpool lab up")
    with Watcher(lab.deployment) as watcher:
        front_ends = []
        for pool in lab.deployment.pools:
            living = {one.name for one in lab.living(pool)}
            for one in pool.front_ends:
                mark, state = lab.process(one.name).mark, lab.state(one.name)
                said = watcher.about(one) if one.name in living else None
                front_ends.append(
                    {
                        "name": one.name,
                        "pool": pool.fqdn,
                        "state": str(state),
                        "pid": mark.pid if mark is not None and state is not ProcessState.STOPPED else None,
                        "active": bool(said and said["Active"]),
                        "address": one.address,
                        "log": str(lab.process(one.name).log_file),
                    }
                )
    return {
        "directory": str(lab.directory),
        "deployment": str(lab.deployment_file),
        "broker": lab.servers.broker_shown,
        "servers_running": lab.servers.are_running(),
        "front_ends": front_ends,
    }


def say_how_to_talk_to(lab: Lab, shown: Display) -> None:
    """Print the commands that work on a lab from where we stand."""
    # Where the command line finds the deployment file by itself it need not be named.
    usual = lab.directory == Path.cwd() / DEFAULT_DIRECTORY
    at = "" if usual else f" --deployment {lab.deployment_file}"
    directory = "" if usual else f" --directory {lab.directory}"
    pool = lab.deployment.pools[0]
    living = lab.living(pool) or list(pool.front_ends)
    record = f"{living[0].address}/v1/homes/{pool.fqdn}/modules/PresenceFocus/records/sip:ada@example.com/presence"
    command = own_command()
    shown.say()
    shown.say("Talk to it:")
    shown.say(f"  {command} lab status{directory}")
    shown.say(f"  {command} Get-CsBackupServiceStatus -PoolFqdn {pool.fqdn}{at}")
    token = lab.directory / CLIENT_TOKEN
    curl = f"curl{_certificates(lab)}"
    shown.say(f'  {curl} -H "Authorization: Bearer $(cat {_shortest(token)})" -X PUT --data-binary online {record}')
    shown.say(f"  {command} lab kill {living[0].name}{directory}")
    shown.say(f"  and the API's documentation: {living[0].address}/docs")
    shown.say("End it:")
    shown.say(f"  {command} lab down{directory}            (keeps the data; --erase deletes it)")


def _certificates(lab: Lab) -> str:
    """Return what curl has to know of the certificates of a lab."""
    if not lab.plan.tls:
        return ""
    place = _shortest(lab.directory / PKI)
    return f" --cacert {place}/ca.crt --cert {place}/{OPERATOR}.crt --key {place}/{OPERATOR}.key"


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def own_command() -> str:
    """Return what to type for the command that is running now."""
    program = Path(sysconfig.get_path("scripts")) / "twinpool"
    found = shutil.which("twinpool")
    if found is not None and Path(found) == program:
        return "twinpool"
    return str(_shortest(program))


def checked_broker(url: str | None) -> str | None:
    """Take the URL of a broker, or none. Raises `InvalidParameter`."""
    try:
        return parse_broker_url(url) if url else None
    except ValueError as error:
        raise InvalidParameter(f"the URL of the broker {error}", field="broker") from error


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the work in order, with the exit code that says so.

    Further ones are not heard until that is done: it takes seconds, and would else leave servers that nobody stops.
    Work that is cut may fail in other ways than by the interruption itself, as where a library was caught between two
    of its statements: that is told, but the outcome is the interruption.
    """
    asked: list[str] = []

    def ask(number: int, _frame: object) -> None:
        for heard in former:
            signal.signal(heard, signal.SIG_IGN)
        asked.append(signal.Signals(number).name)
        raise KeyboardInterrupt(asked[0])

    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in former:
            signal.signal(number, ask)
        yield
    except (KeyboardInterrupt, Exception) as end:
        if not asked and not isinstance(end, KeyboardInterrupt):
            raise
        shown = display(to_errors=True)
        if not isinstance(end, KeyboardInterrupt):
            shown.say(f"while it was interrupted: {type(end).__name__}: {end}")
        shown.say("interrupted; what was started has been stopped again")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
