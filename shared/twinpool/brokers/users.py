"""The users of RabbitMQ that a deployment's pools need."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twinpool.brokers.permissions import Action, BrokerUser, Step
from twinpool.brokers.topology import topology_of
from twinpool.security.passwords import make_password, read_password
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool.vocabulary.names import ModuleName

FOLDER = "keys"  #: of passwords that the deployment file names no other place for


def password_file_of(pool: Pool, directory: Path) -> Path:
    """Return where a pool's password lies, or shall lie, for a deployment file in this directory."""
    return pool.broker_password_file or directory / FOLDER / f"{pool.fqdn}.broker-password"


def vhost_of(url: str) -> str:
    """Return the virtual host that a broker URL names."""
    return unquote(urlsplit(url).path[1:]) or "/"


def users_of(
    deployment: Deployment,
    pools: Iterable[Pool],
    modules: Sequence[ModuleName],
    password_of: Callable[[Pool], str | None],
) -> list[BrokerUser]:
    """Return the user of each of these pools. Raises what `password_of` does."""
    everybody = [pool.fqdn for pool in deployment.pools]
    return [
        BrokerUser(
            name=pool.broker_user or pool.fqdn,
            vhost=vhost_of(pool.broker_url),
            topology=topology_of(pool.fqdn, everybody, modules),
            password=password_of(pool),
        )
        for pool in pools
    ]


class PasswordFiles:
    """The passwords of pools: read where there are any, else made; never shown."""

    def __init__(self, directory: Path, *, only_plan: bool) -> None:
        """Read beside a deployment file; `only_plan` writes nothing."""
        self._directory, self._only_plan = directory, only_plan
        self.steps: list[Step] = []  #: what was done, or would be

    def __call__(self, pool: Pool) -> str:
        """Return a pool's password. Raises `InvalidConfiguration`, `ReadableByOthers`."""
        path = password_file_of(pool, self._directory)
        there = path.exists()
        action = Action.KEEP if there else Action.CREATE
        self.steps.append(Step(action=action, kind="password file", name=str(path)))
        if there:
            return read_password(path)
        return secrets.token_urlsafe() if self._only_plan else make_password(path)
