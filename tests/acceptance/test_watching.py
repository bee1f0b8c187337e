"""A lab that is watched: scraped, asked where a write is and what holds a module back, and looked over."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.labs import P1, P2, PRESENCE, RunningLab


def told(lab: RunningLab, *words: str, code: int) -> Any:
    """Run a command and return what it says as JSON."""
    ended = lab.command(*words, "--format", "json")
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def scraped(lab: RunningLab, name: str) -> dict[str, float]:
    """Return the samples of a front end by their names, summed over labels."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(lab.at(name).get("/metrics").text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


def held_back(lab: RunningLab) -> Any:
    """Return what holds PresenceFocus of the first pool back, the first thing to see to; None if nothing does."""
    ended = lab.command("why", "PresenceFocus", "-PoolFqdn", P1, "--format", "json")
    said = json.loads(ended.stdout)
    first = said[0] if isinstance(said, list) else said
    assert (ended.returncode == 10) == first["HoldsBack"]
    return first if first["HoldsBack"] else None


def test_both_sides_of_a_write_are_measured(lab: RunningLab) -> None:
    position = lab.put(P1, "contacts/measured", b"friend")
    lab.await_final()
    exporter, importer = lab.active(P1), lab.active(P2)

    assert scraped(lab, exporter)["twinpool_batches_total"] > 0
    assert scraped(lab, importer)["twinpool_import_lag_seconds_count"] > 0
    lab.eventually(
        lambda: scraped(lab, exporter).get("twinpool_export_acknowledged_position", 0) >= position or None,
        "the acknowledged position is read from the store",
    )


def test_a_write_is_traced_through_both_pools(lab: RunningLab) -> None:
    position = lab.put(P1, "contacts/traced", b"friend")
    lab.await_final()

    journey = told(lab, "trace", "alice@lab/contacts/traced", "--home", P1, code=0)

    assert journey["Position"] == position
    stops = {stop["Stage"]: stop["Certainty"] for stop in journey["Stops"]}
    assert stops == dict.fromkeys(
        ("Captured", "Published", "Confirmed", "Imported", "Acknowledged", "Compared"), "known"
    )


def test_what_nobody_has_is_not_found(lab: RunningLab) -> None:
    ended = lab.command("trace", "alice@lab/no/such/key")

    assert ended.returncode == 5
    assert "no pool has a record" in ended.stderr


def test_nothing_holds_back_what_is_in_step(lab: RunningLab) -> None:
    lab.await_final()

    said = told(lab, "why", "PresenceFocus", "-PoolFqdn", P1, code=0)

    assert (said["BackupModule"], said["Stage"], said["HoldsBack"]) == (PRESENCE, "NothingPending", False)


def test_a_lab_that_is_well_is_found_well_but_for_what_its_machine_lacks(lab: RunningLab) -> None:
    lab.await_final()

    findings = lab.command("doctor", "--all", "--format", "json")

    by_check: dict[str, set[str]] = {each["Check"]: set() for each in json.loads(findings.stdout)}
    for each in json.loads(findings.stdout):
        by_check[each["Check"]].add(each["Severity"])
    machine = by_check.pop("disk")
    assert machine <= {"OK", "Warning", "Error"}
    assert set().union(*by_check.values()) == {"OK"}, findings.stdout
    assert {"front-ends", "lease", "broker", "queues", "schema", "durability", "clocks", "pairing"} <= by_check.keys()


def test_a_pool_that_is_dead_is_told_and_asked_around(lab: RunningLab) -> None:
    """The other commands say what they can without it."""
    names = lab.names(P2)
    lab.await_final()
    for name in names:
        lab.lab.process(name).kill()
    position = lab.put(P1, "contacts/waiting", b"friend")

    said = lab.eventually(lambda: held_back(lab), "something holds the module back")
    findings = lab.command("doctor", "--format", "json")
    journey = told(lab, "trace", "alice@lab/contacts/waiting", "--home", P1, code=0)
    lab.start(*names)
    lab.await_final()

    assert said["Stage"] in {"PartnerSilent", "NoSession", "ExportError"}
    assert any(P2 in line for line in said["Evidence"]), said
    dead = [each for each in json.loads(findings.stdout) if "the pool is dead" in each["What"]]
    assert findings.returncode == 11
    assert [each["Subject"] for each in dead] == [P2]
    assert journey["Position"] == position
    assert {"Stage": "Imported", "Certainty": "unknown"}.items() <= next(
        stop for stop in journey["Stops"] if stop["Stage"] == "Imported"
    ).items()
