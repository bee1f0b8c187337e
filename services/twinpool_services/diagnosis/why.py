"""Which stage holds a module back: a table of rules over facts, checked in order; each has a test.

The first rule that applies is what to see to first. Later ones are told as well, for they may be consequences, or wait
behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twinpool_services.diagnosis.evidence import (
    is_of_content,
    is_proven,
    last_failure,
    last_heard,
    pending,
    seen_by_partner,
    span,
)
from twinpool_services.diagnosis.hindrance import FREE, Hindrance, RouteFacts, Stage

PATIENCE = 5.0  #: seconds that a change may wait for a pool of which no front end answers
SLOW_SECONDS = 2.0  #: that a reading or a batch may take before a store counts as slow

Rule = Callable[[RouteFacts], Hindrance | None]


def hindrances(facts: RouteFacts) -> list[Hindrance]:
    """Return all rules that apply, the one to see to first at the front; never none.

    What is behind a pool, store or home that cannot be judged is not told.
    """
    for rule in _BLINDING:
        if found := rule(facts):
            return [found]
    found_all = [found for rule in _RULES if (found := rule(facts))]
    if not any(found.stage not in FREE for found in found_all):
        found_all.insert(0, _going_on(facts))
    return found_all


# ── what makes everything behind it unknown ─────────────────────────────────────────────────────────────────


def _pool_silent(facts: RouteFacts) -> Hindrance | None:
    if not facts.silence:
        return None
    return Hindrance(
        stage=Stage.POOL_SILENT,
        what=f"no front end of {facts.pool} answers",
        evidence=(facts.silence, *seen_by_partner(facts)),
        advice="Start a front end of the pool. If the pool is lost, see docs/how-to/the-other-pool-is-gone.md.",
    )


def _store_unavailable(facts: RouteFacts) -> Hindrance | None:
    if not facts.store_failure:
        return None
    return Hindrance(
        stage=Stage.STORE_UNAVAILABLE,
        what=f"the store of {facts.pool} cannot be used",
        evidence=(facts.store_failure,),
        advice="Look at the store's disk space, permissions and server; work goes on by itself once it answers.",
    )


def _not_served(facts: RouteFacts) -> Hindrance | None:
    if facts.serving_pool in {"", facts.pool}:
        return None
    return Hindrance(
        stage=Stage.NOT_SERVED,
        what=f"{facts.home} is served by {facts.serving_pool}, which exports it",
        evidence=(f"{facts.pool} knows {facts.serving_pool} as the serving pool",),
        advice=f"Ask there: twinpool why {facts.module} -PoolFqdn {facts.serving_pool}",
    )


def _no_backup_pool(facts: RouteFacts) -> Hindrance | None:
    if facts.backup_pool:
        return None
    return Hindrance(
        stage=Stage.NO_BACKUP_POOL,
        what=f"{facts.pool} has no backup pool",
        evidence=("the deployment file names no pair with it",),
        advice="Pair the pool in the deployment file.",
    )


# ── what holds it back ──────────────────────────────────────────────────────────────────────────────────────


def _not_active(facts: RouteFacts) -> Hindrance | None:
    if facts.holder and facts.active_answers:
        return None
    what = f"{facts.holder} holds the lease and does not answer" if facts.holder else "no front end holds the lease"
    return Hindrance(
        stage=Stage.NOT_ACTIVE,
        what=f"nothing of {facts.pool} is exported: {what}",
        evidence=(f"lease: {facts.holder or 'nobody'}", *pending(facts)),
        advice="Another front end takes over when the lease has expired. If none does, read the log's events "
        "election.*, tenure.end and worker.* of each.",
    )


def _broker_down(facts: RouteFacts) -> Hindrance | None:
    if facts.link not in {"down", "idle"} or not facts.phase:
        return None
    return Hindrance(
        stage=Stage.BROKER_DOWN,
        what=f"{facts.pool} has no connection to RabbitMQ",
        evidence=(f"for {span(facts.link_for)}: {facts.link_reason or 'no reason told'}", *pending(facts)),
        advice="Start RabbitMQ, or see what keeps it from being reached: twinpool doctor. It connects again by itself.",
    )


def _broker_blocked(facts: RouteFacts) -> Hindrance | None:
    if facts.link != "blocked":
        return None
    return Hindrance(
        stage=Stage.BROKER_BLOCKED,
        what="RabbitMQ asks to stop publishing",
        evidence=(f"for {span(facts.link_for)}: {facts.link_reason or 'no reason told'}", *pending(facts)),
        advice="Free memory or disk at the broker: rabbitmq-diagnostics alarms.",
    )


def _content_missing(facts: RouteFacts) -> Hindrance | None:
    failure = facts.partner.import_failure
    if not (facts.partner.fetching or is_of_content(failure)):
        return None
    waits = (f"the batch at work waits for {span(facts.partner.applying_for or 0)}",) if facts.partner.fetching else ()
    return Hindrance(
        stage=Stage.CONTENT_MISSING,
        what=f"{facts.backup_pool} lacks content of files that a batch names",
        evidence=(*filter(None, (failure,)), *waits, *pending(facts)),
        advice="Large files only take their time. If the source lacks one, put it back into its content store, or "
        "upload it again.",
    )


def _import_error(facts: RouteFacts) -> Hindrance | None:
    failure = facts.partner.import_failure
    if not failure or is_of_content(failure):
        return None
    return Hindrance(
        stage=Stage.IMPORT_ERROR,
        what=f"{facts.backup_pool} cannot apply what it is sent",
        evidence=(failure, *pending(facts)),
        advice="See to the reason at the backup pool; the batch is kept here and sent again by itself.",
    )


def _partner_not_active(facts: RouteFacts) -> Hindrance | None:
    partner = facts.partner
    if partner.silence or (partner.holder and not partner.store_failure and partner.link != "down"):
        return None
    if partner.store_failure:
        what = f"the store of {facts.backup_pool} cannot be used: {partner.store_failure}"
    elif not partner.holder:
        what = f"no front end of {facts.backup_pool} holds its lease"
    else:
        what = f"{partner.holder} of {facts.backup_pool} has no connection to RabbitMQ"
    return Hindrance(
        stage=Stage.PARTNER_NOT_ACTIVE,
        what=f"nobody imports: {what}",
        evidence=(last_heard(facts), *pending(facts)),
        advice=f"See to {facts.backup_pool}: twinpool doctor",
    )


def _partner_silent(facts: RouteFacts) -> Hindrance | None:
    is_overdue = facts.proof_age is not None and facts.proof_age > facts.ack_timeout
    waits = facts.is_pending and facts.pending_age > PATIENCE
    if not (is_overdue or (facts.partner.silence and (waits or not is_proven(facts)))):
        return None
    answers = facts.partner.silence or f"its front ends answer, and {facts.partner.holder or 'nobody'} is active"
    return Hindrance(
        stage=Stage.PARTNER_SILENT,
        what=f"{facts.backup_pool} acknowledges nothing",
        evidence=(last_heard(facts), f"{facts.backup_pool}: {answers}", *last_failure(facts), *pending(facts)),
        advice="Start the backup pool, or see what keeps it from the broker. Changes are kept here meanwhile.",
    )


def _no_session(facts: RouteFacts) -> Hindrance | None:
    if facts.phase not in {"resting", "opening"}:
        return None
    return Hindrance(
        stage=Stage.NO_SESSION,
        what="there is no session; the next one is asked for after a pause",
        evidence=(
            f"phase {facts.phase}, because of: {facts.cause or 'unknown'}",
            *last_failure(facts),
            *pending(facts),
        ),
        advice="It is tried again by itself. If it stays so, see to the failure told above.",
    )


def _export_error(facts: RouteFacts) -> Hindrance | None:
    if not facts.failure or facts.phase not in {"walking", "streaming", "ended"}:
        return None
    return Hindrance(
        stage=Stage.EXPORT_ERROR,
        what="the last attempt to back up failed, and none has succeeded since",
        evidence=(facts.failure, *pending(facts)),
        advice="See to the reason; docs/how-to/when-something-is-wrong.md has them by their words.",
    )


def _waiting_for_gap(facts: RouteFacts) -> Hindrance | None:
    if facts.settled >= facts.head or facts.read_to is None or facts.read_to < facts.settled:
        return None
    return Hindrance(
        stage=Stage.WAITING_FOR_GAP,
        what="a change set below others is not committed yet, and must not be skipped",
        evidence=(f"read up to {facts.read_to}; settled is {facts.settled}, the head {facts.head}", *pending(facts)),
        advice="Some transaction of the pool store has taken a position and not ended: see pg_stat_activity for it.",
    )


def _partner_store_slow(facts: RouteFacts) -> Hindrance | None:
    partner = facts.partner
    slowest = max(partner.read_seconds, partner.batch_seconds or 0.0, partner.applying_for or 0.0)
    if partner.silence or partner.fetching or slowest <= SLOW_SECONDS:
        return None
    mean = "unknown" if partner.batch_seconds is None else span(partner.batch_seconds)
    now = () if partner.applying_for is None else (f"the batch at work has taken {span(partner.applying_for)}",)
    return Hindrance(
        stage=Stage.PARTNER_STORE_SLOW,
        what=f"the store of {facts.backup_pool} is slow",
        evidence=(f"a batch takes {mean} there, a reading {span(partner.read_seconds)}", *now, *pending(facts)),
        advice="See the load and disk of the backup pool's store, and its twinpool_import_batch_seconds.",
    )


def _window_full(facts: RouteFacts) -> Hindrance | None:
    if facts.in_flight < facts.window or not facts.phase:
        return None
    return Hindrance(
        stage=Stage.WINDOW_FULL,
        what=f"{facts.in_flight} batches are unacknowledged, as many as may be",
        evidence=(
            f"window {facts.window}; {facts.partner.waiting} messages wait at {facts.backup_pool}",
            last_heard(facts),
            *pending(facts),
        ),
        advice="The importer is the limit. If it keeps up otherwise, batches or the window may be larger.",
    )


def _snapshot(facts: RouteFacts) -> Hindrance | None:
    if facts.phase != "walking":
        return None
    return Hindrance(
        stage=Stage.SNAPSHOT,
        what="a snapshot of all records is being sent; changes follow it",
        evidence=(f"session {facts.session}, because of: {facts.cause}", *pending(facts)),
        advice="Wait. The records come into sight at the backup pool all at once, at its end.",
    )


def _store_slow(facts: RouteFacts) -> Hindrance | None:
    if facts.read_seconds <= SLOW_SECONDS:
        return None
    return Hindrance(
        stage=Stage.STORE_SLOW,
        what=f"the store of {facts.pool} is slow",
        evidence=(f"a reading of a few numbers took {span(facts.read_seconds)}", *pending(facts)),
        advice="See the load and disk of the pool's store, and twinpool_store_seconds.",
    )


def _sync_trigger(facts: RouteFacts) -> Hindrance | None:
    if facts.trigger != "Interval" or not facts.is_pending or facts.batches_left not in {0, None} or facts.in_flight:
        return None
    return Hindrance(
        stage=Stage.SYNC_TRIGGER,
        what="SyncTrigger is Interval: changes wait for the next tick",
        evidence=(
            f"the next tick is in {span(facts.next_cycle_in)}, SyncInterval {span(facts.sync_interval)}",
            *pending(facts),
        ),
        advice="Wait, force it (twinpool sync), or set SyncTrigger to Event (twinpool config set SyncTrigger=Event).",
    )


def _read_only(facts: RouteFacts) -> Hindrance | None:
    if not facts.read_only:
        return None
    return Hindrance(
        stage=Stage.READ_ONLY,
        what=f"{facts.home} is read-only; what was written before is exported all the same",
        evidence=(f"mode of {facts.home} at {facts.pool}",),
        advice="A failover is under way, or has been left: twinpool failover status",
    )


def _going_on(facts: RouteFacts) -> Hindrance:
    if facts.is_pending:
        return Hindrance(
            stage=Stage.UNDER_WAY,
            what="nothing holds it back; changes are on their way",
            evidence=(
                f"{facts.in_flight} of {facts.window} batches are unacknowledged",
                last_heard(facts),
                *pending(facts),
            ),
            advice="Look again in a moment. If the oldest change grows older, more is written than is carried over.",
        )
    return Hindrance(
        stage=Stage.NOTHING_PENDING,
        what=f"{facts.backup_pool} has everything",
        evidence=(f"head and acknowledged position are {facts.head}", last_heard(facts)),
        advice="Nothing to do.",
    )


_BLINDING: Sequence[Rule] = (_pool_silent, _store_unavailable, _not_served, _no_backup_pool)

_RULES: Sequence[Rule] = (
    _not_active,
    _broker_down,
    _broker_blocked,
    _content_missing,
    _import_error,
    _partner_not_active,
    _partner_silent,
    _no_session,
    _export_error,
    _waiting_for_gap,
    _partner_store_slow,
    _window_full,
    _snapshot,
    _store_slow,
    _sync_trigger,
    _read_only,
)
