"""Asks every front end of a pool the same, for what only one of them may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from twinpool.errors import TwinpoolError
from twinpool_services.cli.client import Client, Document
from twinpool_services.diagnosis import Answers


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
