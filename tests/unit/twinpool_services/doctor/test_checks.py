"""Each check finds what is wrong, and says when all is well; the runner survives whatever a check does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pairs import P1, P2, deployment
from twinpool.brokers.rabbitmq import BrokerExamination, QueueExamination
from twinpool.brokers.topology import quarantine_of
from twinpool_services.doctor import Finding, FrontEndSays, PoolSays, Seen, Severity, examine, worst
from twinpool_services.doctor.registry import CHECKS, Registered

NOW = 1_000_000.0


def front_end(pool: str, number: int, *, active: bool) -> FrontEndSays:
    partner = P2 if pool == P1 else P1
    return FrontEndSays(
        name=f"fe{number}.{pool}",
        examination={
            "Version": "1.0",
            "Python": "3.12.1",
            "Platform": "Linux",
            "Packages": {"pika": "1.4"},
            "At": NOW,
            "StoreFailure": "",
            "Store": {
                "Kind": "sqlite",
                "ServerVersion": "3.40",
                "SchemaVersion": "0007",
                "ExpectedSchemaVersion": "0007",
                "Settings": {"journal_mode": "wal", "synchronous": "full"},
                "SizeBytes": 4096,
                "At": NOW,
                "Seconds": 0.01,
            },
            "Principals": {"File": "/etc/p.toml", "Count": 2, "Fingerprint": "ab" * 32},
            "Disks": [{"Place": "store", "Path": "/p", "FreeBytes": 5e10, "TotalBytes": 1e11}],
        },
        facts={
            "Active": active,
            "LeaseHolder": f"fe1.{pool}",
            "Link": {"State": "up" if active else "idle", "Reason": ""},
            "Homes": [{"Home": home, "Term": 1, "ServingPool": home} for home in (P1, P2)],
            "Routes": [{"Home": pool, "BackupModule": "M", "Destination": partner, "ExportStatus": "FinalState"}],
            "Streams": [{"Home": partner, "BackupModule": "M", "ImportStatus": "NormalState"}],
        },
        configuration={"SyncInterval": "00:02:00"},
        relationship={"BackupPoolFqdn": partner},
        clock_skew=0.1,
        clock_doubt=0.05,
    )


@pytest.fixture
def well(tmp_path: Path) -> Seen:
    """A deployment in which nothing is wrong."""
    laid_out = deployment(tmp_path)
    pools = []
    for pool in laid_out.pools:
        names = [f"to.{pool.fqdn}.control", quarantine_of(pool.fqdn)]
        pools.append(
            PoolSays(
                pool=pool,
                front_ends=(front_end(pool.fqdn, 1, active=True), front_end(pool.fqdn, 2, active=False)),
                broker=BrokerExamination(
                    product="RabbitMQ",
                    version="3.10.8",
                    queues=(
                        QueueExamination(name=names[0], messages=0, consumers=1),
                        QueueExamination(name=names[1], messages=0, consumers=0),
                    ),
                    exchange=QueueExamination(name=f"from.{pool.fqdn}"),
                ),
                undecided_orphans=0,
                certificates={"fe:443": NOW + 90 * 86_400},
            )
        )
    return Seen(deployment=laid_out, pools=tuple(pools), version="1.0", now=NOW)


Change = Callable[[PoolSays], PoolSays]


def with_first(seen: Seen, change: Change) -> Seen:
    """Change what the first pool says."""
    return replace(seen, pools=(change(seen.pools[0]), *seen.pools[1:]))


def says(**parts: Any) -> Change:
    """Change parts of what the active front end says."""

    def change(pool: PoolSays) -> PoolSays:
        one = pool.front_ends[0]
        merged: dict[str, Any] = {
            name: {**getattr(one, name), **value} if isinstance(value, dict) else value for name, value in parts.items()
        }
        return replace(pool, front_ends=(replace(one, **merged), *pool.front_ends[1:]))

    return change


def store(**parts: Any) -> Change:
    def change(pool: PoolSays) -> PoolSays:
        known = pool.front_ends[0].examination["Store"]
        return says(examination={"Store": {**known, **parts}})(pool)

    return change


def principals(**parts: Any) -> Change:
    def change(pool: PoolSays) -> PoolSays:
        known = pool.front_ends[0].examination["Principals"]
        return says(examination={"Principals": {**known, **parts}})(pool)

    return change


def queue(**parts: Any) -> Change:
    def change(pool: PoolSays) -> PoolSays:
        assert pool.broker is not None
        first = replace(pool.broker.queues[0], **parts)
        return replace(pool, broker=replace(pool.broker, queues=(first, *pool.broker.queues[1:])))

    return change


def dead(pool: PoolSays) -> PoolSays:
    silent = tuple(FrontEndSays(name=each.name, silence="connection refused") for each in pool.front_ends)
    return replace(pool, front_ends=silent, undecided_orphans=None)


def one_silent(pool: PoolSays) -> PoolSays:
    return replace(pool, front_ends=(pool.front_ends[0], FrontEndSays(name="fe2", silence="connection refused")))


def both_active(pool: PoolSays) -> PoolSays:
    return replace(pool, front_ends=(pool.front_ends[0], front_end(P1, 2, active=True)))


def quarantined(pool: PoolSays) -> PoolSays:
    assert pool.broker is not None
    full = replace(pool.broker.queues[1], messages=3)
    return replace(pool, broker=replace(pool.broker, queues=(pool.broker.queues[0], full)))


FAILED = {"Home": P1, "BackupModule": "M", "Destination": P2, "ExportStatus": "ErrorState", "Failure": "no queue"}
MINE = {"Home": P2, "Term": 2, "ServingPool": P1}
OTHER_TERM = {"Home": P2, "Term": 2, "ServingPool": P2}

WRONG: list[tuple[str, Change, Severity, str]] = [
    ("front-ends", dead, Severity.ERROR, "the pool is dead"),
    ("front-ends", one_silent, Severity.WARNING, "it does not answer"),
    ("lease", both_active, Severity.ERROR, "more than one"),
    ("lease", says(facts={"Active": False}), Severity.ERROR, "no front end that answers is active"),
    ("serving", says(facts={"Homes": [MINE]}), Severity.ERROR, "split brain"),
    ("serving", says(facts={"Homes": [OTHER_TERM]}), Severity.WARNING, "do not agree"),
    ("replication", says(facts={"Routes": [FAILED]}), Severity.ERROR, "cannot back it up"),
    ("pairing", says(relationship={"BackupPoolFqdn": "pool9.lab"}), Severity.ERROR, "not symmetric"),
    ("configuration", says(configuration={"SyncInterval": "00:05:00"}), Severity.WARNING, "different configurations"),
    ("orphans", lambda pool: replace(pool, undecided_orphans=4), Severity.WARNING, "4 orphans"),
    ("principals", principals(Count=3, Fingerprint="cd" * 32), Severity.ERROR, "other principals than most"),
    ("principals", principals(Count=0), Severity.ERROR, "knows no principal"),
    ("versions", says(examination={"Version": "0.9"}), Severity.WARNING, "versions differ"),
    ("packages", says(examination={"Python": "3.9.2"}), Severity.ERROR, "too old"),
    ("packages", says(examination={"Packages": {"pika": "1.3"}}), Severity.INFO, "different versions of pika"),
    ("clocks", says(clock_skew=-5.0), Severity.WARNING, "its clock and ours differ"),
    ("clocks", says(clock_skew=90.0), Severity.ERROR, "its clock and ours differ"),
    ("clocks", store(At=NOW + 10), Severity.WARNING, "clocks of its store and its machine differ"),
    (
        "broker",
        says(facts={"Link": {"State": "down", "Reason": "refused"}}),
        Severity.ERROR,
        "cannot be reached",
    ),
    ("broker", says(facts={"Link": {"State": "blocked", "Reason": "memory"}}), Severity.ERROR, "stop publishing"),
    ("broker", lambda pool: replace(pool, broker=BrokerExamination(reason="refused")), Severity.INFO, "from here"),
    ("queues", queue(missing=True), Severity.ERROR, "not declared"),
    ("queues", queue(refused="ACCESS_REFUSED"), Severity.ERROR, "may not use it"),
    ("queues", queue(consumers=0), Severity.ERROR, "nobody reads it"),
    ("queues", queue(messages=90_000), Severity.WARNING, "nearly full"),
    ("quarantine", quarantined, Severity.WARNING, "3 messages"),
    ("store", says(examination={"Store": None, "StoreFailure": "no space"}), Severity.ERROR, "cannot use"),
    ("schema", store(SchemaVersion="0006"), Severity.ERROR, "schema is not that"),
    ("durability", store(Settings={"journal_mode": "wal", "synchronous": "off"}), Severity.ERROR, "may be lost"),
    (
        "disk",
        says(examination={"Disks": [{"Place": "store", "Path": "/p", "FreeBytes": 1e9, "TotalBytes": 1e11}]}),
        Severity.WARNING,
        "little room",
    ),
    (
        "disk",
        says(examination={"Disks": [{"Place": "store", "Path": "/p", "FreeBytes": 1e8, "TotalBytes": 1e11}]}),
        Severity.ERROR,
        "no room",
    ),
    (
        "certificates",
        lambda pool: replace(pool, certificates={"fe:443": NOW + 86_400.0}),
        Severity.WARNING,
        "ends soon",
    ),
    ("certificates", lambda pool: replace(pool, certificates={"fe:443": NOW - 86_400.0}), Severity.ERROR, "expired"),
    ("certificates", lambda pool: replace(pool, certificates={"fe:443": "refused"}), Severity.WARNING, "not be read"),
]


def test_where_nothing_is_wrong_every_check_says_so(well: Seen) -> None:
    findings = examine(well)

    assert {each.severity for each in findings} == {Severity.OK}
    assert {each.check for each in findings} == {check.name for check in CHECKS}


@pytest.mark.parametrize(
    ("check", "change", "severity", "what"), WRONG, ids=[f"{n}-{check}" for n, (check, *_) in enumerate(WRONG)]
)
def test_a_check_finds_what_is_wrong(well: Seen, check: str, change: Change, severity: Severity, what: str) -> None:
    findings = examine(with_first(well, change))

    found = [each for each in findings if each.check == check and what in each.what]
    assert {each.severity for each in found} == {severity}
    assert found[0].advice
    assert not [each for each in findings if each.subject == "doctor"], "a check broke"


def test_of_principals_files_that_differ_the_one_that_most_have_is_taken_to_be_right(well: Seen) -> None:
    findings = examine(with_first(well, principals(Count=3, Fingerprint="cd" * 32)))

    assert [each.subject for each in findings if each.check == "principals"] == [f"fe1.{P1}"]


def test_where_nobody_is_asked_for_a_token_there_are_no_principals_to_compare(well: Seen) -> None:
    def off(pool: PoolSays) -> PoolSays:
        ends = [replace(each, examination={**each.examination, "Principals": None}) for each in pool.front_ends]
        return replace(pool, front_ends=tuple(ends))

    findings = examine(replace(well, pools=tuple(map(off, well.pools))))

    assert not [each for each in findings if each.check == "principals"]


def test_every_check_has_a_case() -> None:
    assert {check for check, *_ in WRONG} == {check.name for check in CHECKS}


def test_with_one_pool_dead_the_other_is_looked_at_all_the_same(well: Seen) -> None:
    findings = examine(with_first(well, dead))

    assert findings[0].what == "the pool is dead: no front end answers"
    assert ("lease", P2, Severity.OK) in {(each.check, each.subject, each.severity) for each in findings}
    assert not [each for each in findings if each.subject == "doctor"], "a check broke"


def test_a_check_that_breaks_or_hangs_is_a_finding_and_stops_nothing(well: Seen) -> None:
    released = threading.Event()

    def breaks(_seen: Seen) -> Iterable[Finding]:
        raise KeyError("Version")

    def hangs(_seen: Seen) -> Iterable[Finding]:
        released.wait(30)
        return ()

    def works(_seen: Seen) -> Iterable[Finding]:
        return (Finding(check="works", subject="x", severity=Severity.OK, what="well"),)

    checks = [Registered("breaks", breaks), Registered("hangs", hangs), Registered("works", works)]
    findings = examine(well, checks, timeout=0.2)
    released.set()

    assert {each.check: each.evidence for each in findings} == {
        "breaks": "it broke: KeyError: 'Version'",
        "hangs": "it has not ended in time",
        "works": "",
    }
    assert worst(findings) is Severity.WARNING
