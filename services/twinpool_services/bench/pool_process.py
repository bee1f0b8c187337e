"""The process of one pool of a bench: a front end without HTTP. `python -m twinpool_services.bench.pool_process POOL`.

The first line of its standard input says where everything is. It opens the store, says `ready`, and starts the backup
service at `go`. It stops in order when its standard input ends.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from twinpool.content.store import ContentStore
from twinpool.interpreter import tune_the_interpreter
from twinpool.logs import configure_logging
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.registry import load_modules
from twinpool.stopping import Stop
from twinpool.stores.opening import open_store
from twinpool.vocabulary.names import CMS_HOME, Stream
from twinpool_services.backup import BackupService, Configurations
from twinpool_services.bench.bench_pools import bench_deployment, declare_homes
from twinpool_services.bench.child_side import hear, say

MODULE = "twinpool_services.bench.pool_process"
JOIN_SECONDS = 20.0


def main() -> None:
    """Do what we are told until nobody tells us anything any more."""
    configure_logging(level="WARNING")
    with _opened(sys.argv[1], hear()) as backup, ExitStack() as running:
        tune_the_interpreter()
        say("ready")
        while told := hear():
            if told["word"] == "go":
                running.enter_context(_running(backup))
                say("gone")


@contextmanager
def _opened(fqdn: str, places: Mapping[str, Any]) -> Iterator[BackupService]:
    deployment = bench_deployment(places["places"])
    pool = deployment.pool(fqdn)
    store = open_store(pool.store, pool.fqdn)
    try:
        declare_homes(store, deployment, pool.fqdn)
        yield BackupService(
            deployment=deployment,
            pool=pool,
            front_end=pool.front_ends[0],
            store=store,
            modules=load_modules(),
            content=ContentStore(pool.content),
            configurations=Configurations(store, Stream(CMS_HOME, CmsMaster.name)),
        )
    finally:
        store.close()


@contextmanager
def _running(backup: BackupService) -> Iterator[None]:
    stop = Stop()

    def work() -> None:
        try:
            backup.run(stop)
        finally:
            if not stop.requested:
                os._exit(1)  # It died; whoever waits for us hears the pipe close.

    thread = threading.Thread(target=work, name="backup", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.request("the bench is over")
        thread.join(JOIN_SECONDS)


if __name__ == "__main__":
    main()
