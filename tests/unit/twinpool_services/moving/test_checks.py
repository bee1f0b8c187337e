"""The checks before a failover: each blocks for itself, and those that may be ignored are, if so wished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twinpool_services.moving import (
    Cms,
    Direction,
    Facts,
    Leniency,
    Move,
    NotHealthy,
    Verdict,
    checks_of,
    require_healthy,
)

P1, P2 = "pool1.lab", "pool2.lab"
OVER = Move(direction=Direction.FAILOVER, home=P1, source=P1, target=P2)
BACK = Move(direction=Direction.FAILBACK, home=P1, source=P2, target=P1)
CMS = Move(direction=Direction.CMS, home="cms", source=P1, target=P2)
SOUND = Facts(
    source_silent="",
    source_errors=(),
    target_not_ready={"fe1.pool2.lab": "", "fe2.pool2.lab": ""},
    target_active="fe1.pool2.lab",
    cms=Cms(serving_pool=P2, works=True, up_to_date={P1: "", P2: ""}),
)
SICK = replace(
    SOUND,
    source_errors=("ConfServices.DataConf: disk full",),
    target_not_ready={"fe1.pool2.lab": "", "fe2.pool2.lab": "Connection refused"},
    target_active=None,
    cms=replace(SOUND.cms, up_to_date={P2: "it stands at 3 of 4"}),
)
LENIENT = Leniency(backup_service_errors=True, cms_delay=True, target_front_ends=True, fabric=True)


def verdicts(move: Move, facts: Facts, leniency: Leniency | None = None, *, disaster: bool = False) -> dict[str, str]:
    checks = checks_of(move, facts, leniency or Leniency(), disaster=disaster)
    return {check.name: check.verdict.value for check in checks}


@pytest.mark.parametrize("move", [OVER, BACK, CMS])
def test_sound_pools_pass_every_check(move: Move) -> None:
    checks = checks_of(move, SOUND, Leniency(), disaster=False)

    require_healthy(checks)
    assert {check.verdict for check in checks} == {Verdict.PASSED}


def test_what_is_sick_fails_and_what_may_be_ignored_is() -> None:
    assert verdicts(OVER, SICK) == {
        "CentralManagementStore": "Passed",
        "CmsReplication": "Failed",
        "EdgeNextHop": "Passed",
        "SourcePool": "Passed",
        "BackupService": "Failed",
        "ActiveFrontEnd": "Failed",
        "TargetFrontEnds": "Failed",
    }
    ignored = verdicts(OVER, SICK, LENIENT)
    assert {name for name, verdict in ignored.items() if verdict == "Ignored"} == {
        "CmsReplication",
        "BackupService",
        "ActiveFrontEnd",
        "TargetFrontEnds",
    }
    assert "Failed" not in ignored.values()


@pytest.mark.parametrize(
    ("facts", "said", "hint"),
    [
        (replace(SOUND, source_errors=("X: full",)), "ErrorState: X: full", "-IgnoreBackupServiceErrorState"),
        (replace(SOUND, target_active=None), "no front end of pool2.lab is the active one", "-SkipFabricHealthCheck"),
        (
            replace(SOUND, target_not_ready={"fe2.pool2.lab": "refused"}),
            "fe2.pool2.lab (refused)",
            "-IgnoreTargetPoolFEsNotRunning",
        ),
        (replace(SOUND, cms=replace(SOUND.cms, up_to_date={P2: "late"})), "not up to date: late", "-IgnoreCMSDelay"),
        (replace(SOUND, source_silent="refused"), "pool1.lab does not answer: refused", "-DisasterMode"),
        (
            replace(SOUND, cms=Cms(serving_pool=P1, works=False, why_not="nobody is active")),
            "store does not work: nobody is active",
            "Invoke-CsManagementServerFailover -Force",
        ),
        (
            replace(SOUND, cms=replace(SOUND.cms, serving_pool=P1)),
            "pool1.lab serves the Central Management store",
            "Run Invoke-CsManagementServerFailover",
        ),
        (
            replace(SOUND, edges=("edge1.lab", "edge2.lab")),
            "pool1.lab is specified in the topology as the next hop for the Edge server edge1.lab, edge2.lab",
            "name pool2.lab",
        ),
    ],
)
def test_each_refusal_says_what_is_wrong_and_what_to_do(facts: Facts, said: str, hint: str) -> None:
    with pytest.raises(NotHealthy) as refused:
        require_healthy(checks_of(OVER, facts, Leniency(), disaster=False))

    assert said in str(refused.value)
    assert hint in refused.value.hint


def test_nothing_lets_a_pool_go_while_the_cms_does_not_work() -> None:
    broken = replace(SOUND, cms=Cms(serving_pool="", works=False))

    assert verdicts(OVER, broken, LENIENT, disaster=True)["CentralManagementStore"] == "Failed"


def test_an_edge_server_keeps_a_pool_from_leaving_and_none_from_coming_home() -> None:
    facts = replace(SOUND, edges=("edge1.lab",))

    assert verdicts(OVER, facts, LENIENT, disaster=True)["EdgeNextHop"] == "Failed"
    assert "EdgeNextHop" not in verdicts(BACK, facts)
    assert "EdgeNextHop" not in verdicts(CMS, facts)


def test_a_failback_may_leave_the_cms_at_the_backup_pool() -> None:
    assert verdicts(BACK, SOUND)["CentralManagementStore"] == "Passed"


def test_in_a_disaster_the_source_is_asked_for_nothing() -> None:
    gone = replace(SICK, source_silent="refused")

    names = verdicts(OVER, gone, disaster=True)

    assert "SourcePool" not in names
    assert "BackupService" not in names


def test_the_cms_itself_is_moved_without_asking_for_the_cms() -> None:
    facts = replace(SOUND, cms=Cms(serving_pool="", works=False))

    assert set(verdicts(CMS, facts)) == {"SourcePool", "BackupService", "ActiveFrontEnd", "TargetFrontEnds"}
    with pytest.raises(NotHealthy) as refused:
        require_healthy(checks_of(CMS, replace(facts, source_silent="refused"), Leniency(), disaster=False))
    assert "-Force" in refused.value.hint


def test_a_server_that_nobody_cares_about_need_not_run() -> None:
    facts = replace(SOUND, target_not_ready={"fe2.pool2.lab": "refused"})

    assert verdicts(OVER, facts, Leniency(servers=("FE2.pool2.lab",)))["TargetFrontEnds"] == "Passed"
    assert verdicts(OVER, facts, Leniency(servers=("fe1.pool2.lab",)))["TargetFrontEnds"] == "Failed"
