"""Brokers: reachable with each pool's credentials, its queues declared, read and not full; quarantine empty."""

from __future__ import annotations

from collections.abc import Iterator

from twinpool.brokers.link_options import QueueLimits
from twinpool.brokers.rabbitmq import QueueExamination
from twinpool.brokers.topology import quarantine_of
from twinpool_services.doctor.finding import Finding, Severity
from twinpool_services.doctor.gathering import PoolSays, Seen

NEARLY_FULL = 0.8  #: share of a queue's limit of messages


def reachable(seen: Seen) -> Iterator[Finding]:
    """The broker takes each pool's credentials, and its active front end is connected."""
    for pool in seen.pools:
        link = _link(pool)
        if pool.broker is not None and pool.broker.is_reachable and link in {"up", ""}:
            what = f"{pool.broker.product or 'the broker'} {pool.broker.version} can be reached"
            evidence = (
                "the active front end is connected" if link else "nobody of the pool says whether it is connected"
            )
            yield _of(pool, Severity.OK, what, evidence)
        elif link == "up":
            reason = pool.broker.reason if pool.broker else "not tried"
            what = "it cannot be reached from here; the active front end is connected"
            yield _of(pool, Severity.INFO, what, reason, "Nothing to do, unless commands here need the broker.")
        elif link == "blocked":
            advice = "Free memory or disk at the broker: rabbitmq-diagnostics alarms."
            yield _of(pool, Severity.ERROR, "it asks to stop publishing", _reason(pool), advice)
        else:
            reasons = [_reason(pool), pool.broker.reason if pool.broker else ""]
            yield _of(
                pool,
                Severity.ERROR,
                "it cannot be reached",
                "; ".join(dict.fromkeys(filter(None, reasons))) or "no reason told",
                "Start RabbitMQ; check host, port, user and virtual host of the pool's broker URL.",
            )


def queues(seen: Seen) -> Iterator[Finding]:
    """Every queue of a pool is declared, may be used, is read by one consumer, and has room."""
    for pool in seen.pools:
        if pool.broker is None or not pool.broker.is_reachable:
            continue
        own = [each for each in pool.broker.queues if each.name != quarantine_of(pool.pool.fqdn)]
        parts = [*own, *([pool.broker.exchange] if pool.broker.exchange else [])]
        found = [finding for each in parts for finding in _queue(pool, each)]
        yield from found
        if not found:
            yield Finding(
                check="queues",
                subject=pool.pool.fqdn,
                severity=Severity.OK,
                what=f"{len(own)} queues are declared and read",
                evidence=f"{sum(each.messages or 0 for each in own)} messages wait",
            )


def quarantine(seen: Seen) -> Iterator[Finding]:
    """Nothing lies in quarantine."""
    for pool in seen.pools:
        name = quarantine_of(pool.pool.fqdn)
        for each in pool.broker.queues if pool.broker else ():
            if each.name == name and each.messages:
                yield Finding(
                    check="quarantine",
                    subject=name,
                    severity=Severity.WARNING,
                    what=f"{each.messages} messages could not be understood",
                    evidence="their header x-twinpool-reason says why",
                    advice="Find out who sent them; then purge the queue (rabbitmqctl purge_queue).",
                )
            elif each.name == name and each.messages is not None:
                yield Finding(check="quarantine", subject=name, severity=Severity.OK, what="it is empty")


def _queue(pool: PoolSays, queue: QueueExamination) -> Iterator[Finding]:
    if queue.refused:
        advice = "Give the pool's user permissions for its own names: configure, write and read."
        yield _about(queue, Severity.ERROR, "the pool's user may not use it", queue.refused, advice)
    elif queue.missing:
        severity = Severity.ERROR if pool.answering else Severity.WARNING
        advice = "The pool's active front end declares it when it connects; see its log if it does not."
        yield _about(queue, severity, "it is not declared", "", advice)
    elif queue.consumers == 0:
        severity = Severity.ERROR if pool.answering else Severity.WARNING
        advice = "The pool's active front end reads it; see the checks `lease` and `broker`."
        yield _about(queue, severity, "nobody reads it", f"{queue.messages} messages wait", advice)
    elif (queue.messages or 0) > NEARLY_FULL * QueueLimits().messages:
        evidence = f"{queue.messages} of {QueueLimits().messages} messages"
        yield _about(
            queue, Severity.WARNING, "it is nearly full", evidence, "See what holds its reader back: twinpool why."
        )


def _about(queue: QueueExamination, severity: Severity, what: str, evidence: str, advice: str) -> Finding:
    return Finding(check="queues", subject=queue.name, severity=severity, what=what, evidence=evidence, advice=advice)


def _of(pool: PoolSays, severity: Severity, what: str, evidence: str, advice: str = "") -> Finding:
    return Finding(
        check="broker", subject=pool.pool.fqdn, severity=severity, what=what, evidence=evidence, advice=advice
    )


def _link(pool: PoolSays) -> str:
    """Return the state of the active front end's link; empty if nobody active answers."""
    active = [each for each in pool.answering if each.facts.get("Active")]
    return str(active[0].facts["Link"]["State"]) if active else ""


def _reason(pool: PoolSays) -> str:
    active = [each for each in pool.answering if each.facts.get("Active")]
    return str(active[0].facts["Link"]["Reason"]) if active else ""
