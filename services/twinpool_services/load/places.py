"""Where a load goes, and where its way ends: who serves a home, who imports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from twinpool.errors import InvalidParameter, NotAuthenticated, NotAuthorised, PoolUnreachable
from twinpool.http_client import client_of
from twinpool.modules.cms_master import CmsMaster
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool.vocabulary.names import CMS_HOME, Home, ModuleName, PoolFqdn, Stream

ANSWER = httpx.Timeout(10.0, connect=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The pools of one load."""

    deployment: Deployment
    home: Home  #: whose user data is written
    serving: Pool
    partner: Pool  #: imports what is written to the home
    cms_serving: Pool
    headers: Mapping[str, str] = field(default_factory=dict)  #: that show who we are

    def stream(self, module: ModuleName) -> Stream:
        """Return the stream that writes to a module become part of."""
        return Stream(CMS_HOME if module == CmsMaster.name else self.home, module)

    def writes_to(self, module: ModuleName) -> Pool:
        """Return the pool that takes writes to a module."""
        return self.cms_serving if module == CmsMaster.name else self.serving

    def imported_by(self, module: ModuleName) -> Pool:
        """Return the pool that imports a module's changes."""
        writer = self.writes_to(module)
        partner = self.deployment.partner_of(writer.fqdn)
        return self.partner if partner is None else self.deployment.pool(partner)

    def http(self) -> httpx.Client:
        """Make a client for the front ends."""
        return client_of(self.deployment, timeout=ANSWER, headers=self.headers)

    @property
    def pools(self) -> Sequence[Pool]:
        """All pools that have to do with it."""
        return list({pool.fqdn: pool for pool in (self.serving, self.partner, self.cms_serving)}.values())


def find_places(deployment: Deployment, fqdn: str | None, headers: Mapping[str, str]) -> Places:
    """Find out who serves the home of a pool now: of the first one that has a backup pool, if none is named.

    Raises `InvalidParameter`, `NotFound`, `PoolUnreachable`.
    """
    pool = deployment.pool(fqdn) if fqdn else _first_paired(deployment)
    partner = deployment.partner_of(pool.fqdn)
    if partner is None:
        raise InvalidParameter(f"{pool.fqdn} has no backup pool, so nothing of it is imported anywhere", field="pool")
    with client_of(deployment, timeout=ANSWER, headers=headers) as http:
        served = _serving(deployment, pool, http)
    serving = deployment.pool(served.get(Home(pool.fqdn), pool.fqdn))
    other = deployment.pool(partner) if serving.fqdn == pool.fqdn else pool
    cms = deployment.pool(served.get(CMS_HOME, deployment.cms_master))
    return Places(
        deployment=deployment, home=Home(pool.fqdn), serving=serving, partner=other, cms_serving=cms, headers=headers
    )


def _first_paired(deployment: Deployment) -> Pool:
    for pool in deployment.pools:
        if deployment.partner_of(pool.fqdn) is not None:
            return pool
    raise InvalidParameter("no pool of the deployment has a backup pool", field="pool")


def _serving(deployment: Deployment, pool: Pool, http: httpx.Client) -> dict[Home, PoolFqdn]:
    """Ask the front ends of a pool, then all others, who serves what.

    Raises `PoolUnreachable`, `NotAuthenticated`, `NotAuthorised`.
    """
    silent = ""
    for asked in (pool, *(one for one in deployment.pools if one != pool)):
        for front_end in asked.front_ends:
            try:
                answer = http.get(front_end.address + "/v1/homes", params={"limit": 1_000})
                _require_known(answer)
                said = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                silent = f"{front_end.name} at {front_end.address}: {error}"
                continue
            return {Home(one["Home"]): PoolFqdn(one["ServingPool"]) for one in said["Homes"]}
    raise PoolUnreachable(f"no front end answers ({silent})")


def _require_known(answer: httpx.Response) -> None:
    """Raise what no other front end would answer differently: `NotAuthenticated`, `NotAuthorised`."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise NotAuthenticated(f"{answer.url} does not know who asks")
    if answer.status_code == HTTPStatus.FORBIDDEN:
        raise NotAuthorised(f"{answer.url} does not let this token ask")
