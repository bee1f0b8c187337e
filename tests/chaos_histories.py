"""Handmade histories: operations, samples and final states in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinpool_services.chaos.history import FinalState, History, Operation, Outcome, PoolSample, Sample

P1, P2 = "pool1.lab", "pool2.lab"
KEY = "alice/register-0.0"
PRESENCE = "UserServices.PresenceFocus"


def write(number: int, key: str = KEY, **other: Any) -> Operation:
    """One answered put; its position is its number, and it took the second of that number."""
    usual: dict[str, Any] = {
        "number": number,
        "client": "alice",
        "home": P1,
        "kind": "put",
        "keys": (key,),
        "pool": P1,
        "front_end": "fe1.pool1.lab",
        "invoked": float(number),
        "completed": number + 0.5,
        "outcome": Outcome.OK,
        "term": 1,
        "position": number,
    }
    return Operation(**{**usual, **other})


def final(records: Mapping[str, int], backup: Mapping[str, int] | None = None, **other: Any) -> FinalState:
    """What is there at the end: in both pools the same, unless the backup pool's is given."""
    usual: dict[str, Any] = {
        "home": P1,
        "served_by": P1,
        "term": 1,
        "records": {P1: records, P2: records if backup is None else backup},
        "lists": {},
        "orphans": (),
    }
    return FinalState(**{**usual, **other})


def pool(name: str, **other: Any) -> PoolSample:
    """What was seen of a pool."""
    usual: dict[str, Any] = {
        "pool": name,
        "export": None,
        "pending": None,
        "holder": None,
        "generation": None,
        "serves": {P1: 1} if name == P1 else {},
        "records": {},
        "sessions": {},
        "cursors": {},
    }
    return PoolSample(**{**usual, **other})


def sample(*pools: PoolSample, asked: float = 100.0) -> Sample:
    """What was seen at one moment."""
    return Sample(asked=asked, ended=asked + 0.1, pools=pools)


def history(operations: Sequence[Operation], **other: Any) -> History:
    """Put a history together."""
    return History(scenario="handmade", seed=1, operations=tuple(operations), **other)
