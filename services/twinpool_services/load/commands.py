"""The command line of load runs: `twinpool load`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool.errors import InvalidParameter
from twinpool.options import find_deployment_file, load_deployment
from twinpool.security.credentials import authorization
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.lab import Display, Lab, LabPlan, StoreKind, interruptible, open_display
from twinpool_services.load.comparing import FIGURES as COMPARED
from twinpool_services.load.comparing import compare as compare_runs
from twinpool_services.load.comparing import compared_picture, read_summary
from twinpool_services.load.experiments.commands import app as experiments
from twinpool_services.load.keeping import REPORT, keep, new_directory
from twinpool_services.load.options import Format, FormatOption, print_json
from twinpool_services.load.profile import load_profile, stock
from twinpool_services.load.report import write_report
from twinpool_services.load.running import Order, Through, await_in_step, processes_of, run_load
from twinpool_services.load.tables import has_extra, read_tables, writer_of
from twinpool_services.measuring.percentiles import FIGURES

INTERRUPTED = 130
NOT_ALL_WRITTEN = 1

app = typer.Typer(
    help="Put load on a pair and measure what becomes of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


ProfileArgument = Annotated[str, typer.Argument(metavar="PROFILE", help="A name that `list` shows, or a .toml file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Instead of the profile's own: keys.users=50, phase.0.rate=200."),
]
RUN_EXAMPLES = """\b
Examples:
  twinpool load run steady --lab
  twinpool load run office --deployment twinpool.toml --pool pool1.example
  twinpool load run steps --lab --through store --set 'phase.0.rates=[500, 1000, 2000]'
  twinpool load run my-profile.toml --out before --tables csv --format json
"""


app.add_typer(experiments, name="experiment")


@app.command("list")
def list_profiles(format_: FormatOption = Format.TABLE) -> None:
    """List the profiles that come with twinpool."""
    profiles = stock()
    if format_ is Format.JSON:
        print_json({name: profile.model_dump(mode="json") for name, profile in profiles.items()})
        return
    table = _table("Profile", "Seconds", "Changes", "What it is")
    for name, profile in profiles.items():
        table.add_row(name, f"{profile.seconds:,.0f}", f"{profile.count:,}", profile.description)
    open_display().console.print(table)


@app.command()
def show(profile: ProfileArgument, set_: SetOption = None) -> None:
    """Check a profile, and print it with all that is not given filled in."""
    print_json(load_profile(profile, set_ or ()).model_dump(mode="json"))


@app.command("run", epilog=RUN_EXAMPLES)
def run(  # noqa: PLR0917, PLR0913 - each of them is an option of the command
    profile: ProfileArgument,
    through: Annotated[Through, typer.Option(help="The front ends, or straight into the pool store.")] = Through.HTTP,
    deployment: Annotated[Path | None, typer.Option(metavar="FILE", help="The deployment file.")] = None,
    lab: Annotated[bool, typer.Option("--lab", help="Make a lab for this run, and erase it afterwards.")] = False,  # noqa: FBT002
    store: Annotated[StoreKind, typer.Option(help="Of the lab.")] = StoreKind.SQLITE,
    pool: Annotated[str | None, typer.Option(help="Whose home; else the first with a backup pool.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Requests under way at once, by HTTP.")] = 16,
    drain: Annotated[float, typer.Option(min=0, help="Seconds that the partner may take for the rest.")] = 60.0,
    set_: SetOption = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the profile's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where results go; else load-runs/PROFILE-TIME.")] = None,
    tables: Annotated[str, typer.Option(help="parquet, csv, or auto: parquet where pyarrow is installed.")] = "auto",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Offer a load, whatever becomes of it, and measure writes, replication lag, states and costs.

    Every time counts from the moment at which the change was due, so that a stall shows in all changes it held up.
    Ctrl-C ends a run in order: what was measured so far is kept. Exit code 1 says that some changes were not written.
    """
    kind = ("parquet" if has_extra("pyarrow") else "csv") if tables == "auto" else tables
    writer_of(kind)  # What is missing is said now, and not after the run.
    chosen = load_profile(profile, [*(set_ or ()), *([f"seed={seed}"] if seed is not None else [])])
    shown = open_display(to_errors=format_ is Format.JSON)
    if lab and deployment is not None:
        raise InvalidParameter("a run has a lab of its own or a deployment that is there, not both", field="lab")
    directory = new_directory(out, profile)
    with interruptible(), _ground(deployment if not lab else None, store if lab else None, shown) as ground:
        order = Order(
            profile=chosen,
            deployment=ground.deployment,
            pool=pool,
            through=through,
            workers=workers,
            drain=drain,
            processes=ground.processes,
            headers=ground.headers,
        )
        seen = run_load(order, shown)
        summary = keep(seen, order, profile, directory, kind)
    _say(summary, directory, shown, format_)
    if seen.stopped:
        raise typer.Exit(INTERRUPTED)
    if summary["failed"] or summary["not_sent"] or summary["not_imported"]:
        raise typer.Exit(NOT_ALL_WRITTEN)


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a run.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file; else report.html in the run's directory.")] = None,
) -> None:
    """Write the report of a run anew, with plots; takes the extra `load`."""
    path = out or directory / REPORT
    write_report(read_summary(directory), read_tables(directory), path)
    open_display().say(f"{path} is written")


