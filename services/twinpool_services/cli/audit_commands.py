"""`twinpool audit`: who did what, and whether the log of it is as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.vocabulary.audit import AuditCheck, AuditEntry, AuditFault, AuditHead
from twinpool_services.cli.client import Client, Document
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.running import open_deployment

app = typer.Typer(
    help="The audit log of a pool: management calls and refusals, each entry bound to the one before it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

ENTRY = "AuditEntry"
_COLUMNS = ("Number", "At", "Principal", "Address", "Action", "Status", "Target", "Detail")
PAGE = 500

LIST_EXAMPLES = """\b
Examples:
  twinpool audit list pool1.lab
  twinpool audit list pool1.lab --last 0 --format json > audit.json
"""
VERIFY_EXAMPLES = """\b
Examples:
  twinpool audit verify pool1.lab
  twinpool audit verify pool1.lab --expect 1041:5f2c…

\b
Keep the end that it prints somewhere else, and have it expected the next time: who can write to the pool store could
write a whole log anew, but not one that has that hash at that place.
"""

PoolArgument = Annotated[str, typer.Argument(metavar="POOL", help="The pool whose front ends were called.")]


class AuditBroken(TwinpoolError):
    """The audit log is not what was written."""

    hint = "Somebody has changed the pool store by hand. Compare with a backup of it, and see who has access."


@app.command("list", epilog=LIST_EXAMPLES)
def list_entries(
    pool: PoolArgument,
    last: Annotated[int, typer.Option(min=0, help="So many of the newest; 0 for all.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Only those with higher numbers.")] = 0,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """List who did what, from where, with what result, oldest first."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        if last:
            after = max(after, _number(client.audit(pool, after=after, limit=1), "HeadNumber") - last)
        entries = [entry for page in _pages(client, pool, after) for entry in _entries(page)]
    if format_ is Format.JSON:
        console().print(json.dumps(entries, indent=2))
        return
    show([CmdletObject(ENTRY, {name: entry[name] for name in _COLUMNS}) for entry in entries], format_, console())


@app.command("verify", epilog=VERIFY_EXAMPLES)
def verify(
    pool: PoolArgument,
    expect: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="An end that was printed before, and has to be there still.")
    ] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Check every entry, and say where the log is not what was written."""
    expected = _expected(expect)
    with Client(open_deployment(Common(deployment=deployment))) as client:
        end, fault = _checked(client, pool, expected)
    if format_ is Format.JSON:
        told = None if fault is None else {"Number": fault.number, "What": fault.what}
        checked = {"Number": end.number, "Hash": end.hash.hex()}
        console().print(json.dumps({"PoolFqdn": pool, "Fault": told, "End": checked}, indent=2))
    elif fault is None:
        console().print(f"{end.number} entries, each as it was written.")
        console().print(f"The end is {end.number}:{end.hash.hex()}", soft_wrap=True)
    if fault is not None:
        raise AuditBroken(f"the audit log of {pool} was changed: {fault.what}")


def _checked(client: Client, pool: str, expected: AuditHead | None) -> tuple[AuditHead, AuditFault | None]:
    """Return how far the log is sound, and what is wrong behind that."""
    check, met = AuditCheck(), False
    page: Document = {}
    for page in _pages(client, pool, 0):
        for document in _entries(page):
            if (fault := check.take([_entry(document)])) is not None:
                return check.end, fault
            met = met or check.end == expected
    if expected is not None and not met:
        return check.end, AuditFault(expected.number, f"entry {expected.number} is not there, or is another one")
    return check.end, check.finish(AuditHead(_number(page, "HeadNumber"), bytes.fromhex(str(page["HeadHash"]))))


def _pages(client: Client, pool: str, after: int) -> Iterator[Document]:
    """Yield pages until the end of the log, or until one has nothing new although the log should go on."""
    while True:
        page = client.audit(pool, after=after, limit=PAGE)
        entries = _entries(page)
        yield page
        if entries:
            after = max(int(str(entry["Number"])) for entry in entries)
        if not entries or after >= _number(page, "HeadNumber"):
            return


def _entries(page: Document) -> list[Mapping[str, object]]:
    entries = page["Entries"]
    if not isinstance(entries, list):
        raise TwinpoolError("the front end's answer has no Entries; is it of another version?")
    return entries


def _entry(document: Mapping[str, object]) -> AuditEntry:
    body = str(document["Body"]).encode("utf-8")
    return AuditEntry(int(str(document["Number"])), body, bytes.fromhex(str(document["Hash"])))


def _number(page: Document, name: str) -> int:
    return int(str(page[name]))


def _expected(text: str) -> AuditHead | None:
    if not text:
        return None
    number, _, hash_ = text.partition(":")
    try:
        return AuditHead(int(number), bytes.fromhex(hash_))
    except ValueError as error:
        raise InvalidParameter(f"{text!r:.100} is not NUMBER:HASH", field="expect") from error
