"""Asks the front ends of another pool over HTTP: each in turn, until one answers."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from twinpool.errors import InvalidRecord, PoolUnreachable, Refused, TwinpoolError

#: A front end that is up accepts at once; what it has to read or commit takes longer.
TIMEOUT = httpx.Timeout(15.0, connect=3.0)
FILE_TIMEOUT = httpx.Timeout(600.0, connect=3.0)  #: it is made durable before the answer comes
PIECE_BYTES = 1024 * 1024

Credentials = Callable[[], Mapping[str, str]]  #: the headers that show who calls

_TRY_AGAIN = {
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.MISDIRECTED_REQUEST,  # Who serves is being settled: both pools know it in a moment.
}
_WRONG = {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


class PoolCalls:
    """Calls to one pool. Methods block; what a front end refuses is raised in its own words.

    A call whose answer is lost is made again at another front end, so it has to be one that may be made twice. Raises
    `PoolUnreachable` if nobody answers or all say that it had better be tried again.
    """

    def __init__(
        self,
        pool: str,
        addresses: Sequence[str],
        credentials: Credentials = dict,
        *,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Know where the pool's front ends are, what shows them who we are, and what they are checked by.

        Without `trust` that is what the system trusts.
        """
        self._pool, self._addresses = pool, addresses
        # Front ends are reached directly: a proxy of the environment is for the world outside.
        auth = _showing(credentials)
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trust or _trust(), auth=auth)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post(self, path: Sequence[str], document: Mapping[str, object]) -> dict[str, Any]:
        """Post a document and return the answer's."""
        return _document(self._accepted(path, lambda url: self._http.post(url, json=document)))

    def put(self, path: Sequence[str], file: BinaryIO) -> None:
        """Send a file."""
        size = {"Content-Length": str(file.seek(0, os.SEEK_END))}

        def send(url: str) -> httpx.Response:
            file.seek(0)
            return self._http.put(url, content=_pieces(file), headers=size, timeout=FILE_TIMEOUT)

        self._accepted(path, send)

    def is_granted(self, path: Sequence[str]) -> bool:
        """Post without a body; False if there is no such thing."""
        answer = self._answer(path, self._http.post)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return False
        _require(answer)
        return True

    def _accepted(self, path: Sequence[str], send: Callable[[str], httpx.Response]) -> httpx.Response:
        answer = self._answer(path, send)
        _require(answer)
        return answer

    def _answer(self, path: Sequence[str], send: Callable[[str], httpx.Response]) -> httpx.Response:
        silent: list[str] = []
        for address in self._addresses:
            try:
                answer = send("/".join([address, *(quote(part, safe="") for part in path)]))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                silent.append(f"{address}: {str(error) or type(error).__name__}")
                continue
            if answer.status_code not in _TRY_AGAIN:
                return answer
            silent.append(f"{address}: {_detail(answer)}")
        said = "; ".join(silent) or "the deployment file has no address of it"
        raise PoolUnreachable(f"{self._pool}, which serves the home, cannot be asked now ({said})")


def _showing(credentials: Credentials) -> Callable[[httpx.Request], httpx.Request]:
    """Show with each call who makes it; asked anew each time, for what is shown is short-lived."""

    def show(request: httpx.Request) -> httpx.Request:
        request.headers.update(credentials())
        return request

    return show


@cache
def _trust() -> ssl.SSLContext:
    """Return what certificates are checked by; made once, for that is slow."""
    return ssl.create_default_context()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _require(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    kind: type[TwinpoolError] = InvalidRecord if answer.status_code in _WRONG else Refused
    error = kind(_detail(answer))
    error.hint = str(_document(answer).get("hint", "")) or error.hint
    raise error


def _detail(answer: httpx.Response) -> str:
    return str(_document(answer).get("detail", "")) or f"HTTP status {answer.status_code}"


def _document(answer: httpx.Response) -> dict[str, Any]:
    """Return the object in an answer; an empty one if there is none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


__all__ = ["PoolCalls"]
