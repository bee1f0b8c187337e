"""Asks other front ends, all at the same time and none for long: one that is dead must not keep the picture waiting."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from twinpool.security.tls import own_certificate, trust_of
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.documents import Document
from twinpool_services.frontend.fact_documents import ReplicationFactsDocument
from twinpool_services.frontend.orphan_serving import credentials_for

D = TypeVar("D", bound=Document)

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(2.0, connect=0.7)
AT_ONCE = 8  #: front ends that are asked at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of a question to one front end."""

    at: float  #: when, in seconds since 1970
    answers: bool
    active: bool = False
    facts: ReplicationFactsDocument | None = None
    why_silent: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Whom to ask, and whether for all it knows, which costs it a look into its store, or just who is active."""

    pool: Pool
    front_end: FrontEnd
    for_facts: bool


class Asking:
    """Connections to other front ends. `ask` blocks; one thread calls it."""

    def __init__(self, here: Context) -> None:
        """Connect to nobody yet."""
        trust = _trust(here.deployment, here.front_end.name)
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trust)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dashboard")
        self._credentials: Mapping[str, Callable[[], Mapping[str, str]]] = {
            pool.fqdn: credentials_for(here, pool.fqdn) for pool in here.deployment.pools
        }

    def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def ask(self, questions: Iterable[Question]) -> dict[str, Said]:
        """Return what each has said, by the front ends' names."""
        asked = {question.front_end.name: self._threads.submit(self._ask, question) for question in questions}
        return {name: future.result() for name, future in asked.items()}

    def read(
        self, front_ends: Iterable[tuple[Pool, FrontEnd]], path: str, query: Mapping[str, int], kind: type[D]
    ) -> list[D]:
        """Return the documents of those that have one."""
        asked = [self._threads.submit(self._read, pool, each, path, query) for pool, each in front_ends]
        return [found for future in asked if (found := _of_kind(kind, future.result())) is not None]

    def _read(self, pool: Pool, front_end: FrontEnd, path: str, query: Mapping[str, int]) -> Any:
        try:
            headers = self._credentials[pool.fqdn]()
            answer = self._http.get(front_end.address + path, params=dict(query), headers=headers)
            return answer.json() if answer.status_code == HTTPStatus.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.debug("%s has not told %s: %s", front_end.name, path, error)
            return None

    def _ask(self, question: Question) -> Said:
        path = f"/v1/pools/{question.pool.fqdn}/replication-facts" if question.for_facts else "/v1/front-end"
        try:
            headers = self._credentials[question.pool.fqdn]()
            answer = self._http.get(question.front_end.address + path, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Said(at=time.time(), answers=False, why_silent=str(error) or type(error).__name__)
        now = time.time()
        if answer.status_code != HTTPStatus.OK:
            return Said(at=now, answers=True, why_silent=f"it answers with HTTP status {answer.status_code}")
        try:
            return _understood(now, answer.json(), for_facts=question.for_facts)
        except (ValueError, TypeError, AttributeError, ValidationError):
            return Said(at=now, answers=True, why_silent="it answers in words of another version")


@lru_cache(maxsize=4)
def _trust(deployment: Deployment, name: FrontEndName) -> ssl.SSLContext:
    """Return what front ends are checked by; made once, for that takes longer than many looks."""
    return trust_of(deployment, own_certificate(deployment, name))


def _of_kind(kind: type[D], told: Any) -> D | None:
    try:
        return None if told is None else kind.model_validate(told)
    except ValidationError as error:
        log.debug("told in words of another version: %s", error)
        return None


def _understood(now: float, told: dict[str, Any], *, for_facts: bool) -> Said:
    if not for_facts:
        return Said(at=now, answers=True, active=bool(told.get("Active")))
    facts = ReplicationFactsDocument.model_validate(told)
    return Said(at=now, answers=True, active=facts.active, facts=facts)
