"""Charts, and the ranges that they show."""

from __future__ import annotations

import pytest

from tests.unit.twinpool_services.dashboard.scenes import parsed
from twinpool.vocabulary.states import ExportState
from twinpool_services.dashboard.drawing.charts import Band, Chart, Line, draw_bands, draw_lines, swatch
from twinpool_services.dashboard.drawing.figures import amount
from twinpool_services.dashboard.drawing.module_charts import bands_of, charts_of
from twinpool_services.dashboard.drawing.scales import round_up, times
from twinpool_services.dashboard.drawing.time_range import TimeRange
from twinpool_services.telemetry import SECONDS, Range

SHOWN = Range(1_000, 1_005, 1)


def chart(*numbers: float | None) -> Chart:
    return Chart(name="n", title="Numbers <1>", about="", lines=(Line("line", numbers),), words=amount, side=amount)


def path_of(drawn: str) -> str:
    (line,) = [each for each in parsed(drawn) if "series-0" in str(each.get("class"))]
    return str(line.get("d"))


def test_a_line_is_broken_where_nothing_is_known() -> None:
    path = path_of(draw_lines(chart(1.0, 2.0, None, 3.0, 4.0), SHOWN))

    assert (path.count("M"), path.count("L")) == (2, 2)


def test_higher_numbers_are_higher_and_the_highest_is_within_the_picture() -> None:
    path = path_of(draw_lines(chart(0.0, 7.0), SHOWN))
    low, high = (float(point.split()[1].partition("h")[0]) for point in path[1:].split("L"))

    assert 0 <= high < low <= 210


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    empty = chart(None, None)

    assert empty.is_empty
    assert path_of(draw_lines(empty, SHOWN)) == ""


def test_bands_join_what_is_the_same_and_leave_out_what_is_not_known() -> None:
    states = [ExportState.FINAL, ExportState.FINAL, None, ExportState.ERROR]
    drawn = parsed(draw_bands("States", [Band(name="Export", states=states)], SHOWN))

    rects = [rect.get("class") for rect in drawn.iter("rect") if "band " in str(rect.get("class"))]
    assert rects == ["band band-finalstate", "band band-errorstate"]


def test_lines_can_be_told_without_colours() -> None:
    assert len({swatch(at) for at in range(3)}) == 3


def test_states_are_words_again_and_positions_count_from_the_head() -> None:
    sent: dict[str, list[float | None]] = {
        "State": [1.0, 4.0, None],
        "HeadPosition": [9.0, 9.0, None],
        "AcknowledgedPosition": [9.0, 4.0, 3.0],
    }
    export, imports = bands_of(sent, {"State": [1.0]})
    positions = next(each for each in charts_of(sent, {}) if each.name == "positions")

    assert export.states == ["FinalState", "ErrorState", None]
    assert imports.states == ["NormalState"]
    assert positions.lines[0].numbers == [0.0, 5.0, None]


def test_a_module_of_which_nothing_is_known_has_its_charts_all_the_same() -> None:
    for each in charts_of({}, {}):
        assert each.is_empty
        assert parsed(draw_lines(each, SHOWN)).get("aria-label") == each.title


@pytest.mark.parametrize(("number", "rounded"), [(0, 1), (1, 1), (1.01, 2), (0.3, 0.5), (2_400, 2_500), (9e6, 1e7)])
def test_scales_end_with_round_numbers(number: float, rounded: float) -> None:
    assert round_up(number) == rounded


def test_times_below_a_chart_are_few_and_round() -> None:
    assert [words for _, words in times(1_000_000_000, 1_000_003_600)] == [
        "01:50",
        "02:00",
        "02:10",
        "02:20",
        "02:30",
        "02:40",
    ]
    assert next(words for _, words in times(1_000_000_000, 1_000_000_030)) == "01:46:40"


@pytest.mark.parametrize("text", ["300", "3600", "1000-1060"])
def test_a_range_is_written_as_it_is_read(text: str) -> None:
    assert str(TimeRange.parse(text)) == text


@pytest.mark.parametrize("text", ["", "x", "-", "1-", "-5", "1-x", "٣٠٠", "9" * 50 + "-1"])
def test_a_range_that_makes_no_sense_is_one_that_does(text: str) -> None:
    shown = TimeRange.parse(text)

    assert 30 <= shown.seconds <= SECONDS


def test_a_range_that_follows_the_time_moves_on_by_whole_steps() -> None:
    hour = TimeRange(3_600)
    begins = {hour.at(100_000.0 + tenth / 10).begins for tenth in range(360)}

    assert begins == {96_390, 96_408, 96_426}
    assert all(len(hour.at(now).steps()) == 200 for now in (100_000.0, 100_007.5))


def test_a_range_of_the_past_stays() -> None:
    assert TimeRange.parse("1000-1060").at(5_000.0) == Range(1_000, 1_060, 1)
