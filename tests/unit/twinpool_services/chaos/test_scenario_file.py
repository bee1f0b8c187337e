from __future__ import annotations

from itertools import pairwise

import pytest

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool_services.chaos.faults.registry import FAULTS
from twinpool_services.chaos.scenario.file import parse_scenario
from twinpool_services.chaos.scenario.model import FaultKind, Scenario
from twinpool_services.chaos.scenario.planning import plan_of
from twinpool_services.chaos.scenario.stock import find_scenario, stock

HEAD = 'name = "mine"\ntitle = "Mine."\nseconds = 10\n'


def parsed(rest: str) -> Scenario:
    return parse_scenario(HEAD + rest, "mine.toml")


def test_a_scenario_is_read_as_it_is_written() -> None:
    scenario = parsed('[[fault]]\nkind = "partition"\ntarget = "pool1.lab"\nat = 2\nlasts = 3\ndirection = "out"\n')

    (fault,) = scenario.faults
    assert (fault.kind, fault.at, fault.ends, fault.settings) == (FaultKind.PARTITION, 2, 5, {"direction": "out"})


@pytest.mark.parametrize(
    ("rest", "key", "line", "complaint"),
    [
        ('colour = "red"\n', "colour", 4, "not permitted"),
        ("[load]\nclients = 0\n", "load.clients", 5, "greater than or equal to 1"),
        ('[[fault]]\nkind = "earthquake"\nat = 1\n', "fault[0].kind", 5, "Input should be"),
        ('[[fault]]\nkind = "kill"\ntarget = "pool1.lab"\nat = 1\n', "fault[0]", 4, "cannot be aimed at 'pool1.lab'"),
        (
            '[[fault]]\nkind = "kill"\ntarget = "fe1.pool1.lab"\nat = 1\nhow = "drop"\n',
            "fault[0]",
            4,
            "kill has no how",
        ),
        ('[[fault]]\nkind = "latency"\ntarget = "pool1.lab"\nat = 1\n', "fault[0]", 4, "latency needs seconds"),
        ('[[fault]]\nkind = "kill"\ntarget = "fe1.pool1.lab"\nat = 10\n', "fault[0].at", 7, "after the end at 10 s"),
        ('[[fault]]\nkind = "disk-full"\ntarget = "pool2.lab"\nat = 1\n', "fault[0].kind", 5, "topology.small_disk"),
        ('[random]\nkinds = ["kill"]\ntargets = ["pool1.lab"]\n', "random", 4, "cannot be aimed at"),
        (
            '[random]\nkinds = ["kill", "pause"]\ntargets = ["fe1.pool1.lab", "pool1.lab"]\n',
            "random",
            4,
            "nothing of kill, pause can be aimed at 'pool1.lab'",
        ),
        ('[random]\nkinds = ["broker-node-kill"]\ntargets = ["1"]\n', "random.kinds[0]", 5, "topology.broker_nodes"),
    ],
)
def test_what_is_wrong_is_named_with_key_and_line(rest: str, key: str, line: int, complaint: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        parsed(rest)

    assert refused.value.field == key
    assert f"mine.toml, line {line}: {key}: " in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("fault", "key", "complaint"),
    [
        ('kind = "latency"\nseconds = 1\n', "fault[0].kind", 'latency needs topology.network = "loopback"'),
        ('kind = "partition"\nlink = "broker"\n', "fault[0].link", "the kernel parts a pool from everything"),
    ],
)
def test_what_only_lines_can_do_is_refused_where_the_kernel_parts_pools(fault: str, key: str, complaint: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        parsed(f'[topology]\nnetwork = "namespaces"\n[[fault]]\nat = 1\ntarget = "pool1.lab"\n{fault}')

    assert refused.value.field == key
    assert complaint in str(refused.value)


def test_a_random_fault_is_aimed_at_a_target_that_suits_it() -> None:
    scenario = parsed('[random]\nkinds = ["kill", "partition"]\ntargets = ["fe1.pool1.lab", "pool2.lab"]\n')

    aimed = {(fault.kind, fault.target) for seed in range(20) for fault in plan_of(scenario, seed).faults}

    assert aimed == {(FaultKind.KILL, "fe1.pool1.lab"), (FaultKind.PARTITION, "pool2.lab")}


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match=r"mine\.toml"):
        parsed("= 7")


def test_the_stock_is_sound_and_covers_every_kind_of_fault() -> None:
    found = stock()

    assert len(found) >= 20
    assert len({scenario.name for scenario in found}) == len(found)
    used = {fault.kind for scenario in found for fault in plan_of(scenario, 1).faults}
    used |= {kind for scenario in found if scenario.random for kind in scenario.random.kinds}
    assert used == set(FaultKind)
    assert set(FAULTS) == set(FaultKind)


def test_the_stock_has_less_than_fifteen_minutes_of_load() -> None:
    assert sum(scenario.seconds for scenario in stock()) < 8 * 60, "the rest is for labs and for settling"


def test_a_seed_makes_the_same_plan_again_and_another_seed_another() -> None:
    scenario = find_scenario("random-faults")

    assert plan_of(scenario, 7) == plan_of(scenario, 7)
    assert plan_of(scenario, 7).faults != plan_of(scenario, 8).faults
    faults = plan_of(scenario, 7).faults
    assert all(fault.at < scenario.seconds for fault in faults)
    assert all(earlier.ends <= later.at for earlier, later in pairwise(faults))


def test_a_scenario_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match="active-killed"):
        find_scenario("volcano")
