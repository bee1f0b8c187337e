"""What several front ends remember, put together."""

from __future__ import annotations

from typing import cast

import pytest

from twinpool.vocabulary.names import Home, ModuleName, Stream
from twinpool_services.dashboard.drawing.time_range import TimeRange
from twinpool_services.dashboard.live.history import LEAST_AGE, History, Past, Way, put_together
from twinpool_services.dashboard.live.scene import Scene
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.series_documents import HappeningDocument, RouteSeriesDocument, SeriesDocument
from twinpool_services.telemetry import Range

WAY = Way(Stream(Home("pool1.lab"), ModuleName("m")), "pool1.lab", "pool2.lab")
SHOWN = Range(100, 103, 1)


def told(pool: str, number: int, *happenings: HappeningDocument, **numbers: list[float | None]) -> SeriesDocument:
    is_source = pool == WAY.source
    return SeriesDocument(
        pool_fqdn=pool,
        front_end=f"fe{number}.{pool}",
        kept_since=50.0 + number,
        begins=100,
        step=1,
        routes=[RouteSeriesDocument(destination=WAY.destination, numbers=numbers)] if is_source else [],
        stream=None if is_source else numbers,
        happenings=list(happenings),
    )


def happening(at: float, destination: str | None) -> HappeningDocument:
    return HappeningDocument(at=at, kind="session", destination=destination, word="take-over")


def test_what_each_counted_is_added_and_what_all_have_read_is_the_same() -> None:
    past = put_together(
        WAY,
        SHOWN,
        [
            told("pool1.lab", 1, SentChanges=[5.0, 2.0, None], HeadPosition=[7.0, 8.0, None]),
            told("pool1.lab", 2, SentChanges=[None, 3.0, 4.0], HeadPosition=[7.0, 8.0, 9.0]),
        ],
    )

    assert past.sent == {"SentChanges": [5.0, 5.0, 4.0], "HeadPosition": [7.0, 8.0, 9.0]}
    assert past.imported == {}
    assert past.kept_since == 51.0


def test_each_pool_is_asked_for_its_own_side() -> None:
    past = put_together(
        WAY, SHOWN, [told("pool1.lab", 1, SentChanges=[1.0] * 3), told("pool2.lab", 1, ImportedChanges=[2.0] * 3)]
    )

    assert (past.sent, past.imported) == ({"SentChanges": [1.0] * 3}, {"ImportedChanges": [2.0] * 3})


def test_what_happened_is_told_newest_first_and_of_this_way_alone() -> None:
    past = put_together(
        WAY,
        SHOWN,
        [
            told("pool1.lab", 1, happening(100.5, "pool2.lab"), happening(100.6, "pool3.lab")),
            told("pool2.lab", 1, happening(102.5, None), happening(200.0, None)),
        ],
    )

    assert [(name, each.at) for name, each in past.happenings] == [("fe1.pool2.lab", 102.5), ("fe1.pool1.lab", 100.5)]


def test_nobody_remembers_anything() -> None:
    past = put_together(WAY, SHOWN, [])

    assert (past.sent, past.imported, past.told_by, past.kept_since) == ({}, {}, (), None)


def test_a_past_is_drawn_once_for_all_who_look_until_it_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    history = History(cast("Context", None), clock=lambda: now[0])
    asked: list[Way] = []

    def ask(_scene: Scene, way: Way, _shown: Range) -> list[SeriesDocument]:
        asked.append(way)
        return []

    monkeypatch.setattr(history, "_ask", ask)
    drawn: list[Past] = []

    def draw(past: Past) -> str:
        drawn.append(past)
        return f"drawn {len(drawn)}"

    def look(seconds: int) -> str:
        return history.drawn(cast("Scene", None), WAY, TimeRange(seconds=seconds), draw)

    assert [look(60), look(60), look(120)] == ["drawn 1", "drawn 1", "drawn 2"]
    now[0] += LEAST_AGE
    assert [look(60), look(60)] == ["drawn 3", "drawn 3"]
    assert len(asked) == 3
