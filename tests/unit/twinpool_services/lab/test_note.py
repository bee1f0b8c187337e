from __future__ import annotations

import os
from pathlib import Path

import pytest

from twinpool.brokers.process_mark import ProcessMark
from twinpool_services.lab.note import NOTE, LabFailed, LabNote, locked, read_note, write_note
from twinpool_services.lab.plan import LabPlan


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    note = LabNote(plan=LabPlan(pools=4), processes={"fe1.pool1.lab": mark})

    write_note(tmp_path, note)

    assert read_note(tmp_path) == note


def test_the_note_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_note(tmp_path, LabNote(plan=LabPlan(broker_url="amqp://user:secret@127.0.0.1/")))

    assert (tmp_path / NOTE).stat().st_mode & 0o077 == 0


def test_a_directory_without_a_note_holds_no_lab(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plan": {}}', '{"plan": {"store": "tape"}, "processes": {}}'])
def test_a_damaged_note_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / NOTE).write_text(text, encoding="utf-8")

    with pytest.raises(LabFailed, match=NOTE):
        read_note(tmp_path)


def test_two_commands_cannot_change_a_lab_at_the_same_time(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(LabFailed, match="another command"), locked(tmp_path):
        pass
