"""The named statements of this dialect, as psycopg takes them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from twinpool.stores.queries import queries

#: As bytes, because psycopg takes a `str` only if it is a literal; these come from a file of ours.
SQL: Final[Mapping[str, bytes]] = MappingProxyType(
    {name: statement.encode() for name, statement in queries("postgresql").items()}
)
