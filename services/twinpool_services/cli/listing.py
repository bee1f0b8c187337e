"""Lists what pools keep, whole and from all of them, and finds one of it: failovers, drills, verifications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twinpool.errors import NotFound, PoolUnreachable, Transient

Document = Mapping[str, Any]
AskPage = Callable[[str, Mapping[str, str]], Document]

PAGE = "200"


def all_at(pools: Iterable[str], ask: AskPage, items: str) -> tuple[list[Document], dict[str, str]]:
    """Ask pools for all that a list has in `items`; return it newest first, and who could not be asked."""
    known: list[Document] = []
    silent: dict[str, str] = {}
    for pool in pools:
        try:
            known += all_of(pool, ask, items)
        except Transient as error:
            silent[pool] = str(error)
    return sorted(known, key=lambda each: str(each["RequestedAt"]), reverse=True), silent


def find_at(pools: Iterable[str], ask: Callable[[str], Document], what: str) -> Document:
    """Return the one of the first pool that has it. Raises `NotFound`, and `PoolUnreachable` if one was not asked."""
    silent: list[str] = []
    for pool in pools:
        try:
            return ask(pool)
        except NotFound:
            continue
        except Transient as error:
            silent.append(str(error))
    if silent:
        raise PoolUnreachable(f"no pool that answers knows {what} ({'; '.join(silent)})")
    raise NotFound(f"no pool knows {what}")


def all_of(pool: str, ask: AskPage, items: str, only: Mapping[str, str] | None = None) -> list[Document]:
    """Ask a pool for all pages of a list, narrowed by parameters. Raises what the pool does."""
    params = {"limit": PAGE, **(only or {})}
    known: list[Document] = []
    while True:
        page = ask(pool, params)
        known += page[items]
        if page["Next"] is None:
            return known
        params["after"] = page["Next"]
