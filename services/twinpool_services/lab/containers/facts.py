"""What every container of a lab may know: what Prometheus watches, and which lines lead to the broker."""

from __future__ import annotations

import json

from twinpool_services.lab.containers.plan import BROKER_METRICS_PORT, BROKER_PORT, PORT, ContainerPlan


def front_end_targets(plan: ContainerPlan) -> str:
    """Return the front ends, each pool with its name as a label."""
    groups = [
        {"labels": {"pool": pool}, "targets": [f"{name}:{PORT}" for name in plan.front_end_names(pool)]}
        for pool in plan.pool_names
    ]
    return json.dumps(groups, indent=2) + "\n"


def broker_targets(plan: ContainerPlan) -> str:
    """Return the nodes of the broker."""
    return json.dumps([{"targets": [f"{host}:{BROKER_METRICS_PORT}" for host in plan.broker_hosts]}], indent=2) + "\n"


def lines(plan: ContainerPlan) -> str:
    """Return each pool's lines to the nodes of the broker, for `twinpool chaos lines serve`."""
    found = [
        {"pool": pool, "listen": port, "upstream": f"{host}:{BROKER_PORT}"}
        for pool in plan.pool_names
        for host, port in zip(plan.broker_hosts, plan.line_ports(pool), strict=True)
    ]
    return json.dumps(found, indent=2) + "\n"
