"""What became of each operation, in columns of numbers: an hour of load has to fit into memory."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Sequence

from twinpool.vocabulary.names import ModuleName
from twinpool_services.load.drivers import Outcome
from twinpool_services.load.operations import Operation


class Record:
    """All operations that were answered, in the order of their answers."""

    def __init__(self, modules: Sequence[ModuleName]) -> None:
        self.modules = list(modules)
        self.due_ns, self.answered_ns = array("q"), array("q")  #: since the load began
        self.positions, self.module = array("q"), array("b")
        self.failures: Counter[str] = Counter()  #: by reason
        self.not_sent = 0  #: due, but not begun when the run ended
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self.due_ns)

    def note(self, operations: Sequence[Operation], outcomes: Sequence[Outcome], answered_ns: int) -> None:
        """Note what became of some operations."""
        with self._guard:
            for operation, outcome in zip(operations, outcomes, strict=True):
                self.due_ns.append(operation.due_ns)
                self.answered_ns.append(answered_ns)
                self.positions.append(outcome.position)
                self.module.append(self.modules.index(operation.module))
                if outcome.why:
                    self.failures[outcome.why] += 1

    def last_positions(self) -> dict[ModuleName, int]:
        """Return the highest position that was answered, by module."""
        last: dict[ModuleName, int] = {}
        for module, position in zip(self.module, self.positions, strict=True):
            if position >= 0:
                name = self.modules[module]
                last[name] = max(position, last.get(name, -1))
        return last
