"""A client of one pool: writes by HTTP, turns to another front end when one does not answer, and notes each answer."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.data_conf import DataConf
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import CMS_HOME, Home, Stream
from twinpool_services.lab.demo.answers import Answers
from twinpool_services.lab.demo.sample_data import SampleFile
from twinpool_services.lab.note import LabFailed

TIMEOUT = httpx.Timeout(60.0, connect=2.0)
TURN_PAUSE = 0.02  #: seconds before the next front end is tried
GIVE_UP = 60.0  #: seconds without any answer
CHUNK = 256 * 1024

#: Makes a request's body, anew for each attempt.
Body = Callable[[], bytes | Iterable[bytes]]


@dataclass(slots=True)
class Turns:
    """How often a write had to be sent again, and the longest time that any took until it was answered."""

    again: int = 0
    longest: float = 0.0


class Writer:
    """Writes to the home of one pool; for one thread."""

    def __init__(self, pool: Pool, answers: Answers, http: httpx.Client, *, first: int = 0) -> None:
        """Begin with the `first` of the pool's front ends; the client shows who we are, and is closed in the end."""
        self._pool, self._answers = pool, answers
        self._at = first % len(pool.front_ends)
        self._http = http
        self._pause = threading.Event()
        home = Home(pool.fqdn)
        self._records, self._files = Stream(home, PresenceFocus.name), Stream(home, DataConf.name)
        self._documents = Stream(CMS_HOME, CmsMaster.name)
        self.turns = Turns()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def write(self, transactions: Sequence[Sequence[Change]]) -> None:
        """Write records in bulk, each transaction a change set. Raises `LabFailed` unless every one is answered."""
        body = b"".join(_line(changes) for changes in transactions)
        path = f"/v1/homes/{self._pool.fqdn}/modules/{PresenceFocus.short_name}/bulk"
        headers = {"Content-Type": "application/x-ndjson"}
        told = self._send("POST", path, lambda: body, headers).json()
        if told["failed"] or told["committed"] != len(transactions):
            raise LabFailed(f"{told['failed']} of {len(transactions)} transactions were refused: {told['errors'][:1]}")
        self._answers.note(self._records, (change for changes in transactions for change in changes))

    def upload(self, file: SampleFile) -> None:
        """Upload a file of a conference, streamed if it lies on disk. Raises `LabFailed`."""
        digest = hashlib.blake2b(digest_size=32)

        def body() -> bytes | Iterable[bytes]:
            nonlocal digest
            digest = hashlib.blake2b(digest_size=32)  # Anew for each attempt, for the content may have changed.
            return _hashed(file, digest)

        conference, name = quote(file.conference, safe=""), quote(file.name, safe="/")
        self._send("PUT", f"/v1/homes/{self._pool.fqdn}/conferences/{conference}/files/{name}", body, {})
        self._answers.note_file(self._files, RecordKey(file.conference, file.name), digest.hexdigest())

    def put_document(self, kind: str, name: str, value: bytes) -> None:
        """Store a document of the CMS. Raises `LabFailed`."""
        headers = {"Content-Type": "application/json"}
        self._send("PUT", f"/v1/cms/documents/{quote(kind, safe='')}/{quote(name, safe='')}", lambda: value, headers)
        self._answers.note(self._documents, [Change(kind, name, value)])

    def _send(self, method: str, path: str, body: Body, headers: dict[str, str]) -> httpx.Response:
        """Send until it is answered: to the same front end as before while it answers, else to the next."""
        began_at = time.monotonic()
        while True:
            said = self._attempt(method, path, body, headers)
            self.turns.longest = max(self.turns.longest, time.monotonic() - began_at)
            if isinstance(said, httpx.Response):
                return said
            if time.monotonic() - began_at > GIVE_UP:
                raise LabFailed(f"no front end of {self._pool.fqdn} answers: {said}")
            self.turns.again += 1
            self._at = (self._at + 1) % len(self._pool.front_ends)
            self._pause.wait(TURN_PAUSE)

    def _attempt(self, method: str, path: str, body: Body, headers: dict[str, str]) -> httpx.Response | str:
        """Return the answer, or why there is none. Raises `LabFailed` for one that another attempt cannot change."""
        address = self._pool.front_ends[self._at].address
        try:
            response = self._http.request(method, address + path, content=body(), headers=headers)
        except httpx.HTTPError as error:
            return f"{address}: {str(error) or type(error).__name__}"
        if response.is_success:
            return response
        if response.status_code in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            return f"{address}: {response.text[:300]}"
        raise LabFailed(f"{method} {path} was answered {response.status_code}: {response.text[:300]}")


def _line(changes: Sequence[Change]) -> bytes:
    """Write a transaction as bulk requests have it."""
    documents = [
        {"op": "put", "owner": one.owner, "key": one.key, "value": base64.b64encode(one.value or b"").decode()}
        for one in changes
    ]
    return json.dumps({"changes": documents}, separators=(",", ":")).encode() + b"\n"


def _hashed(file: SampleFile, digest: hashlib.blake2b) -> bytes | Iterator[bytes]:
    """Return a file's content, in pieces if it is large, and compute its digest on the way."""
    if file.path is None:
        content = file.content()
        digest.update(content)
        return content
    if file.size <= CHUNK:
        content = file.path.read_bytes()
        digest.update(content)
        return content
    return _pieces(file.path, digest)


def _pieces(path: Path, digest: hashlib.blake2b) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while piece := opened.read(CHUNK):
            digest.update(piece)
            yield piece
