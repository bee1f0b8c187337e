"""A client that writes one record after the other to whichever pool serves a home, and notes what it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.front_ends import NO_TLS

HTTP_SERVED = frozenset({200, 201})
PAUSE = 0.02  #: seconds after a refusal


@dataclass(frozen=True, slots=True)
class Told:
    """A write that was answered."""

    key: str
    term: int
    position: int
    pool: str


@dataclass
class RoamingClient:
    """Each write is a record of its own, so that one whose outcome is unknown never hides another."""

    home: str
    addresses: Sequence[tuple[str, str]]  #: pool and base URL of each front end
    prefix: str
    headers: Mapping[str, str]  #: of every request
    told: list[Told] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)  #: answers that no client should get
    refused: dict[int, int] = field(default_factory=dict)  #: how often each status was answered

    @contextmanager
    def writing(self) -> Iterator[RoamingClient]:
        """Write in a thread until the block is left."""
        stop = threading.Event()
        thread = threading.Thread(target=self._write_on, args=(stop,), name="roaming client")
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _write_on(self, stop: threading.Event) -> None:
        number, at = 0, 0
        with httpx.Client(timeout=10, trust_env=False, verify=NO_TLS, headers=self.headers) as client:
            while not stop.is_set():
                number += 1
                pool, address = self.addresses[at % len(self.addresses)]
                if not self._write(client, pool, address, f"{self.prefix}-{number}"):
                    at += 1
                    stop.wait(PAUSE)

    def _write(self, client: httpx.Client, pool: str, address: str, key: str) -> bool:
        path = f"{address}/v1/homes/{self.home}/modules/PresenceFocus/records/roaming@lab/{key}"
        try:
            answer = client.put(path, content=b"{}")
        except httpx.HTTPError:
            return False  # It may have been committed all the same: nobody was told.
        if answer.status_code in HTTP_SERVED:
            said = answer.json()
            self.told.append(Told(key, said["Term"], said["Position"], pool))
            return True
        self.refused[answer.status_code] = self.refused.get(answer.status_code, 0) + 1
        if answer.status_code not in {421, 503}:
            self.surprises.append(f"{answer.status_code}: {answer.text}")
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            self.surprises.append(f"503 without when to try again: {answer.text}")
        if answer.status_code == 421 and not answer.json().get("serving_addresses"):
            self.surprises.append(f"421 without where to go: {answer.text}")
        return False
