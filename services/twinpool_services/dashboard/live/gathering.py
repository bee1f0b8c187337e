"""Gathers the scene: this pool from its own store, and all others by asking their front ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from twinpool.vocabulary.deployment import FrontEnd, Pool
from twinpool_services.dashboard.live.asking import Asking, Question, Said
from twinpool_services.dashboard.live.scene import FrontEndSight, PoolSight, Scene, last_heard
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.fact_documents import ReplicationFactsDocument
from twinpool_services.frontend.fact_reading import read_facts

OTHERS_EVERY = 4  #: looks, of which one asks the pools of other pairs


class Gathering:
    """Remembers the last scene, from which it follows whom to ask what. One thread calls `gather`."""

    def __init__(self, here: Context) -> None:
        """Know nothing of anybody yet."""
        self._here = here
        self._asking = Asking(here)
        self._looks = 0
        self._sights: dict[str, FrontEndSight] = {}
        self._told: dict[str, tuple[float, ReplicationFactsDocument]] = {}

    def close(self) -> None:
        """Let go of connections."""
        self._asking.close()

    def gather(self) -> Scene:
        """Look at everything once. Blocks."""
        said = self._asking.ask(list(self._questions()))
        self._looks += 1
        own = read_facts(self._here)
        said[self._here.front_end.name] = Said(at=time.time(), answers=True, active=own.active, facts=own)
        for pool in self._here.deployment.pools:
            self._hear(pool, said)
        return self._scene()

    def _questions(self) -> Iterator[Question]:
        own = {self._here.pool.fqdn, self._here.deployment.partner_of(self._here.pool.fqdn)}
        for pool in self._here.deployment.pools:
            if pool.fqdn in own or self._looks % OTHERS_EVERY == 0:
                yield from self._questions_to(pool)

    def _questions_to(self, pool: Pool) -> Iterator[Question]:
        """Ask the active one for all it knows; where nobody knows who that is, the first one that answered."""
        others = [each for each in pool.front_ends if each.name != self._here.front_end.name]
        spokesman = next((each for each in others if self._was(each).active and self._was(each).answers), None)
        if spokesman is None and len(others) == len(pool.front_ends):
            spokesman = next((each for each in others if self._was(each).answers), others[0])
        for each in others:
            yield Question(pool, each, for_facts=each is spokesman)

    def _was(self, front_end: FrontEnd) -> FrontEndSight:
        pool, _ = self._here.deployment.front_end(front_end.name)
        unknown = FrontEndSight(name=front_end.name, pool=pool.fqdn, answers=False)
        return self._sights.get(front_end.name, unknown)

    def _hear(self, pool: Pool, said: dict[str, Said]) -> None:
        for each in pool.front_ends:
            if (word := said.get(each.name)) is None:
                continue
            heard_at = word.at if word.answers else self._was(each).heard_at
            self._sights[each.name] = replace(
                self._was(each),
                answers=word.answers,
                active=word.active,
                heard_at=heard_at,
                why_silent=word.why_silent,
            )
        told = [(word.at, word.facts) for each in pool.front_ends if (word := said.get(each.name)) and word.facts]
        if told:  # The active one knows most; any other knows what the store has.
            self._told[pool.fqdn] = max(told, key=lambda one: one[1].active)

    def _scene(self) -> Scene:
        return Scene(
            at=time.time(),
            seen_by=self._here.front_end.name,
            pools=tuple(self._pool(pool) for pool in self._here.deployment.pools),
        )

    def _pool(self, pool: Pool) -> PoolSight:
        sights = tuple(self._was(each) for each in pool.front_ends)
        told_at, facts = self._told.get(pool.fqdn, (None, None))
        others = [told for fqdn, told in self._told.items() if fqdn != pool.fqdn]
        return PoolSight(
            fqdn=pool.fqdn,
            backup_pool=self._here.deployment.partner_of(pool.fqdn),
            front_ends=sights,
            facts=facts,
            told_at=told_at,
            last_heard=last_heard(pool.fqdn, sights, others),
        )
