"""`twinpool keys`: the keys that pools sign with, and how one is changed while its pool speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinpool.errors import InvalidConfiguration
from twinpool.options import find_deployment_file, load_deployment
from twinpool.security.key_files import key_id_of, public_key_of, read_private_key, read_public_keys
from twinpool.security.key_ring import KeyRing
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.security_types import POOL_KEY

app = typer.Typer(
    help="The keys that pools sign with: made, and changed in two phases without a moment in which one is missing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

PoolArgument = Annotated[str, typer.Argument(metavar="POOL", help="The pool's FQDN.")]

NEW_EXAMPLES = (
    "\b\nExamples:\n  twinpool keys new pool1.lab\n  twinpool keys new pool1.lab --directory /etc/twinpool/keys\n"
)
LIST_EXAMPLES = "\b\nExamples:\n  twinpool keys list\n  twinpool keys list --format json\n"
ROTATE_EXAMPLES = (
    "\b\nThe whole change:\n"
    "  twinpool keys rotate pool1.lab    then bring its .pub file to every host, restart all other pools' front ends\n"
    "  twinpool keys switch pool1.lab    then restart the front ends of pool1.lab\n"
    "  twinpool keys retire pool1.lab    a few minutes later; bring the .pub file to every host again\n"
)


@app.command("new", epilog=NEW_EXAMPLES)
def new(
    pool: PoolArgument,
    directory: Annotated[Path, typer.Option(help="Where the files are made.")] = Path("keys"),
    format_: FormatOption = None,
) -> None:
    """Make the first key of a pool, and say what to write into the deployment file."""
    try:
        ring = KeyRing.within(directory, parse_fqdn(pool))
    except ValueError as error:
        raise InvalidConfiguration(f"the pool's name {error}", field="pool") from error
    key_id = ring.make()
    show(
        [_row(ring.pool, key_id, "signs", ring.private), _row(ring.pool, key_id, "verifies", ring.public)],
        format_,
        console(),
    )
    errors = console(to_errors=True)
    errors.print("Write into the pool's table of the deployment file, on every host:")
    errors.print(f'  signing_key = "{ring.private}"    (the file itself only on hosts of {ring.pool})')
    errors.print(f'  verify_keys = ["{ring.public}"]')


@app.command("list", epilog=LIST_EXAMPLES)
def list_keys(format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Show which keys the deployment file names; private ones of other hosts are only named."""
    rows = [row for pool in load_deployment(find_deployment_file(deployment)).pools for row in _keys_of(pool)]
    show(rows, format_, console())
    if not rows:
        console(to_errors=True).print("The deployment file names no keys: nothing is signed. See: twinpool keys new.")


@app.command("rotate", epilog=ROTATE_EXAMPLES)
def rotate(pool: PoolArgument, format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Phase 1: make the next key, and let it be known. The pool goes on signing with the former."""
    ring = _ring_of(pool, deployment)
    key_id = ring.announce()
    show([_row(ring.pool, key_id, "announced", ring.successor)], format_, console())
    errors = console(to_errors=True)
    errors.print(f"Bring {ring.public} to every host and restart the front ends of all other pools, one by one.")
    errors.print(f"Then, on the hosts of {ring.pool}: twinpool keys switch {ring.pool}")


@app.command("switch", epilog=ROTATE_EXAMPLES)
def switch(pool: PoolArgument, format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Phase 2: sign with the key that was announced, once the pool's own front ends are started anew."""
    ring = _ring_of(pool, deployment)
    former, newer = ring.switch()
    show(
        [_row(ring.pool, newer, "signs", ring.private), _row(ring.pool, former, "verifies", ring.public)],
        format_,
        console(),
    )
    errors = console(to_errors=True)
    errors.print(f"Bring {ring.private} to the other hosts of {ring.pool}, and restart its front ends one by one.")
    errors.print(f"When its status is FinalState again: twinpool keys retire {ring.pool}")


@app.command("retire", epilog=ROTATE_EXAMPLES)
def retire(pool: PoolArgument, format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Forget the former keys, once nothing that they signed is under way any more."""
    ring = _ring_of(pool, deployment)
    gone = ring.retire()
    show([_row(ring.pool, key_id, "retired", ring.public) for key_id in gone], format_, console())
    said = f"Bring {ring.public} to every host; it counts once front ends are started anew."
    console(to_errors=True).print(said if gone else "There is no former key.")


def _ring_of(pool: str, deployment: Path | None) -> KeyRing:
    """Find the files of a pool's keys. Raises `InvalidConfiguration` if they are not files."""
    deployed = load_deployment(find_deployment_file(deployment)).pool(pool)
    files = [key for key in deployed.verify_keys if isinstance(key, Path)]
    if deployed.signing_key is None or len(files) != 1 or len(deployed.verify_keys) != 1:
        what = f"{deployed.fqdn} needs a signing_key, and verify_keys that name one file, for its key to be changed so"
        raise InvalidConfiguration(what, field="pool.verify_keys")
    return KeyRing(pool=deployed.fqdn, private=deployed.signing_key, public=files[0])


def _keys_of(pool: Pool) -> list[CmdletObject]:
    rows = []
    if pool.signing_key is not None:
        here = pool.signing_key.exists()
        key_id = key_id_of(read_private_key(pool.signing_key).public_key()) if here else None
        rows.append(_row(pool.fqdn, key_id, "signs" if here else "signs (not on this host)", pool.signing_key))
    for source in pool.verify_keys:
        keys = read_public_keys(source) if isinstance(source, Path) else (public_key_of(source),)
        rows += [
            _row(pool.fqdn, key_id_of(key), "verifies", source if isinstance(source, Path) else None) for key in keys
        ]
    return rows


def _row(pool: PoolFqdn, key_id: str | None, use: str, file: Path | None) -> CmdletObject:
    properties = {"PoolFqdn": pool, "KeyId": key_id, "Use": use, "File": None if file is None else str(file)}
    return CmdletObject(POOL_KEY, properties)
