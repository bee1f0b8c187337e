"""Asks every front end of a pool the same, for what only one of them may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from twinpool.errors import TwinpoolError
from twinpool_services.cli.client import Client, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the front ends of a pool have said."""

    pool: str
    documents: Mapping[str, Document]  #: by the front end's name
    silent: Mapping[str, str]  #: why the others have not answered

    @property
    def silence(self) -> str:
        """Why nobody has answered; empty if somebody has."""
        return "" if self.documents else "; ".join(f"{name}: {why}" for name, why in self.silent.items())


def ask_all(client: Client, pool: str, path: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Answers:
    """Ask all front ends at the same time. Raises `NotFound` for a pool that the deployment does not have."""
    front_ends = client.deployment.pool(pool).front_ends
    documents: dict[str, Document] = {}
    silent: dict[str, str] = {}
    with ThreadPoolExecutor(max(1, len(front_ends)), thread_name_prefix="asking") as threads:
        asked = {each.name: threads.submit(client.at_front_end, each, path, params) for each in front_ends}
        for name, answer in asked.items():
            try:
                documents[name] = answer.result()
            except TwinpoolError as error:
                silent[name] = str(error)
    return Answers(pool=client.deployment.pool(pool).fqdn, documents=documents, silent=silent)
