"""Clients of a home: each writes records of its own, one operation behind the other, and says what came of it.

A record is written by one client alone, and by an operation only once the one before was answered or refused. After an
operation whose outcome is unknown its records are left alone, for it may still take effect, and others begin.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from twinpool_services.chaos.history import Operation, Outcome

TIMEOUT = httpx.Timeout(8.0, connect=2.0)
REFUSALS = ("home-read-only", "home-in-doubt", "home-not-served")  #: problems that leave no doubt
PAUSE = 0.05  #: seconds after anything that was not answered

#: What is done how often.
MIX = {"append": 0.5, "put": 0.3, "delete": 0.05, "read": 0.15}


@dataclass(frozen=True, slots=True)
class Place:
    """A front end as clients reach it."""

    pool: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all clients of a run share."""

    run: str  #: the owners' names begin with it
    places: Mapping[str, tuple[Place, ...]]  #: home → front ends of its pair
    clock: Callable[[], float]  #: seconds from the start of the run
    note: Callable[[Operation], None]
    rate: float
    keys: int
    seed: int
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


class Client(threading.Thread):
    """One client."""

    def __init__(self, setting: Setting, home: str, number: int, http: httpx.Client) -> None:
        """Prepare; `start` begins, `finish` ends it."""
        super().__init__(name=f"client {home} {number}", daemon=True)
        self.owner = f"{setting.run}-{home}-{number}"
        self._setting, self.home, self._http = setting, home, http
        self._places = setting.places[home]
        self._at = number % len(self._places)
        self._dice = random.Random(f"{setting.seed} {home} {number}")  # noqa: S311 - dice, not a secret
        self._ages = dict.fromkeys(range(setting.keys), 0)  # of registers and lists: grows when they are left alone
        self._number, self._ending = number, threading.Event()
        self.failure: BaseException | None = None
        self.answered_at = -1.0  #: when the newest answered write was sent; of the run

    def run(self) -> None:
        """Do one operation behind the other."""
        try:
            while not self._ending.wait(1 / self._setting.rate):
                self._step()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for us
            self.failure = error

    def finish(self) -> None:
        """Stop, and wait for the operation under way."""
        self._ending.set()
        self.join()

    # ── operations ──────────────────────────────────────────────────────────────────────────────────────────

    def _step(self) -> None:
        match self._dice.choices(list(MIX), list(MIX.values()))[0]:
            case "append":
                self._append()
            case "put":
                self._write("put", [self._own("register")])
            case "delete":
                self._write("delete", [self._own("register")])
            case _:
                self._read_another()

    def _append(self) -> None:
        """Read lists of ours and write them again with one more element each, in one transaction."""
        chosen = self._dice.sample(range(self._setting.keys), k=min(self._setting.keys, self._dice.choice((1, 1, 2))))
        keys = [self._own("list", which) for which in chosen]
        place = self._places[self._at]
        lists = {key: self._read(place, key) for key in keys}
        found = {key: items for key, items in lists.items() if items is not None}
        if len(found) < len(keys):
            self._turn()
        else:
            self._write("append", keys, found)

    def _read_another(self) -> None:
        whose = self._dice.randrange(self._number + 1)
        key = f"{self._setting.run}-{self.home}-{whose}/list-{self._dice.randrange(self._setting.keys)}.0"
        place = self._dice.choice(self._places)
        number, invoked = next(self._setting.numbers), self._setting.clock()
        items = self._read(place, key, anywhere=True)
        outcome = Outcome.FAILED if items is None else Outcome.OK
        self._setting.note(
            Operation(
                number=number,
                client=self.owner,
                home=self.home,
                kind="read",
                keys=(key,),
                pool=place.pool,
                front_end=place.name,
                invoked=invoked,
                completed=self._setting.clock(),
                outcome=outcome,
                items={} if items is None else {key: items},
            )
        )

    def _write(self, kind: str, keys: Sequence[str], lists: Mapping[str, tuple[int, ...]] | None = None) -> None:
        number, place = next(self._setting.numbers), self._places[self._at]
        items = {key: (*found, number) for key, found in (lists or {}).items()}
        values = {key: None if kind == "delete" else _value(number, items.get(key)) for key in keys}
        invoked = self._setting.clock()
        outcome, said = self._send(place, values)
        self._setting.note(
            Operation(
                number=number,
                client=self.owner,
                home=self.home,
                kind=kind,
                keys=tuple(keys),
                pool=place.pool,
                front_end=place.name,
                invoked=invoked,
                completed=self._setting.clock(),
                outcome=outcome,
                term=said.get("Term"),
                position=said.get("Position"),
                items=items,
                reason=str(said.get("reason", "")),
            )
        )
        if outcome is Outcome.OK:
            self.answered_at = invoked
        if outcome is Outcome.UNKNOWN:
            for key in keys:
                self._ages[int(key.rpartition("-")[2].partition(".")[0])] += 1
        if outcome is not Outcome.OK:
            self._turn(said.get("serving_pool"))

    # ── by HTTP ─────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self, place: Place, values: Mapping[str, bytes | None]) -> tuple[Outcome, dict[str, Any]]:
        changes = [_change(key, value) for key, value in values.items()]
        try:
            answer = self._http.post(f"{self._stream(place)}/transactions", json={"changes": changes})
            document = dict(answer.json())
        except httpx.ConnectError as error:  # It never left us.
            return Outcome.FAILED, {"reason": _words(error)}
        except (httpx.HTTPError, ValueError) as error:
            return Outcome.UNKNOWN, {"reason": _words(error)}
        if answer.is_success:
            return Outcome.OK, document
        kind = str(document.get("type", "")).rpartition(":")[2]
        refused = kind in REFUSALS or answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        document["reason"] = f"{answer.status_code} {kind}: {document.get('detail', '')}"[:200]
        return (Outcome.FAILED if refused else Outcome.UNKNOWN), document

    def _read(self, place: Place, key: str, *, anywhere: bool = False) -> tuple[int, ...] | None:
        """Return a list; None if it cannot be read there, or the pool there is not the one that serves it."""
        owner, _, name = key.partition("/")
        try:
            answer = self._http.get(f"{self._stream(place)}/records/{quote(owner, safe='')}/{name}")
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return ()
            served_by = answer.headers.get("Twinpool-Served-By", place.pool)
            if not answer.is_success or (served_by != place.pool and not anywhere):
                return None
            return tuple(answer.json().get("items", ()))
        except (httpx.HTTPError, ValueError):
            return None

    def _stream(self, place: Place) -> str:
        return f"{place.address}/v1/homes/{self.home}/modules/PresenceFocus"

    def _turn(self, pool: str | None = None) -> None:
        """Go to another front end next: of the pool that is said to serve, or simply the next one."""
        self._at = (self._at + 1) % len(self._places)
        if pool is not None and any(place.pool == pool for place in self._places):
            while self._places[self._at].pool != pool:
                self._at = (self._at + 1) % len(self._places)
        self._ending.wait(PAUSE)

    def _own(self, kind: str, which: int | None = None) -> str:
        chosen = self._dice.randrange(self._setting.keys) if which is None else which
        return f"{self.owner}/{kind}-{chosen}.{self._ages[chosen]}"


def _value(number: int, items: Sequence[int] | None) -> bytes:
    document: dict[str, Any] = {"op": number}
    if items is not None:
        document["items"] = list(items)
    return json.dumps(document, separators=(",", ":")).encode()


def _change(key: str, value: bytes | None) -> dict[str, str]:
    owner, _, name = key.partition("/")
    if value is None:
        return {"op": "delete", "owner": owner, "key": name}
    return {"op": "put", "owner": owner, "key": name, "value": base64.b64encode(value).decode("ascii")}


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def clock_from_now() -> Callable[[], float]:
    """Return a clock that begins at 0."""
    began = time.monotonic()
    return lambda: round(time.monotonic() - began, 4)