@app.command("compare")
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Their directories; others are compared with the first."),
    ],
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the lags, as .svg or .png.")] = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Put several runs beside each other."""
    rows = compare_runs(runs)
    if plot is not None:
        plot.write_bytes(compared_picture(rows, _kind_of(plot)))
    if format_ is Format.JSON:
        print_json(rows)
        return
    table = _table("", *(Path(row["run"]).name for row in rows))
    for name in COMPARED:
        table.add_row(name, *(_compared(row, name, first=at == 0) for at, row in enumerate(rows)))
    open_display().console.print(table)


@dataclass(frozen=True, slots=True)
class _Ground:
    """The pools that are loaded, the front ends that run on this machine, and what shows who we are."""

    deployment: Deployment
    processes: Mapping[FrontEndName, int]
    headers: Mapping[str, str]


@contextmanager
def _ground(deployment: Path | None, store: StoreKind | None, shown: Display) -> Iterator[_Ground]:
    """Yield the pools that are loaded: of a lab of our own if a kind of store is named, else of a deployment."""
    if store is None:
        path = find_deployment_file(deployment)
        lab = Lab(path.absolute().parent)
        ours = lab.exists and lab.deployment_file == path.absolute()
        found = load_deployment(path)
        yield _Ground(found, processes_of(lab) if ours else {}, authorization(found))
        return
    with tempfile.TemporaryDirectory(prefix="twinpool-load-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL's own user has to get there.
        lab = Lab(Path(directory) / "lab", shown)
        try:
            lab.up(LabPlan(store=store))
            await_in_step(lab, shown)
            # The token that the environment names is meant for another deployment.
            yield _Ground(lab.deployment, processes_of(lab), authorization(lab.deployment, environment={}))
        finally:
            lab.down(erase=True)


def _kind_of(plot: Path) -> str:
    kind = plot.suffix.removeprefix(".").lower()
    if kind not in {"svg", "png"}:
        raise InvalidParameter(f"{plot.name} is neither .svg nor .png", field="plot")
    return kind


def _say(summary: Mapping[str, Any], directory: Path, shown: Display, format_: Format) -> None:
    if format_ is Format.JSON:
        print_json({**summary, "directory": str(directory)})
        return
    table = _table("ms from when it was due", *(name.removesuffix("_ms").replace("_", ".") for name in FIGURES))
    for key, title in (("write", "durable at the source"), ("lag", "imported by the partner")):
        if summary[key] is not None:
            table.add_row(title, *(f"{summary[key][name]:,.1f}" for name in FIGURES))
    shown.say(f"\n{summary['offered_per_s']:,} changes a second offered, {summary['achieved_per_s']:,} written")
    shown.console.print(table)
    for name in ("failed", "not_sent", "not_imported"):
        if summary[name]:
            shown.say(f"{summary[name]:,} {name.replace('_', ' ')}", "yellow")
    for module, shares in summary["states"].items():
        shown.say(f"{module}: " + ", ".join(f"{state} {share:.0%}" for state, share in shares.items()))
    shown.say(f"Results are in {directory}")
    if not (directory / REPORT).exists():
        shown.say("There is no report with plots; for that: pip install 'twinpool[load]'", "yellow")


def _compared(row: Mapping[str, Any], name: str, *, first: bool) -> str:
    value, ratio = row["figures"][name], row["ratios"][name]
    if value is None:
        return "-"
    return f"{value:,.1f}" if first or ratio is None else f"{value:,.1f} ({ratio:.2f} x)"


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="left" if column == "What it is" else "right")
    return table
