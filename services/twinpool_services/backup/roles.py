"""What a pool exports, to whom, and what it imports, from whom: a pure function of who serves which home."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import CMS_HOME, Home, ModuleName, PoolFqdn, Route, Stream, Term


@dataclass(frozen=True, slots=True)
class ExportRole:
    """A route that this pool feeds."""

    route: Route
    term: Term


@dataclass(frozen=True, slots=True)
class ImportRole:
    """A stream that this pool is fed."""

    stream: Stream
    source: PoolFqdn
    term: Term


@dataclass(frozen=True, slots=True)
class Roles:
    """All that the active front end of a pool has to do."""

    exports: tuple[ExportRole, ...]
    imports: tuple[ImportRole, ...]


def initial_homes(deployment: Deployment, pool: PoolFqdn) -> list[tuple[Home, PoolFqdn]]:
    """Say which homes a pool has to know, and who serves each in the first term."""
    partner = deployment.partner_of(pool)
    own = [(Home(fqdn), fqdn) for fqdn in (pool, partner) if fqdn is not None]
    return [*own, (CMS_HOME, deployment.cms_master)]


def paired_homes(deployment: Deployment, pool: PoolFqdn, homes: Iterable[HomeStatus]) -> list[HomeStatus]:
    """Return the homes that a pool has to do with: its own, its backup pool's, and the CMS.

    What is left of others, a former backup pool's above all, is no longer fed nor passed on by anybody.
    """
    of_the_pair = {home for home, _ in initial_homes(deployment, pool)}
    return [status for status in homes if status.home in of_the_pair]


def roles_of(
    deployment: Deployment,
    pool: PoolFqdn,
    homes: Iterable[HomeStatus],
    user_modules: Sequence[ModuleName],
    cms_modules: Sequence[ModuleName],
) -> Roles:
    """Conclude what a pool has to do from its own durable knowledge of the homes.

    The homes of a pair go from the pool that serves them to the other; the CMS goes to every other pool, for each
    keeps a local replica of it. What is left of a former backup pool's home has no role.
    """
    partner = deployment.partner_of(pool)
    exports: list[ExportRole] = []
    imports: list[ImportRole] = []
    for home in paired_homes(deployment, pool, homes):
        is_cms = home.home == CMS_HOME
        for module in cms_modules if is_cms else user_modules:
            stream = Stream(home.home, module)
            if home.serving_pool != pool:
                imports.append(ImportRole(stream, home.serving_pool, home.term))
                continue
            others = [other.fqdn for other in deployment.pools if other.fqdn != pool]
            destinations = others if is_cms else [partner] if partner else []
            exports += [ExportRole(Route(stream, destination), home.term) for destination in destinations]
    return Roles(tuple(exports), tuple(imports))
