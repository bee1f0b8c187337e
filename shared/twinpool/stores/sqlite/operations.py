"""Documents of long operations."""

from __future__ import annotations

from twinpool.stores.sqlite.ground import Ground
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_text
from twinpool.vocabulary.names import Generation


class SqliteOperations(Ground):
    """The newest state of every operation."""

    def save_operation(self, name: str, document: bytes, *, generation: Generation | None) -> None:
        """Keep the newest state of an operation; see `Operations.save_operation`."""
        check_text(name)
        transaction = self._connections.writing() if generation is None else self._fenced(generation)
        with transaction as connection:
            connection.execute(SQL["save_operation"], {"name": name, "document": document})
        self._bell.ring()

    def operation(self, name: str) -> bytes | None:
        """Return the newest state of an operation."""
        row = self._row("operation", {"name": name})
        return None if row is None else row[0]

    def operations(self) -> list[tuple[str, bytes]]:
        """Return all operations in order of their names."""
        return [(name, document) for name, document in self._rows("operations")]


__all__ = ["SqliteOperations"]
