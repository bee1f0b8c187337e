"""Writes what the containers of a lab read; each reader has a volume of its own, with nothing that is not for it.

Whatever is there is kept, so that a lab that is started again is the same lab.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from twinpool.brokers.permissions import Definitions
from twinpool.security.key_files import new_private_key, private_key_text, public_key_text, read_private_key
from twinpool.security.principals import Principal, read_principals, write_principals
from twinpool.security.roles import DATA_CLIENTS, SERVER_ADMINISTRATORS
from twinpool.security.tokens import digest_of, new_token
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import PRINCIPALS_FILE, TOKEN_FILE
from twinpool_services.lab.containers.broker import PLUGINS, definitions, settings
from twinpool_services.lab.containers.deployment import Own, deployment_text
from twinpool_services.lab.containers.facts import broker_targets, front_end_targets, lines
from twinpool_services.lab.containers.plan import ContainerPlan
from twinpool_services.lab.plan import StoreKind
from twinpool_services.lab.tokens import CLIENT_TOKEN

SECRET, SHARED = 0o600, 0o644  #: the latter for what a container of another user reads, in a volume of its own
BROKER_PASSWORD = "broker.password"  # noqa: S105 - the name of a file, as is the next one
STORE_PASSWORD = "store.password"  # noqa: S105


def prepare(plan: ContainerPlan, into: Path) -> None:
    """Write everything, below a directory for each reader. Raises `OSError`, `InvalidConfiguration`."""
    administrator = _kept(into / "cli" / TOKEN_FILE, SECRET, new_token)
    client = _kept(into / "cli" / CLIENT_TOKEN, SECRET, new_token)
    owns = {pool: _own(plan, pool, into / pool) for pool in plan.pool_names}
    keys = {pool: _verify_key(into / pool / own.signing_key) for pool, own in owns.items()}
    for pool, own in owns.items():
        _write(into / pool / "twinpool.toml", deployment_text(plan, keys, own), SECRET)
        _admit(into / pool / PRINCIPALS_FILE, _principals(plan, administrator, client))
        if plan.store is StoreKind.POSTGRESQL:
            _write(into / f"postgres.{pool}" / "password", own.store_password, SHARED)
    _write(into / "cli" / "twinpool.toml", deployment_text(plan, keys), SECRET)
    _prepare_broker(plan, into / "broker", {pool: _password_of(into / pool) for pool in plan.pool_names})
    _write(into / "facts" / "front-ends.json", front_end_targets(plan), SHARED)
    _write(into / "facts" / "brokers.json", broker_targets(plan), SHARED)
    _write(into / "facts" / "lines.json", lines(plan), SHARED)


def _own(plan: ContainerPlan, pool: PoolFqdn, directory: Path) -> Own:
    key = f"{pool}.key"
    _kept(directory / key, SECRET, lambda: private_key_text(new_private_key()))
    _kept(directory / BROKER_PASSWORD, SECRET, _password)
    in_postgresql = plan.store is StoreKind.POSTGRESQL
    return Own(
        pool=pool,
        broker_password_file=BROKER_PASSWORD,
        store_password=_kept(directory / STORE_PASSWORD, SECRET, _password) if in_postgresql else "",
        signing_key=key,
    )


def _prepare_broker(plan: ContainerPlan, directory: Path, passwords: dict[PoolFqdn, str]) -> None:
    _kept(directory / "erlang.cookie", SHARED, _password)
    _write(directory / "rabbitmq.conf", settings(plan.broker_hosts, str(directory)), SHARED)
    _write(directory / "enabled_plugins", PLUGINS, SHARED)
    file = directory / "definitions.json"
    made: Definitions = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    _write(file, definitions(passwords, made), SHARED)


def _verify_key(file: Path) -> str:
    return public_key_text(read_private_key(file).public_key())


def _principals(plan: ContainerPlan, administrator: str, client: str) -> list[Principal]:
    """Say whose tokens the command line and the clients show; of the tokens themselves only digests are kept."""
    return [
        Principal(name="administrator", groups=(SERVER_ADMINISTRATORS,), token_sha256=digest_of(administrator)),
        Principal(name="client", groups=(DATA_CLIENTS,), homes=plan.pool_names, token_sha256=digest_of(client)),
    ]


def _admit(file: Path, ours: list[Principal]) -> None:
    """Write down whose tokens count; who was added by hand stays."""
    names = {one.name for one in ours}
    write_principals(file, [*ours, *(one for one in read_principals(file) if one.name not in names)])


def _password() -> str:
    return secrets.token_hex(24)


def _password_of(directory: Path) -> str:
    return (directory / BROKER_PASSWORD).read_text(encoding="utf-8")


def _kept(file: Path, mode: int, make: Callable[[], str]) -> str:
    """Return what a file holds, after making it if it is not there."""
    if not file.exists():
        _write(file, make(), mode)
    return file.read_text(encoding="utf-8")


def _write(file: Path, text: str, mode: int) -> None:
    """Write a file so that nobody ever sees half of it, or reads it before its mode is right."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as opened:
        os.fchmod(opened.fileno(), mode)
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
