"""A broker that ends, a node of it that dies or is parted from the others, a queue that is gone."""

from __future__ import annotations

from functools import partial

from twinpool.brokers.private_node import PrivateNode
from twinpool_services.chaos.faults.fault import Active, Done, TakenBackBy
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import RunFailed, Stage
from twinpool_services.chaos.tampering import delete_queue

SUBJECT = "UserServices.PresenceFocus"

#: Lets a node refuse another, which is as good as a cut cable to both: the cookie that it expects is none.
PART = "erlang:set_cookie('{other}', parted), erlang:disconnect_node('{other}')."
JOIN = "erlang:set_cookie('{other}', erlang:get_cookie())."


def restart(stage: Stage, _fault: Fault, _seed: int) -> Active:
    """End the whole broker as a power cut would."""
    broker = stage.lab.servers.broker
    if broker is None:
        raise RunFailed("the broker of this lab is not ours to end")
    broker.kill()
    return TakenBackBy(stage.lab.servers.start_broker)


def kill_node(stage: Stage, fault: Fault, _seed: int) -> Active:
    """End one node of a cluster as a power cut would."""
    node = _node(stage, fault)
    node.kill()
    return TakenBackBy(stage.lab.servers.start_broker, node.name)


def part_node(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Part one node of a cluster from the others; clients of it stay connected at first."""
    node = _node(stage, fault)
    others = [one.name for one in stage.lab.servers.broker_nodes if one is not node]
    for other in others:
        node.ctl("eval", PART.format(other=other))
    return TakenBackBy(partial(_join, node, others), node.name)


def delete(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Delete a queue that a pool reads from; the pool declares it anew."""
    subject = str(fault.settings.get("subject", SUBJECT))
    delete_queue(stage.lab.servers.broker_url, stage.pool(fault.target).fqdn, subject)
    return Done(subject)


def _node(stage: Stage, fault: Fault) -> PrivateNode:
    nodes = stage.lab.servers.broker_nodes
    if not 0 < int(fault.target) <= len(nodes):
        raise RunFailed(f"the broker has no node {fault.target}")
    return nodes[int(fault.target) - 1]


def _join(node: PrivateNode, others: list[str]) -> None:
    for other in others:
        node.ctl("eval", JOIN.format(other=other))
