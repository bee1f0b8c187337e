"""Writes what the containers of a lab read; each reader has a volume of its own, with nothing that is not for it.

Whatever is there is kept, so that a lab that is started again is the same lab.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from twinpool.security.key_files import new_private_key, private_key_text, public_key_text, read_private_key
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers.broker import PLUGINS, definitions, settings
from twinpool_services.lab.containers.deployment import Own, deployment_text
from twinpool_services.lab.containers.plan import ContainerPlan
from twinpool_services.lab.plan import StoreKind

SECRET, SHARED = 0o600, 0o644  #: the latter for what a container of another user reads, in a volume of its own
SERVER_ADMINISTRATORS = "RTCUniversalServerAdmins"


def prepare(plan: ContainerPlan, into: Path) -> None:
    """Write everything, below a directory for each reader. Raises `OSError`, `InvalidConfiguration`."""
    token = _kept(into / "cli" / "twinpool.token", SECRET, lambda: f"tp_{secrets.token_urlsafe(32)}")
    owns = {pool: _own(plan, pool, into / pool) for pool in plan.pool_names}
    keys = {pool: _verify_key(into / pool / own.signing_key) for pool, own in owns.items()}
    for pool, own in owns.items():
        _write(into / pool / "twinpool.toml", deployment_text(plan, keys, own), SECRET)
        _write(into / pool / "twinpool.principals.toml", _principals(token), SECRET)
        if plan.store is StoreKind.POSTGRESQL:
            _write(into / f"postgres.{pool}" / "password", own.store_password, SHARED)
    _write(into / "cli" / "twinpool.toml", deployment_text(plan, keys), SECRET)
    _prepare_broker(plan, into / "broker", {pool: own.broker_password for pool, own in owns.items()})


def _own(plan: ContainerPlan, pool: PoolFqdn, directory: Path) -> Own:
    key = f"{pool}.key"
    _kept(directory / key, SECRET, lambda: private_key_text(new_private_key()))
    return Own(
        pool=pool,
        broker_password=_kept(directory / "broker.password", SECRET, _password),
        store_password=_kept(directory / "store.password", SECRET, _password)
        if plan.store is StoreKind.POSTGRESQL
        else "",
        signing_key=key,
    )


def _prepare_broker(plan: ContainerPlan, directory: Path, passwords: dict[PoolFqdn, str]) -> None:
    _kept(directory / "erlang.cookie", SHARED, _password)
    _write(directory / "rabbitmq.conf", settings(plan.broker_hosts, str(directory)), SHARED)
    _write(directory / "enabled_plugins", PLUGINS, SHARED)
    _write(directory / "definitions.json", definitions(passwords), SHARED)


def _verify_key(file: Path) -> str:
    return public_key_text(read_private_key(file).public_key())


def _principals(token: str) -> str:
    """Say whose token the command line shows; of the token itself only a digest is kept."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    groups = json.dumps([SERVER_ADMINISTRATORS])
    return f'[[principal]]\nname = "administrator"\ngroups = {groups}\ntoken_sha256 = "{digest}"\n'


def _password() -> str:
    return secrets.token_hex(24)


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
