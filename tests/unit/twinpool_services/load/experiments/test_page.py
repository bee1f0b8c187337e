"""The page of an experiment: the figures of each variant, and what people have concluded is kept."""

from __future__ import annotations

from pathlib import Path

from twinpool_services.load.experiments.definition import Experiment, Variant
from twinpool_services.load.experiments.page import CONCLUSION, NOTHING_YET, table_of, write_page
from twinpool_services.load.experiments.running import Outcome, figures_of

EXPERIMENT = Experiment(question="Why?", reading="Read with care.", variant=[Variant(name="a"), Variant(name="b")])
SUMMARY = {
    "achieved_per_s": 100.0,
    "failed": 1,
    "not_sent": 2,
    "write": {"p99_ms": 3.0},
    "lag": {"p50_ms": 20.0, "p99_ms": 50.0, "max_ms": 2_500.0},
    "most_pending": {"X": 7, "Y": 9},
    "states": {"X": {"SteadyState": 0.75, "NonSteadyState": 0.25}, "Y": {"FinalState": 1.0}},
    "drain_s": None,
    "front_ends": {"fe1": {"cpu_percent_mean": 50.0}, "fe2": {"cpu_percent_mean": 25.0}},
    "seconds": 10.0,
    "written": 1_000,
}


def outcomes(**rates: list[float]) -> list[Outcome]:
    return [
        Outcome(name=name, rounds=tuple({"written/s": rate, "drain s": None} for rate in each))
        for name, each in rates.items()
    ]


def test_the_figures_of_a_run_are_those_that_a_user_asks_for() -> None:
    figures = figures_of(SUMMARY)

    assert (figures["failed"], figures["lag max s"], figures["most pending"]) == (3, 2.5, 9)
    assert (figures["NonSteady %"], figures["CPU ms/change"]) == (25.0, 7.5)


def test_a_run_in_which_nothing_was_written_has_no_lags() -> None:
    figures = figures_of({**SUMMARY, "lag": None, "write": None, "written": 0})

    assert (figures["lag max s"], figures["write p99 ms"], figures["CPU ms/change"]) == (None, None, None)


def test_the_median_of_the_rounds_counts_and_what_nobody_has_is_left_out() -> None:
    assert table_of(outcomes(a=[1.0, 5.0, 2.0], b=[1_000.0])) == [["", "a", "b"], ["written/s", "2", "1,000"]]


def test_a_page_is_written_anew_but_for_what_was_concluded(tmp_path: Path) -> None:
    path = tmp_path / "pages" / "why.md"
    write_page(path, "why", EXPERIMENT, outcomes(a=[1.0], b=[2.0]), {"cores": 2})
    assert path.read_text().endswith(f"{CONCLUSION}\n\n{NOTHING_YET}\n")
    path.write_text(path.read_text().replace(NOTHING_YET, "b is better."))

    write_page(path, "why", EXPERIMENT, outcomes(a=[3.0], b=[4.0]), {"cores": 2})

    text = path.read_text()
    assert text.startswith("# Why?\n")
    assert "| written/s | 3 | 4 |" in text
    assert "twinpool load experiment run why --rounds 1" in text
    assert text.endswith(f"{CONCLUSION}\n\nb is better.\n")
