from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from twinpool.stores.sqlite.wakeups import Bell
from twinpool.vocabulary.names import Home, ModuleName, Stream

FIRST, SECOND = (Stream(Home("pool1.lab"), ModuleName(f"Some.{name}")) for name in ("First", "Second"))


@pytest.mark.parametrize("name", ["store.db", "s" * 200])
@pytest.mark.parametrize("depth", [0, 3])
def test_a_path_of_any_length_is_reached(tmp_path: Path, name: str, depth: int) -> None:
    directory = tmp_path.joinpath(*["d" * 100] * depth)
    directory.mkdir(parents=True, exist_ok=True)
    with closing(Bell(directory / name)) as bell, closing(bell.listen()) as listener:
        bell.ring()
        assert listener.wait(30)
        assert not listener.wait(0)


def test_ringing_never_waits_however_often_nobody_hears(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell:
        for _ in range(10):
            bell.ring()
        with closing(bell.listen()) as listener:
            for _ in range(100_000):
                bell.ring()
            assert listener.wait(30)
            assert not listener.wait(0)


def test_a_listener_that_goes_leaves_a_newer_one_in_place(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell:
        older = bell.listen()
        with closing(bell.listen()) as newer:
            older.close()
            bell.ring()
            assert newer.wait(30)


def test_closing_ends_the_waiting(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell:
        listener = bell.listen()
        heard: list[bool] = []
        waiter = Thread(target=lambda: heard.append(listener.wait(60)))
        waiter.start()
        listener.close()
        waiter.join(30)
        assert heard == [False]
        assert not listener.wait(60)
        listener.close()


def test_nothing_is_left_beside_the_store(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell:
        bell.listen().close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_rung_for_is_told(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell, closing(bell.listen()) as listener:
        bell.ring([FIRST])
        bell.ring([SECOND])
        assert listener.wait(30)
        assert set(listener.grown() or ()) == {FIRST, SECOND}
        assert listener.grown() == set(), "it was told"
        bell.ring([FIRST])
        bell.ring()
        assert listener.wait(30)
        assert listener.grown() is None


def test_where_rings_may_have_been_lost_anything_may_have_changed(tmp_path: Path) -> None:
    with closing(Bell(tmp_path / "store.db")) as bell, closing(bell.listen()) as listener:
        for _ in range(100):
            bell.ring([FIRST])
        bell.ring([SECOND])
        assert listener.wait(30)
        assert listener.grown() is None
