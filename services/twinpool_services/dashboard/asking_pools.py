"""All pools, as the judgement about a move asks them: ours by its own API, in the name of who looks; others by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from twinpool.errors import NotAuthorised, NotFound, PoolUnreachable, Refused, TwinpoolError
from twinpool.vocabulary.deployment import Deployment, FrontEnd
from twinpool_services.dashboard.acting import Api, ApiRefused
from twinpool_services.dashboard.live.other_pools import OtherPools
from twinpool_services.frontend.context import Context
from twinpool_services.moving import holder_of

Document = Mapping[str, Any]


class PoolsOfAPage:
    """Pools that are asked while a page is made. Methods block, so not in the event loop's thread; to be closed."""

    def __init__(self, here: Context, api: Api, request: Request) -> None:
        """Ask for one request; made in the event loop's thread."""
        self._here, self._api, self._request = here, api, request
        self._loop = asyncio.get_running_loop()
        self._others = OtherPools(here)

    def close(self) -> None:
        """Close connections."""
        self._others.close()

    @property
    def deployment(self) -> Deployment:
        """Who there is."""
        return self._here.deployment

    @property
    def cms_pools(self) -> tuple[str, ...]:
        """The pools that may serve the CMS."""
        first = self.deployment.cms_master
        return (first, *filter(None, [self.deployment.partner_of(first)]))

    def standing(self, fqdn: str, home: str) -> Document:
        """Return how a pool stands to a home."""
        return self._get(fqdn, ["v1", "pools", fqdn, "homes", home, "standing"])

    def readiness(self, fqdn: str) -> Mapping[str, str]:
        """Return of each front end of a pool why it is not ready; of ourselves it is known here."""
        return {each.name: self._why_not_ready(fqdn, each) for each in self.deployment.pool(fqdn).front_ends}

    def active_front_end(self, fqdn: str) -> str | None:
        """Return which front end of a pool holds its lease, None if none does."""
        return holder_of(self._get(fqdn, ["v1", "front-end"]))

    def backup_status(self, fqdn: str, *, category: str, module: str) -> Document:
        """Return the status of a pool."""
        return self._get(fqdn, ["v1", "pools", fqdn, "backup-status"], {"category": category, "module": module})

    def cms_replication(self, fqdn: str | None = None) -> Document:
        """Return how far each pool's replica of the CMS is."""
        return self._get(fqdn or self._here.pool.fqdn, ["v1", "cms", "replication-status"])

    def orphans(self, fqdn: str, query: Mapping[str, str]) -> Document:
        """Return a page of the orphans of a pool."""
        return self._get(fqdn, ["v1", "pools", fqdn, "orphans"], query)

    def _get(self, fqdn: str, path: Sequence[str], query: Mapping[str, str] | None = None) -> Document:
        return self._own(path, query) if fqdn == self._here.pool.fqdn else self._others.get(fqdn, path, query)

    def _own(self, path: Sequence[str], query: Mapping[str, str] | None) -> Document:
        asked = self._api.call(self._request, "GET", path, query=query)
        try:
            return asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        except ApiRefused as error:
            raise _as_the_judgement_knows_it(error) from error

    def _why_not_ready(self, fqdn: str, front_end: FrontEnd) -> str:
        if front_end.name == self._here.front_end.name:
            return "" if self._here.store_state == "open" else self._here.store_state
        return self._others.why_not_ready(fqdn, front_end)


def _as_the_judgement_knows_it(refused: ApiRefused) -> TwinpoolError:
    kinds: Mapping[int, type[TwinpoolError]] = {403: NotAuthorised, 404: NotFound, 421: PoolUnreachable}
    kind = PoolUnreachable if refused.problem.status in {429, 503} else kinds.get(refused.problem.status, Refused)
    error = kind(str(refused))
    error.hint = refused.hint or error.hint
    return error
