"""Read by every Python process that has this directory in its path: front ends that die at a point that a test names.

The point stands in a file that `DYING_FRONT_ENDS` and the pool name: `before give_up`, `after save_operation
serving`. Whoever comes to it first takes the file away, so that one process dies and no other, and ends itself as
SIGKILL does.
"""

from __future__ import annotations

import functools
import json
import os
import signal
from pathlib import Path
from typing import Any, cast

from twinpool.ports.store import Store
from twinpool.stores import opening
from twinpool.vocabulary.names import PoolFqdn

DIRECTORY = os.environ.get("DYING_FRONT_ENDS", "")
CHANGING = frozenset({"save_operation", "set_mode", "give_up", "take_over", "demote", "touch", "note_repaired"})


class DyingStore:
    """A store, and a process that ends at one of its calls."""

    def __init__(self, store: Store, pool: PoolFqdn) -> None:
        self._store, self._armed = store, Path(DIRECTORY) / pool

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return functools.partial(self._reach, name, method) if name in CHANGING else method

    def _reach(self, name: str, method: Any, *given: Any, **named: Any) -> Any:
        words = f"{name} {_detail(name, given)}".strip()
        self._die(f"before {words}")
        result = method(*given, **named)
        self._die(f"after {words}")
        return result

    def _die(self, point: str) -> None:
        try:
            if self._armed.read_text() != point:
                return
            self._armed.rename(self._armed.with_name(f"{self._armed.name}.hit"))
        except FileNotFoundError:
            return  # Nothing is armed, or another process was quicker.
        os.kill(os.getpid(), signal.SIGKILL)


def _detail(name: str, given: tuple[Any, ...]) -> str:
    """Say what a call is about, where a method is called for more than one thing."""
    if name == "set_mode":
        return str(given[1])
    if name != "save_operation" or not given[0].startswith(("failover/", "at-source/")):
        return ""
    document = json.loads(given[1])
    return str(document.get("step") or document.get("state"))


def _open_dying(url: str, pool: PoolFqdn, *, plain: Any = opening.open_store) -> Store:
    return cast("Store", DyingStore(plain(url, pool), pool))


if DIRECTORY:
    opening.open_store = _open_dying
