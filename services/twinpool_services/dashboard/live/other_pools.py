"""Reads from the front ends of other pools, on behalf of this one: what every pool may see of every other.

Nothing is done there. What a pool may do at another is little, and none of it is what people do on pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from twinpool.errors import NotAuthorised, NotFound, PoolUnreachable, Refused, TwinpoolError
from twinpool.security.tls import own_certificate, trust_of
from twinpool.vocabulary.deployment import FrontEnd
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.orphan_serving import credentials_for
from twinpool_services.moving import why_not_ready

Document = Mapping[str, Any]

TIMEOUT = httpx.Timeout(5.0, connect=0.7)  #: seconds; a page waits for it

_TRY_ANOTHER = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.MISDIRECTED_REQUEST}
_KINDS: Mapping[int, type[TwinpoolError]] = {HTTPStatus.NOT_FOUND: NotFound, HTTPStatus.FORBIDDEN: NotAuthorised}


class OtherPools:
    """Connections to other front ends. Methods block; to be closed."""

    def __init__(self, here: Context) -> None:
        """Connect to nobody yet."""
        self._here = here
        trust = trust_of(here.deployment, own_certificate(here.deployment, here.front_end.name))
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trust)
        self._credentials: dict[str, Callable[[], Mapping[str, str]]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, fqdn: str, path: Sequence[str], query: Mapping[str, str] | None = None) -> Document:
        """Return what the first front end of a pool says that answers.

        Raises `PoolUnreachable` if none does, `NotFound`, `NotAuthorised`, and `Refused` for everything else.
        """
        silent: list[str] = []
        for front_end in self._here.deployment.pool(fqdn).front_ends:
            try:
                answer = self.at(fqdn, front_end, path, query)
                said = _object(answer)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                silent.append(f"{front_end.name}: {str(error) or type(error).__name__}")
                continue
            if answer.is_success:
                return said
            if answer.status_code not in _TRY_ANOTHER:
                raise _refusal(answer.status_code, said)
            silent.append(f"{front_end.name}: {said.get('detail', answer.status_code)}")
        raise PoolUnreachable(f"no front end of {fqdn} answers ({'; '.join(silent)})")

    def at(
        self, fqdn: str, front_end: FrontEnd, path: Sequence[str], query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer of one front end. Raises `httpx.HTTPError`."""
        if fqdn not in self._credentials:
            self._credentials[fqdn] = credentials_for(self._here, self._here.deployment.pool(fqdn).fqdn)
        url = "/".join([front_end.address, *(quote(part, safe="") for part in path)])
        return self._http.get(url, params=query, headers=self._credentials[fqdn]())

    def why_not_ready(self, fqdn: str, front_end: FrontEnd) -> str:
        """Say what keeps a front end from being ready; empty if nothing does."""
        try:
            return why_not_ready(_object(self.at(fqdn, front_end, ["readyz"])))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return str(error) or type(error).__name__


def _object(answer: httpx.Response) -> Document:
    """Return the object in an answer. Raises `ValueError`."""
    said = answer.json()
    if not isinstance(said, dict):
        raise ValueError("it answers in words of another version")
    return said


def _refusal(status: int, said: Document) -> TwinpoolError:
    error = _KINDS.get(status, Refused)(str(said.get("detail", f"HTTP status {status}")))
    error.hint = str(said.get("hint", "")) or error.hint
    return error
