"""Receipts, put together from what both pools say; what nobody could be asked for stays open."""

from __future__ import annotations

from typing import Any

import pytest

from twinpool_services.moving import ReadBack, assemble, summary_of

P1, P2 = "pool1.lab", "pool2.lab"
PRESENCE = "UserServices.PresenceFocus"


def at(seconds: float) -> str:
    return f"2026-11-23T12:00:0{seconds:.6f}Z"


def steps(*reached: str) -> list[dict[str, str]]:
    return [{"Step": step, "At": at(nth * 0.25)} for nth, step in enumerate(reached)]


OPERATION: dict[str, Any] = {
    "Failover": "20261123T120000Z-abcdef",
    "Home": P1,
    "DisasterMode": False,
    "SourcePoolFqdn": P1,
    "TargetPoolFqdn": P2,
    "Term": 2,
    "Step": "done",
    "Ended": True,
    "Failure": None,
    "Verification": "passed",
    "PrepareOnly": False,
    "Confirmed": True,
    "Steps": steps("requested", "quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done"),
    "Heads": [{"Identity": PRESENCE, "Position": 7}],
    "Plan": None,
    "FirstWriteAt": None,
}
DISASTER = OPERATION | {
    "DisasterMode": True,
    "Verification": "outstanding",
    "Steps": steps("requested", "drained", "serving", "done"),
    "Heads": [],
    "Plan": {"BackupModules": [{"Identity": PRESENCE, "MissingChanges": 3}]},
}


def standing(position: int, term: int = 2, **members: object) -> dict[str, Any]:
    history = [{"Identity": PRESENCE, "Term": term, "ServingPool": P2, "Position": position}]
    return {"Term": term, "ServingPool": P2, "History": history, "Orphans": 0, **members}


def read(target: dict[str, Any] | None, source: dict[str, Any] | None, orphans: list[Any] | None) -> ReadBack:
    silent = {pool: "refused" for pool, one in ((P2, target), (P1, source)) if one is None}
    return ReadBack(target=target, source=source, orphans=orphans, silent=silent)


def test_a_planned_failover_has_times_and_positions_of_both_pools() -> None:
    receipt = assemble(OPERATION, read(standing(7), standing(7), []))

    assert (receipt["Operation"], receipt["Result"], receipt["Seconds"]) == ("Failover", "Done", 1.75)
    assert [(row["Step"], row["Seconds"]) for row in receipt["Steps"]][:3] == [
        ("Decided", 0.0),
        ("ReadOnly", 0.25),
        ("Drained", 0.5),
    ]
    assert receipt["Modules"] == [
        {"Identity": PRESENCE, "SourceHead": 7, "TargetBegins": 7, "SourceBegins": 7, "Missing": 0}
    ]
    assert (receipt["PoolsAgree"], receipt["MissingChanges"], receipt["Orphans"], receipt["NotRead"]) == (
        True,
        0,
        0,
        [],
    )


def test_pools_that_tell_different_things_do_not_agree() -> None:
    assert assemble(OPERATION, read(standing(7), standing(8), []))["PoolsAgree"] is False
    assert assemble(OPERATION, read(standing(7), standing(7, term=1), []))["PoolsAgree"] is False


def test_a_pool_that_cannot_be_read_is_named_and_what_it_knows_is_open() -> None:
    receipt = assemble(DISASTER, read(standing(7), None, None))

    assert receipt["NotRead"] == ["pool1.lab: refused"]
    assert (receipt["PoolsAgree"], receipt["Orphans"], receipt["ReplayedOrphans"]) == (None, None, None)
    assert (receipt["MissingChanges"], receipt["Modules"][0]["Missing"]) == (3, 3)


def test_orphans_are_counted_by_what_became_of_them() -> None:
    orphans = [{"Decision": decision} for decision in ("replayed", "replayed", "discarded", None)]

    receipt = assemble(DISASTER, read(standing(7), standing(7, Orphans=4), orphans))

    counted = [receipt[name] for name in ("Orphans", "UndecidedOrphans", "ReplayedOrphans", "DiscardedOrphans")]
    assert counted == [4, 1, 2, 1]


def test_a_plan_that_could_not_tell_leaves_the_loss_open() -> None:
    unknown = DISASTER | {"Plan": {"BackupModules": [{"Identity": PRESENCE, "MissingChanges": None}]}}

    assert assemble(unknown, read(standing(0), standing(0), []))["MissingChanges"] is None


@pytest.mark.parametrize(
    ("changed", "result"),
    [
        ({}, "Done"),
        ({"Step": "drained", "Ended": False}, "UnderWay"),
        ({"Step": "aborted"}, "Aborted"),
        ({"Step": "aborted", "PrepareOnly": True}, "Prepared"),
        ({"Step": "aborted", "PrepareOnly": True, "Steps": steps("requested", "aborted")}, "Aborted"),
    ],
)
def test_the_result_is_told_in_one_word(changed: dict[str, Any], result: str) -> None:
    assert summary_of(OPERATION | changed)["Result"] == result


@pytest.mark.parametrize(
    ("home", "target", "name"), [(P1, P2, "Failover"), (P1, P1, "Failback"), ("cms", P2, "ManagementServerFailover")]
)
def test_it_is_called_what_an_operator_calls_it(home: str, target: str, name: str) -> None:
    assert summary_of(OPERATION | {"Home": home, "TargetPoolFqdn": target})["Operation"] == name
