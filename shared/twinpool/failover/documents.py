"""Operations and engagements as plain documents, which is how the store keeps them.

A document is made of what JSON holds. Reading one that is not ours raises `ValueError`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from twinpool.failover.operation import (
    Engaged,
    Engagement,
    Heads,
    Kind,
    Operation,
    OperationId,
    Options,
    Step,
    Verification,
)
from twinpool.failover.plan import LossPlan, ModuleLoss
from twinpool.vocabulary.home import Mode, TermBeginning
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term


def operation_document(operation: Operation) -> bytes:
    """Write an operation down."""
    return _written("operation", asdict(operation))


def engagement_document(engagement: Engagement) -> bytes:
    """Write an engagement down."""
    return _written("engagement", asdict(engagement))


def plan_document(plan: LossPlan) -> bytes:
    """Write a plan down."""
    return _written("plan", asdict(plan))


def read_operation(document: bytes) -> Operation:
    """Read what `operation_document` wrote. Raises `ValueError`."""
    given = _given("operation", document)
    try:
        return _operation(given)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no document of an operation: {error!r}") from error


def read_engagement(document: bytes) -> Engagement:
    """Read what `engagement_document` wrote. Raises `ValueError`."""
    given = _given("engagement", document)
    try:
        return Engagement(**{**given, "state": Engaged(given["state"]), "mode_before": Mode(given["mode_before"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no document of an engagement: {error!r}") from error


def read_plan(document: bytes) -> LossPlan:
    """Read what `plan_document` wrote. Raises `ValueError`."""
    given = _given("plan", document)
    try:
        return _plan(given)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no document of a plan: {error!r}") from error


def kind_of(document: bytes) -> str:
    """Say what a document is: `operation`, `engagement` or `plan`; empty if none of these."""
    try:
        given = json.loads(document)
    except ValueError:
        return ""
    return str(given.get("document", "")) if isinstance(given, dict) else ""


def _written(kind: str, fields: dict[str, Any]) -> bytes:
    return json.dumps({"document": kind, **fields}, ensure_ascii=False, separators=(",", ":")).encode()


def _given(kind: str, document: bytes) -> dict[str, Any]:
    given = json.loads(document)
    if not isinstance(given, dict) or given.pop("document", None) != kind:
        raise ValueError(f"this is no document of {kind}")
    return given


def _operation(given: dict[str, Any]) -> Operation:
    return Operation(
        id=OperationId(given["id"]),
        kind=Kind(given["kind"]),
        home=Home(given["home"]),
        source=PoolFqdn(given["source"]),
        target=PoolFqdn(given["target"]),
        term=Term(given["term"]),
        modules=tuple(ModuleName(each) for each in given["modules"]),
        options=Options(**given["options"]),
        step=Step(given["step"]),
        times=tuple((Step(step), Instant(at)) for step, at in given["times"]),
        heads=_heads(given["heads"]),
        beginnings=tuple(TermBeginning(**each) for each in given["beginnings"]),
        verification=Verification(given["verification"]),
        failure=given["failure"],
        plan=None if given["plan"] is None else _plan(given["plan"]),
        confirmed=given["confirmed"],
    )


def _heads(given: list[Any]) -> Heads:
    return tuple((ModuleName(module), Position(position)) for module, position in given)


def _plan(given: dict[str, Any]) -> LossPlan:
    return LossPlan(**{**given, "losses": tuple(ModuleLoss(**each) for each in given["losses"])})
