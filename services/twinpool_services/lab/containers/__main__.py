"""The service `prepare` of the files in compose/: writes what the other containers read, and ends.

With the variable TWINPOOL_LAB_LINES the pools reach the broker by the service `lines`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from twinpool.errors import TwinpoolError
from twinpool_services.lab.containers.plan import ContainerPlan
from twinpool_services.lab.containers.preparing import prepare
from twinpool_services.lab.plan import StoreKind


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare a lab; return the exit code."""
    parser = argparse.ArgumentParser(prog="prepare", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("/run/lab"), help="where the volumes are mounted")
    parser.add_argument("--pools", type=int, default=2, help="how many; two by two they back each other up")
    parser.add_argument("--front-ends", type=int, default=2, help="of each pool")
    parser.add_argument("--store", type=StoreKind, choices=list(StoreKind), default=StoreKind.SQLITE)
    parser.add_argument("--brokers", type=int, default=1, help="nodes of the RabbitMQ cluster")
    parser.add_argument("--lease-duration", default="00:00:05", help="of each pool, as hh:mm:ss")
    given = parser.parse_args(arguments)
    try:
        plan = ContainerPlan(
            pools=given.pools,
            front_ends=given.front_ends,
            store=given.store,
            brokers=given.brokers,
            lease_duration=given.lease_duration,
            lines=bool(os.environ.get("TWINPOOL_LAB_LINES")),
        )
        prepare(plan, given.into)
    except (TwinpoolError, OSError) as error:
        sys.stderr.write(f"prepare: {error}\n")
        return 1
    sys.stdout.write(f"Prepared {', '.join(plan.pool_names)}; what was there already was kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
