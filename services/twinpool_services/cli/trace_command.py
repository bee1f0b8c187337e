"""`twinpool trace`: where a write is, by what both pools still know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

import typer

from twinpool.errors import InvalidParameter, NotFound, PoolUnreachable
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.cli.asking_all import ask_all
from twinpool_services.cli.client import PEEK, Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.diagnosis_types import JOURNEY, STOP
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.running import open_deployment
from twinpool_services.diagnosis import Journey, JourneyFacts, is_known, journey_facts, journey_of, newest_change

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

EXAMPLES = """\b
Examples:
  twinpool trace alice@lab/contacts/bob
  twinpool trace alice@lab/contacts/bob --home pool1.lab --module PresenceFocus
  twinpool trace contacts/bob --owner alice@lab --format json

\b
What is known comes from the log (until it is acknowledged and pruned), from ledgers
and cursors, and from the memory of front ends that run; what nobody knows any more is
told as such.
"""


@app.command(epilog=EXAMPLES)
def trace(
    key: Annotated[str, typer.Argument(metavar="KEY", help="OWNER/KEY of the record, or its key with --owner.")],
    owner: Annotated[str, typer.Option("--owner", help="The record's owner, where KEY is the key alone.")] = "",
    module: Annotated[str, typer.Option("--module", help="PresenceFocus, DataConf, CMSMaster, or a full name.")] = (
        "PresenceFocus"
    ),
    home: Annotated[str, typer.Option("--home", metavar="FQDN", help="Whose data it is; else it is looked for.")] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show where a write is: captured, batch, published, confirmed, imported, acknowledged, retries, orphans."""
    owner, key = (owner, key) if owner else _parted(key)
    chosen = load_modules()[module]
    with Client(open_deployment(Common(deployment=deployment)), PEEK) as client:
        homes = [CMS_HOME] if chosen.category.is_cms else _homes(client, home)
        question = {"owner": owner, "key": key}
        found = [_facts(client, each, chosen.name, question) for each in homes]
    told = [facts for facts in found if is_known(facts)] or (found if home or chosen.category.is_cms else [])
    if not told:
        raise _nothing_of(found, owner, key)
    show([_object(facts, journey_of(facts)) for facts in told], format_ if format_ is Format.JSON else None, console())


def _parted(text: str) -> tuple[str, str]:
    owner, mark, key = text.partition("/")
    if not (owner and mark and key):
        raise InvalidParameter(f"{text!r:.80} is not OWNER/KEY; or give --owner", field="KEY")
    return owner, key


def _homes(client: Client, home: str) -> list[str]:
    return [client.deployment.pool(home).fqdn] if home else [pool.fqdn for pool in client.deployment.pools]


def _nothing_of(found: Sequence[JourneyFacts], owner: str, key: str) -> NotFound | PoolUnreachable:
    silent = {pool.pool: pool.silence for facts in found for pool in (facts.source, facts.target) if pool.silence}
    if silent:
        return PoolUnreachable(
            f"nothing is known of {owner}/{key}, and these do not answer: {', '.join(sorted(silent))}"
        )
    return NotFound(f"no pool has a record {owner}/{key}, nor knows of a change of it")


def _facts(client: Client, home: str, module: str, question: Mapping[str, str]) -> JourneyFacts:
    """Ask both pools of a home for the record, then for the batches of its newest change."""
    first = client.deployment.cms_master if home == CMS_HOME else home
    pools = [first, *filter(None, [client.deployment.partner_of(first)])]
    path = f"/v1/homes/{quote(home)}/modules/{quote(module)}/trace"
    facts = journey_facts([ask_all(client, pool, path, question) for pool in pools], home)
    newest = newest_change(facts)
    if newest is None:
        return facts
    again: dict[str, str | Sequence[str]] = {**question, "position": [str(newest.position)]}
    return journey_facts([ask_all(client, pool, path, again) for pool in pools], home, newest.position)


def _object(facts: JourneyFacts, journey: Journey) -> CmdletObject:
    stops = [
        CmdletObject(STOP, {"Stage": each.stage, "Certainty": each.certainty.value, "At": each.at, "What": each.what})
        for each in journey.stops
    ]
    return CmdletObject(
        JOURNEY,
        {
            "ServingPool": facts.source.pool,
            "BackupPool": facts.target.pool,
            "Position": journey.position,
            "Summary": journey.summary,
            "Stops": stops,
        },
    )
