"""Asks the front ends of a deployment: each in turn, until one answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from twinpool.errors import HomeNotServed, PoolUnreachable, TwinpoolError
from twinpool.http_client import client_of
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool_services.cli.problems import error_of
from twinpool_services.moving import holder_of, why_not_ready

Document = Mapping[str, object]

#: A front end that is up accepts at once; what it has to read takes longer.
TIMEOUT = httpx.Timeout(15.0, connect=3.0)
PEEK = httpx.Timeout(5.0, connect=1.0)  #: for what is asked of pools that may be gone

CONFIGURATION = "/v1/backup-configuration"

PAGE_ITEMS = "1000"  #: asked for at once where all are wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, str | Sequence[str]] | None = None
    body: Document | None = None
    timeout: httpx.Timeout | None = None  #: None: the client's


class Client:
    """Speaks to the pools of one deployment.

    Every method may raise `PoolUnreachable`, and the errors that a front end answers with. A front end that has no
    access to its store is no reason to give up while others may have. A write to the CMS goes on, once, to the pool
    that serves it; what is asked of a pool by name is that pool's alone to answer.
    """

    def __init__(self, deployment: Deployment, timeout: httpx.Timeout = TIMEOUT) -> None:
        """Speak to the front ends that the deployment names, with the token of this command.

        Raises `InvalidConfiguration` if there is a token that cannot be used.
        """
        self.deployment = deployment
        self.tell: Callable[[str], None] | None = None  #: is told of each answer, for -Verbose
        self._http = client_of(deployment, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def backup_status(self, fqdn: str, *, category: str, module: str) -> Document:
        """Return the status of a pool, of the modules that are asked for; `All` for every one."""
        pool = self.deployment.pool(fqdn)
        params = {"category": category, "module": module}
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/backup-status", params=params))

    def backup_relationship(self, fqdn: str) -> Document:
        """Return who backs a pool up; if the pool itself does not answer, another one knows as well."""
        pool = self.deployment.pool(fqdn)
        return self._ask(self._first(pool), _Request(method="GET", path=f"{_path(pool)}/backup-relationship"))

    def configuration(self, *, local_store: bool) -> Document:
        """Return the configuration as the CMS master has it, or as the replica of any pool has it."""
        master = self.deployment.pool(self.deployment.cms_master)
        return self._ask(self._first(master) if local_store else [master], _Request(method="GET", path=CONFIGURATION))

    def change_configuration(self, settings: Document) -> Document:
        """Change settings at the active CMS master; return the whole configuration."""
        return self._ask_where_cms_is_served(_Request(method="PATCH", path=CONFIGURATION, body=settings))

    def cms_replication(self, fqdn: str | None = None) -> Document:
        """Return how far each pool's replica of the CMS is, by the word of this pool, or of whoever serves it."""
        request = _Request(method="GET", path="/v1/cms/replication-status")
        if fqdn is not None:
            return self._ask([self.deployment.pool(fqdn)], request)
        return self._ask_where_cms_is_served(request)

    @property
    def cms_pools(self) -> tuple[str, ...]:
        """The pools that may serve the CMS: the one that did in the first term, and its backup pool."""
        first = self.deployment.cms_master
        return (first, *filter(None, [self.deployment.partner_of(first)]))

    def request_sync(self, fqdn: str, *, module: str, full: bool) -> Document:
        """Ask a pool to send what its backup pool lacks, or everything; return what was accepted."""
        pool = self.deployment.pool(fqdn)
        body: Document = {"BackupModule": module, "Full": full}
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/sync", body=body))

    def pending_syncs(self, fqdn: str) -> list[Document]:
        """Return the synchronisations of a pool that are not yet under way."""
        pool = self.deployment.pool(fqdn)
        return self._all([pool], f"{_path(pool)}/sync", "Requests")

    def begin_verification(self, fqdn: str, *, module: str, resync: bool, suppress_multi_master: bool) -> Document:
        """Have a pool compared with its backup pool; return the verification as it begins."""
        pool = self.deployment.pool(fqdn)
        body: Document = {
            "BackupModule": module,
            "ResyncSignatureMismatchItems": resync,
            "SuppressMultiMasterDetection": suppress_multi_master,
        }
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/verifications", body=body))

    def verification(self, fqdn: str, identity: str) -> Document:
        """Return how far a verification is, and what it has found."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/verifications/{quote(identity)}"))

    def verifications(self, fqdn: str, params: Mapping[str, str]) -> Document:
        """Return a page of the verifications of a pool, newest first, as `Verifications`, `Next`."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/verifications", params=params))

    def begin_failover(self, fqdn: str, wish: Document) -> Document:
        """Have a pool take a home over; return the operation as it begins."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/failovers", body=wish))

    def failover(self, fqdn: str, identity: str) -> Document:
        """Return how far an operation is that brings a home to a pool."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/failovers/{quote(identity, safe='')}"))

    def failovers(self, fqdn: str, params: Mapping[str, str]) -> Document:
        """Return a page of the operations of a pool, newest first, as `Failovers`, `Next`."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/failovers", params=params))

    def abort_failover(self, fqdn: str, identity: str, reason: str) -> Document:
        """Ask that an operation come to nothing; return it as it is now."""
        pool = self.deployment.pool(fqdn)
        path = f"{_path(pool)}/failovers/{quote(identity, safe='')}/abort"
        return self._ask([pool], _Request(method="POST", path=path, body={"Reason": reason}))

    def failover_plan(self, fqdn: str, home: str) -> Document:
        """Return what would be missing if a pool took a home over now, alone."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/failover-plans/{quote(home)}"))

    def begin_drill(self, fqdn: str, home: str) -> Document:
        """Have a pool rehearse that it takes a home over alone; return the drill as it begins."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/drills", body={"Home": home}))

    def drill(self, fqdn: str, identity: str) -> Document:
        """Return how far a drill is, or what it has shown."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/drills/{quote(identity, safe='')}"))

    def drills(self, fqdn: str, params: Mapping[str, str]) -> Document:
        """Return a page of the drills of a pool, newest first, as `Drills`, `Next`."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/drills", params=params))

    def standing(self, fqdn: str, home: str) -> Document:
        """Return how a pool stands to a home, by its own durable knowledge."""
        pool = self.deployment.pool(fqdn)
        path = f"{_path(pool)}/homes/{quote(home)}/standing"
        return self._ask([pool], _Request(method="GET", path=path, timeout=PEEK))

    def about(self, fqdn: str) -> Document:
        """Return what a front end of a pool says of itself."""
        return self._ask([self.deployment.pool(fqdn)], _Request(method="GET", path="/v1/front-end", timeout=PEEK))

    def at_front_end(
        self, front_end: FrontEnd, path: str, params: Mapping[str, str | Sequence[str]] | None = None
    ) -> Document:
        """Return what one front end says, and no other in its place. Raises what it refuses with."""
        try:
            response = self._send(front_end, _Request(method="GET", path=path, params=params))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PoolUnreachable(f"{front_end.address}: {_reason(error)}") from error
        document = _json(response)
        if document is None:
            raise PoolUnreachable(f"{front_end.address}: whoever listens there is no front end")
        if not response.is_success:
            raise error_of(response.status_code, document)
        return document

    def readiness(self, fqdn: str) -> Mapping[str, str]:
        """Return of each front end of a pool why it is not ready; an empty text if it is."""
        return {front_end.name: self._why_not_ready(front_end) for front_end in self.deployment.pool(fqdn).front_ends}

    def active_front_end(self, fqdn: str) -> str | None:
        """Return which front end of a pool holds its lease, None if none does."""
        return holder_of(self._ask([self.deployment.pool(fqdn)], _Request(method="GET", path="/v1/front-end")))

    def import_progress(self, fqdn: str, *, home: str, module: str) -> Document:
        """Return how far a pool has come with importing a stream."""
        path = f"/v1/homes/{quote(home)}/modules/{quote(module)}/import-progress"
        return self._ask([self.deployment.pool(fqdn)], _Request(method="GET", path=path))

    def serving_pool(self, fqdn: str) -> str:
        """Return the pool that serves the home of a pool, by its own word or by that of its backup pool."""
        pool = self.deployment.pool(fqdn)
        homes = self._all(self._first(pool), "/v1/homes", "Homes")
        return next((str(one["ServingPool"]) for one in homes if one["Home"] == pool.fqdn), pool.fqdn)

    def has_user(self, fqdn: str, user: str) -> bool:
        """Say whether a pool is the home of a user: records of presence are kept there of nobody else."""
        serving = self.deployment.pool(self.serving_pool(fqdn))
        path = f"/v1/homes/{quote(fqdn)}/modules/PresenceFocus/records"
        params = {"owner": user, "limit": "1", "values": "false"}
        found = self._ask([serving], _Request(method="GET", path=path, params=params))
        return bool(found["records"])

    def backup_data(self, fqdn: str, *, remove: bool) -> Document:
        """Return what a pool keeps of former backup pools, as `BackupData`; remove it if so asked."""
        pool = self.deployment.pool(fqdn)
        path = f"{_path(pool)}/backup-data"
        return self._ask(
            [pool], _Request(method="POST", path=f"{path}/removal") if remove else _Request(method="GET", path=path)
        )

    def audit(self, fqdn: str, *, after: int, limit: int = 1_000) -> Document:
        """Return a page of the audit log of a pool, oldest first, as `Entries`, `Next`, `HeadNumber`, `HeadHash`."""
        pool = self.deployment.pool(fqdn)
        params = {"after": str(after), "limit": str(limit)}
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/audit", params=params))

    def orphans(self, fqdn: str, params: Mapping[str, str]) -> Document:
        """Return a page of the orphans of a pool, as `Orphans`, `Next`, `Total`, `Undecided`."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/orphans", params=params))

    def orphan(self, fqdn: str, number: int) -> Document:
        """Return an orphan beside what the serving pool holds."""
        pool = self.deployment.pool(fqdn)
        return self._ask([pool], _Request(method="GET", path=f"{_path(pool)}/orphans/{number}"))

    def replay_orphan(self, fqdn: str, number: int, *, by: str, note: str, force: bool) -> Document:
        """Have an orphan written again where its home is served; return what came of it."""
        pool = self.deployment.pool(fqdn)
        body: Document = {"By": by, "Note": note, "Force": force}
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/orphans/{number}/replay", body=body))

    def discard_orphan(self, fqdn: str, number: int, *, by: str, note: str) -> Document:
        """Have it noted that an orphan is given up; return the orphan."""
        pool = self.deployment.pool(fqdn)
        body: Document = {"By": by, "Note": note}
        return self._ask([pool], _Request(method="POST", path=f"{_path(pool)}/orphans/{number}/discard", body=body))

    def _first(self, pool: Pool) -> list[Pool]:
        return [pool, *(other for other in self.deployment.pools if other != pool)]

    def _ask(self, pools: Iterable[Pool], request: _Request) -> Document:
        """Ask the front ends of these pools in turn, until one answers."""
        asked = list(pools)
        silent: list[str] = []
        refused: TwinpoolError | None = None
        for front_end in (front_end for pool in asked for front_end in pool.front_ends):
            try:
                response = self._send(front_end, request)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                silent.append(f"{front_end.name} at {front_end.address}: {_reason(error)}")
                continue
            document = _json(response)
            if document is None:
                silent.append(f"{front_end.name} at {front_end.address}: whoever listens there is no front end")
            elif response.is_success:
                return document
            elif response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                refused = refused or error_of(response.status_code, document)
            else:
                raise error_of(response.status_code, document)
        # A word from a front end says more than the silence of the others.
        names = " or ".join(pool.fqdn for pool in asked)
        raise refused or PoolUnreachable(f"no front end of {names} answers ({'; '.join(silent)})")

    def _all(self, pools: Iterable[Pool], path: str, name: str) -> list[Document]:
        """Return the items of all pages of a list."""
        asked, params, found = list(pools), {"limit": PAGE_ITEMS}, list[Document]()
        while True:
            page = self._ask(asked, _Request(method="GET", path=path, params=params))
            items, following = page.get(name), page.get("Next")
            if not isinstance(items, list):
                raise TwinpoolError(f"the front end's answer has no {name}; is it of another version?")
            found += items
            if following is None:
                return found
            params = {**params, "after": str(following)}

    def _ask_where_cms_is_served(self, request: _Request) -> Document:
        """Ask the pools that may serve the CMS; one that does not says who does."""
        try:
            return self._ask([self.deployment.pool(pool) for pool in self.cms_pools], request)
        except HomeNotServed as error:
            if not error.serving_pool:
                raise
            return self._ask([self.deployment.pool(error.serving_pool)], request)

    def _why_not_ready(self, front_end: FrontEnd) -> str:
        try:
            document = _json(self._send(front_end, _Request(method="GET", path="/readyz")))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _reason(error)
        return why_not_ready(document)

    def _send(self, front_end: FrontEnd, request: _Request) -> httpx.Response:
        response = self._http.request(
            request.method,
            front_end.address + request.path,
            params=request.params,
            json=request.body,
            timeout=request.timeout or self._http.timeout,
        )
        if self.tell is not None:
            self.tell(f"{front_end.name}: {request.method} {request.path}: {response.status_code}")
        return response


def _path(pool: Pool) -> str:
    return f"/v1/pools/{quote(pool.fqdn)}"


def _json(response: httpx.Response) -> Document | None:
    """Return the object in an answer; None if there is none."""
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
