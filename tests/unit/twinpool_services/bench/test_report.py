"""The document of a bench."""

from __future__ import annotations

import json

from twinpool_services.bench.measuring import Reading, Rounds
from twinpool_services.bench.report import Report


def rounds(name: str, *seconds: float) -> Rounds:
    readings = tuple(
        Reading(changes=1_000, seconds=each, cpu_s=0.01, peak_rss_mb=50.0, details={"postgresql_cpu_s": 0.5})
        for each in seconds
    )
    return Rounds(name=name, readings=readings)


SETTINGS = {"store": "sqlite", "changes": 1_000, "transaction_size": 1}


def test_the_document_holds_what_the_bench_came_to() -> None:
    report = Report(bench="drain", subject=rounds("twinpool", 1.0, 0.5, 2.0), peers=[], settings=SETTINGS)

    document = report.document()

    assert {name: document[name] for name in ("bench", *SETTINGS)} == {"bench": "drain", **SETTINGS}
    assert (document["changes_per_s"], document["seconds"], document["rounds"]) == (1_000, 1.0, 3)
    assert (document["cpu_s_per_100k"], document["peak_rss_mb"]) == (1.0, 50.0)
    assert document["postgresql_cpu_s"] == 0.5
    assert document["peer"] is document["ratio"] is None


def test_the_first_peer_is_the_peer() -> None:
    peers = [rounds("slow", 4.0), rounds("fast", 0.5)]
    document = Report(bench="drain", subject=rounds("twinpool", 1.0), peers=peers, settings=SETTINGS).document()

    assert (document["peer"]["name"], document["peer"]["changes_per_s"]) == ("slow", 250.0)
    assert document["ratio"] == 4.0
    assert [(peer["name"], peer["ratio"]) for peer in document["peers"]] == [("slow", 4.0), ("fast", 0.5)]


def test_the_document_says_on_what_it_was_measured_and_each_run() -> None:
    report = Report(
        bench="drain",
        subject=rounds("twinpool", 1.0, 2.0),
        settings=SETTINGS,
        server_versions={"rabbitmq": "3.10"},
        skipped={"debezium": "there is no Java"},
    )

    document = report.document()

    assert document["machine"]["cores"] >= 1
    assert document["versions"]["rabbitmq"] == "3.10"
    assert {"python", "twinpool"} <= document["versions"].keys()
    assert document["skipped"] == {"debezium": "there is no Java"}
    assert [run["seconds"] for run in document["runs"]["twinpool"]] == [1.0, 2.0]
    assert json.loads(json.dumps(document)) == document
