"""Orphans read from a pool page by page, up to as many as are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twinpool.errors import InvalidParameter, PoolUnreachable
from twinpool.failover.orphan_classification import Classification
from twinpool_services.cli.client import Client

PAGE = 200  #: orphans


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which orphans are wanted; all unless something is said."""

    home: str = ""
    module: str = ""
    undecided: bool = False
    classification: str = ""
    any_of: tuple[str, ...] = ()  #: classifications; who does not know them cannot choose

    def numbers(self, client: Client, pool: str) -> list[int]:
        """Return the numbers of those that are of one of the classifications. Raises `PoolUnreachable`."""
        found: list[int] = []
        for page in _pages(client, pool, self, after=0, limit=0):
            for row in page["Orphans"]:
                if row["Classification"] is None:
                    raise PoolUnreachable(str(row["Why"]))
                found += [row["Number"]] if row["Classification"] in self.any_of else []
        return found

    def params(self) -> dict[str, str]:
        """Return what is asked of the pool."""
        params = {"home": self.home, "module": self.module, "classification": self.classification}
        return {name: value for name, value in params.items() if value} | ({"undecided": "1"} if self.undecided else {})


@dataclass(slots=True)
class Walked:
    """What was found."""

    orphans: list[Mapping[str, Any]] = field(default_factory=list)
    next: int | None = None  #: there are more behind this number
    total: int = 0
    undecided: int = 0

    @property
    def document(self) -> Mapping[str, object]:
        """The same, as the pool says it."""
        return {"Orphans": self.orphans, "Next": self.next, "Total": self.total, "Undecided": self.undecided}


def walk(client: Client, pool: str, selection: Selection, *, after: int, limit: int) -> Walked:
    """Read up to `limit` orphans with numbers above `after`, all of them if it is 0."""
    found = Walked()
    for page in _pages(client, pool, selection, after=after, limit=limit):
        found.orphans += page["Orphans"]
        found.next, found.total, found.undecided = page["Next"], page["Total"], page["Undecided"]
    return found


def _pages(client: Client, pool: str, selection: Selection, *, after: int, limit: int) -> Iterator[Mapping[str, Any]]:
    following: int | None = after
    left = limit
    while following is not None and (left or not limit):
        size = min(PAGE, left) if limit else PAGE
        params = selection.params() | {"after": str(following), "limit": str(size)}
        page: Mapping[str, Any] = client.orphans(pool, params)
        yield page
        following, left = page["Next"], left - len(page["Orphans"])


def classified(text: str) -> str:
    """Read a classification in any case; empty for none. Raises `InvalidParameter`."""
    known = {each.value.casefold(): each.value for each in Classification}
    if text and text.casefold() not in known:
        raise InvalidParameter(f"--classification is one of {', '.join(Classification)}", field="classification")
    return known.get(text.casefold(), "")
