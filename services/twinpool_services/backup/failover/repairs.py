"""Repairs of the streams of one home: asked for by the pool that gave way, answered by the one that serves."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from twinpool.errors import HomeReadOnly
from twinpool.failover.messages import Repaired, RepairWanted
from twinpool.failover.repairing import (
    Ask,
    Heard,
    NoteRepaired,
    ReadRepairs,
    Repairing,
    RepairingEvent,
    RepairsRead,
    Tick,
    may_touch,
    repaired,
)
from twinpool.stores.untouched import Witness
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import ModuleName, PoolFqdn, Stream
from twinpool_services.backup.failover.surroundings import Surroundings

NUMBERS = 20  #: bits that the requests of one tenure have for their numbers


class Repairs:
    """Those of one tenure."""

    def __init__(self, around: Surroundings, status: HomeStatus) -> None:
        """Have some to make if another pool serves the home."""
        self._around, self._witness = around, Witness(around.store)
        imports = status.serving_pool != around.premises.pool
        number = int(around.tenure.generation) << NUMBERS
        self._machines: Mapping[ModuleName, Repairing] = (
            {module: Repairing(status.term, number) for module in around.modules} if imports else {}
        )

    def is_done(self, module: ModuleName) -> bool:
        """Whether the importer of a module may begin."""
        return module in self._machines and self._machines[module].done

    def tick(self) -> None:
        """Let time pass."""
        for module in self._machines:
            self._feed(module, Tick())

    def hear(self, message: Repaired, module: ModuleName) -> None:
        """Take the serving pool's answer in."""
        if module in self._machines:
            self._feed(module, Heard(message))

    def answer(self, message: RepairWanted, module: ModuleName, to: PoolFqdn) -> None:
        """Log the present state of the records that another pool lost sight of, if it is ours to do so."""
        around, stream = self._around, Stream(self._around.home, module)
        if module not in around.modules or not may_touch(message, around.status(), around.premises.pool):
            return
        untouched = self._witness.untouched(stream, message.keys, message.term)
        try:
            position = around.store.touch(stream, message.keys)
        except HomeReadOnly:
            return  # It asks again.
        around.say(repaired(message, position, untouched), to, module)

    def _feed(self, module: ModuleName, event: RepairingEvent) -> None:
        around, machine, stream = self._around, self._machines[module], Stream(self._around.home, module)
        partner = around.partner
        events = deque([event])
        while events:
            for action in machine.handle(events.popleft(), around.store.now()):
                match action:
                    case ReadRepairs(limit):
                        events.append(RepairsRead(around.store.repairs(stream, limit=limit)))
                    case Ask(message):
                        if partner is not None:
                            around.say(message, partner, module)
                    case NoteRepaired(keys, untouched):
                        around.store.note_repaired(
                            stream, keys, untouched=untouched, generation=around.tenure.generation
                        )
