"""`twinpool why`: which stage holds a module back, with evidence."""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.modules.registry import load_modules
from twinpool_services.cli.binding import bind
from twinpool_services.cli.client import PEEK, Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.common import Format, part_common
from twinpool_services.cli.diagnosis_types import HINDRANCE
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.help import help_of
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.parameters import TEXT, Parameter
from twinpool_services.cli.running import open_deployment
from twinpool_services.cli.why_gathering import gather
from twinpool_services.diagnosis import FREE, Hindrance, RouteFacts, hindrances


def _run(client: Client, bound: Bound) -> Outcome:
    """Tell what holds each route of a module back, the first thing to see to first."""
    modules = load_modules().select(bound.text("BackupModule"))
    routes = [facts for module in modules for facts in gather(client, bound.text("PoolFqdn"), module.name)]
    return Outcome(objects=tuple(_object(facts, each) for facts in routes for each in hindrances(facts)))


def _object(facts: RouteFacts, hindrance: Hindrance) -> CmdletObject:
    return CmdletObject(
        HINDRANCE,
        {
            "BackupModule": facts.module,
            "Home": facts.home,
            "PoolFqdn": facts.pool,
            "BackupPoolFqdn": facts.backup_pool or None,
            "Stage": hindrance.stage.value,
            "HoldsBack": hindrance.stage not in FREE,
            "What": hindrance.what,
            "Evidence": list(hindrance.evidence),
            "Advice": hindrance.advice,
        },
    )


WHY = Cmdlet(
    name="why",
    synopsis="Tells which stage holds a module back on its way to the backup pool, why we think so, and what to do.",
    parameters=(
        Parameter(
            name="BackupModule",
            type=TEXT,
            help="PresenceFocus, DataConf, CMSMaster, a full name, or All.",
            aliases=("Module",),
            position=0,
            default="All",
        ),
        Parameter(name="PoolFqdn", type=TEXT, help="The pool whose changes are backed up.", mandatory=True, position=1),
    ),
    run=_run,
    examples=("why PresenceFocus -PoolFqdn pool1.lab", "why All -PoolFqdn pool1.lab --format json"),
)


def run(words: Sequence[str]) -> ExitCode:
    """Run the command as it was typed; `FOUND_WARNINGS` if anything holds a module back. Raises our errors."""
    common, own = part_common(words, WHY.parameters)
    if common.help:
        console().print(help_of(WHY), end="")
        return ExitCode.OK
    bound = bind(WHY, own)
    with Client(open_deployment(common), PEEK) as client:
        objects = WHY.run(client, bound).objects
    # One below the other: sentences do not fit the columns of a table.
    show(objects, common.format if common.format is Format.JSON else Format.LIST, console())
    return ExitCode.FOUND_WARNINGS if any(each["HoldsBack"] for each in objects) else ExitCode.OK
