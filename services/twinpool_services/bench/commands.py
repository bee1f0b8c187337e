"""The command line of the benches: `twinpool bench NAME`."""

from __future__ import annotations

import typer

from twinpool_services.bench.drain.command import drain

app = typer.Typer(
    help="Measure twinpool on this machine, beside what one might take instead.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

app.command("drain")(drain)


@app.callback()
def benches() -> None:
    """Measure twinpool on this machine, beside what one might take instead."""
