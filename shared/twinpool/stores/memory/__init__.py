"""The pool store in the memory of one process, for tests and simulations: same promises, nothing durable."""

from twinpool.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
