"""`twinpool chaos lines`: make the lines between the pools of a lab of containers and its broker bad or good."""

from __future__ import annotations

import enum
import json
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool.stopping import Stop, stop_on_signals
from twinpool_services.chaos.lines import LINK, SOCKET, Lines, LineServer, ask_lines, read_lines
from twinpool_services.chaos.tcp_proxy import Proxies
from twinpool_services.lab import open_display

app = typer.Typer(
    help="Lines between the pools of a lab of containers and its broker (compose/lines.yml).",
    epilog="\b\nExamples:\n"
    "  docker compose exec lines twinpool chaos lines show\n"
    "  docker compose exec lines twinpool chaos lines set pool2.lab --latency 0.2 --bandwidth 20000\n"
    "  docker compose exec lines twinpool chaos lines set pool2.lab --cut both\n"
    "  docker compose exec lines twinpool chaos lines reset pool2.lab\n"
    "  docker compose exec lines twinpool chaos lines heal\n",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


class Cut(enum.StrEnum):
    """In which direction nothing passes."""

    NONE = "none"
    OUT = "out"  #: from the pool
    IN = "in"  #: to the pool
    BOTH = "both"


class LinesFormat(enum.StrEnum):
    """How lines are shown."""

    TABLE = "table"
    JSON = "json"


PoolArgument = Annotated[str, typer.Argument(metavar="POOL", help="Whose lines.")]
FormatOption = Annotated[LinesFormat, typer.Option("--format", case_sensitive=False)]


@app.command()
def show(format_: FormatOption = LinesFormat.TABLE) -> None:
    """Show what happens to what passes."""
    _show(ask_lines({"do": "show"}), format_)


@app.command("set")
def set_(
    pool: PoolArgument,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that everything takes longer, each way.")] = 0.0,
    bandwidth: Annotated[int, typer.Option(min=0, help="Bytes a second that pass, each way; 0 for no limit.")] = 0,
    cut: Annotated[
        Cut, typer.Option(case_sensitive=False, help="Where nothing passes, seen from the pool.")
    ] = Cut.NONE,
    format_: FormatOption = LinesFormat.TABLE,
) -> None:
    """Say what happens to what passes from now on, instead of what was said before."""
    rule = {
        "cut_out": cut in {Cut.OUT, Cut.BOTH},
        "cut_in": cut in {Cut.IN, Cut.BOTH},
        "delay": latency,
        "rate": float(bandwidth) or None,
    }
    _show(ask_lines({"do": "set", "pool": pool, "rule": rule}), format_)


@app.command()
def reset(pool: PoolArgument, format_: FormatOption = LinesFormat.TABLE) -> None:
    """Reset all connections of a pool to the broker, once."""
    _show(ask_lines({"do": "reset", "pool": pool}), format_)


@app.command()
def heal(format_: FormatOption = LinesFormat.TABLE) -> None:
    """Let everything pass again."""
    _show(ask_lines({"do": "heal"}), format_)


@app.command()
def serve(
    file: Annotated[Path, typer.Argument(help="The lines, as the service `prepare` writes them.")],
) -> None:
    """Serve all lines until a signal comes; the container `lines` runs this."""
    plans = read_lines(file)
    with stop_on_signals(Stop()) as stop, Proxies() as proxies, LineServer(Lines(plans, proxies), SOCKET) as server:
        threading.Thread(target=server.serve_forever, name="line commands", daemon=True).start()
        sys.stdout.write(f"{len(plans)} lines to the {LINK} are served\n")
        sys.stdout.flush()
        stop.wait()
        server.shutdown()


def _show(lines: list[dict[str, Any]], format_: LinesFormat) -> None:
    if format_ is LinesFormat.JSON:
        sys.stdout.write(json.dumps(lines, indent=2) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Pool", "From it", "To it", "Latency", "Bandwidth", "Passed"):
        table.add_column(column)
    for one in lines:
        rate = f"{one['rate']:g} B/s" if one["rate"] else "unlimited"
        out, in_ = ("cut" if one[key] else "passes" for key in ("cut_out", "cut_in"))
        table.add_row(one["pool"], out, in_, f"{one['delay']:g} s", rate, f"{one['passed']} B")
    open_display().console.print(table)
