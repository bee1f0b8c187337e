"""The command line of the benches: `twinpool bench NAME`. A table of contents; each bench has its command beside it."""

from __future__ import annotations

import typer

from twinpool_services.bench import grow, memory, rejoin, takeover, verification
from twinpool_services.bench.capture import command as capture
from twinpool_services.bench.dashboard import command as dashboard
from twinpool_services.bench.drain import command as drain
from twinpool_services.bench.failover import command as failover
from twinpool_services.bench.lag import command as lag

app = typer.Typer(
    help="Measure twinpool on this machine, beside what one might take instead.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def benches() -> None:
    """Measure twinpool on this machine, beside what one might take instead."""


app.command("capture", epilog=capture.EXAMPLES)(capture.capture)
app.command("dashboard", epilog=dashboard.EXAMPLES)(dashboard.dashboard)
app.command("drain", epilog=drain.EXAMPLES)(drain.drain)
app.command("failover", epilog=failover.EXAMPLES)(failover.failover)
app.command("grow", epilog=grow.EXAMPLES)(grow.grow)
app.command("lag", epilog=lag.EXAMPLES)(lag.lag)
app.command("memory", epilog=memory.EXAMPLES)(memory.memory)
app.command("rejoin", epilog=rejoin.EXAMPLES)(rejoin.rejoin)
app.command("takeover", epilog=takeover.EXAMPLES)(takeover.takeover)
app.command("verification", epilog=verification.EXAMPLES)(verification.verification)
