from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos_histories import P1, P2, PRESENCE, final, history, pool, sample, write
from twinpool.errors import InvalidConfiguration
from twinpool_services.chaos.history import FaultSpan, HistoryWriter, Tenure, read_history
from twinpool_services.chaos.judging import figures_of, outage_of
from twinpool_services.chaos.report.page import render
from twinpool_services.chaos.report.series import STEP, load_of, serving_of, states_of
from twinpool_services.chaos.tenures import of_run, read_tenures

WHOLE = history(
    [write(1, kind="append", items={"alice/list-0.0": (1,)}), write(2), write(9, pool=P2, term=2)],
    samples=(
        sample(
            pool(P1, export={PRESENCE: "SteadyState"}, pending=3, records={P1: {"alice/register-0.0": 2}}),
            pool(P2, sessions={P1: (1, 2, 3)}, cursors={P1: (1, 2)}, repairing=(P1,)),
            asked=3.0,
        ),
    ),
    faults=(FaultSpan(fault="kill fe1.pool1.lab", kind="kill", began=1.0, ended=2.0, said="<fe1>"),),
    tenures=(Tenure(front_end="fe1.pool1.lab", generation=4, began=0.0, ended=2.0),),
    finals=(final({"alice/register-0.0": 2}, lists={"alice/list-0.0": (1,)}, orphans=(("a/b", 9),), forks=((2, 5),)),),
)


def test_a_history_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    with HistoryWriter(tmp_path, scenario=WHOLE.scenario, seed=WHOLE.seed) as writer:
        for kind in (WHOLE.operations, WHOLE.samples, WHOLE.faults, WHOLE.tenures, WHOLE.finals):
            for one in kind:
                writer.note(one)

    assert read_history(tmp_path) == WHOLE


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="not the history"):
        read_history(tmp_path)


def test_the_outage_is_the_longest_time_without_an_answered_write() -> None:
    assert outage_of(WHOLE, P1) == 7.0
    assert figures_of(WHOLE).rpo_writes == 0
    assert figures_of(WHOLE).answered == 3


def test_the_series_say_who_served_and_what_was_reported() -> None:
    assert [span.word for span in serving_of(WHOLE, P1)] == ["pool1.lab (term 1)", "pool2.lab (term 2)"]
    assert [span.word for span in states_of(WHOLE, P1)] == ["SteadyState"]
    assert [span.word for span in states_of(WHOLE, P2)] == ["silent"]
    assert sum(load_of(WHOLE)[WHOLE.operations[0].outcome]) == 3
    assert STEP == 0.5


def test_the_page_holds_picture_and_words_and_lets_nothing_through_as_markup() -> None:
    page = render(
        WHOLE, {"verdict": "violated", "violations": [{"check": "prefix", "message": "<b>"}]}, {"title": "It."}
    )

    assert "<svg" in page
    assert "&lt;fe1&gt;" in page
    assert "<b>prefix</b>: &lt;b&gt;" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", ""), "the page needs nothing from elsewhere"


def test_tenures_are_read_from_the_log_of_a_front_end(tmp_path: Path) -> None:
    log = tmp_path / "fe1.log"
    log.write_text(
        '{"at": "1970-01-01T00:01:40Z", "event": "lease.acquired", "generation": 3}\n'
        "no JSON at all, but lease.acquired\n"
        '{"at": "1970-01-01T00:01:50Z", "event": "tenure.end"}\n'
        '{"at": "1970-01-01T00:02:00Z", "event": "lease.acquired", "generation": 5}\n'
        '{"at": "1970-01-01T00:02:01Z", "event": "lease.acq'
    )

    found = list(read_tenures(log, "fe1.pool1.lab", since=100.0))

    assert [(one.generation, one.began, one.ended) for one in found] == [(3, 0.0, 10.0), (5, 20.0, None)]


def test_who_was_killed_before_the_run_has_no_tenure_in_it() -> None:
    def tenure(front_end: str, generation: int, began: float, ended: float | None = None) -> Tenure:
        return Tenure(front_end=front_end, generation=generation, began=began, ended=ended)

    killed, under_way = tenure("fe1.pool1.lab", 3, -90.0), tenure("fe2.pool1.lab", 4, -80.0)
    later = tenure("fe1.pool1.lab", 5, 2.0)

    assert of_run([later, killed, under_way]) == [under_way, later]
    assert of_run([killed]) == [killed]
    assert of_run([]) == []
