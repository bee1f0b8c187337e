"""Documents of long operations."""

from __future__ import annotations

from contextlib import nullcontext

from twinpool.stores.memory.ground import Ground
from twinpool.stores.text import check_text
from twinpool.vocabulary.names import Generation


class MemoryOperations(Ground):
    """The newest state of every operation."""

    def save_operation(self, name: str, document: bytes, *, generation: Generation | None) -> None:
        """Keep the newest state of an operation; see `Operations.save_operation`."""
        check_text(name)
        with self._lock, nullcontext() if generation is None else self._fenced(generation):
            self._operations[name] = document
            self._wakeups.grow()

    def operation(self, name: str) -> bytes | None:
        """Return the newest state of an operation."""
        with self._lock:
            return self._operations.get(name)

    def operations(self) -> list[tuple[str, bytes]]:
        """Return all operations in order of their names."""
        with self._lock:
            return sorted(self._operations.items())


__all__ = ["MemoryOperations"]
