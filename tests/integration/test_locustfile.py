"""The locustfile, run against a front end with a stand-in for Locust that has what the file uses of it."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.front_ends import POOL1, deployment_in, front_end_on
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import Home, Stream

FILE = Path(__file__).parents[2] / "docs/how-to/locust/locustfile.py"


class Answer:
    """An answer that the user says of whether it is a success."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status_code, self.is_success = answer.status_code, answer.is_success

    def success(self) -> None:
        self.is_success = True


class Session:
    """Locust's client, as far as the file uses it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http, self.answers = http, list[Answer]()

    def put(self, path: str, *, data: bytes, headers: dict[str, str], name: str) -> None:
        self.answers.append(Answer(self._http.put(path, content=data, headers=headers)))
        assert name.startswith("/records/")

    @contextmanager
    def get(self, path: str, *, headers: dict[str, str], name: str, catch_response: bool) -> Iterator[Answer]:
        assert (name, catch_response) == ("/records/presence", True)
        self.answers.append(Answer(self._http.get(path, headers=headers)))
        yield self.answers[-1]


def stand_in() -> ModuleType:
    """Return what stands for Locust."""
    module = ModuleType("locust")

    def task(weight: int) -> Callable[[Any], Any]:
        def mark(function: Any) -> Any:
            function.weight = weight
            return function

        return mark

    vars(module).update(HttpUser=object, between=lambda low, high: (low, high), task=task)
    return module


def test_each_task_of_the_locust_user_succeeds_at_a_front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, deployment = MemoryStore(POOL1), deployment_in(tmp_path)
    with front_end_on(store, deployment) as serving, httpx.Client(base_url=serving.client.base_url) as bare:
        monkeypatch.setitem(sys.modules, "locust", stand_in())
        monkeypatch.setenv("TWINPOOL_HOME", POOL1)
        monkeypatch.setenv("TWINPOOL_TOKEN", serving.headers["Authorization"].removeprefix("Bearer "))
        user = runpy.run_path(str(FILE))["PoolUser"]()
        user.client = Session(bare)
        user.on_start()
        tasks = [one for one in vars(type(user)).values() if hasattr(one, "weight")]

        for one in [*tasks, *tasks]:
            one(user)

        assert len(tasks) == 3
        assert all(answer.is_success for answer in user.client.answers)
        assert store.record_count(Stream(Home(POOL1), PresenceFocus.name)) >= 2
    store.close()
