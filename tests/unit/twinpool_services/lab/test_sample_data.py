from __future__ import annotations

import os
from pathlib import Path

import pytest

from twinpool.modules.data_conf import check_file_name
from twinpool.modules.presence_focus import PresenceFocus
from twinpool_services.lab.demo.sample_data import SampleFile, real_files, records_of_user


def test_what_a_user_owns_is_taken_by_the_module_and_the_same_at_each_run() -> None:
    records = records_of_user(7, 100)

    for change in records:
        PresenceFocus().check(change)
    assert records == records_of_user(7, 100)
    assert {change.key.partition("/")[0] for change in records} == {"contacts", "settings", "presence", "conferences"}


def test_made_up_content_differs_by_version_alone() -> None:
    first, again, second = (SampleFile("c", "n", 500, version=version) for version in (1, 1, 2))

    assert first.content() == again.content() != second.content()
    assert len(first.content()) == 500


def test_each_folder_of_a_directory_becomes_a_conference(tmp_path: Path) -> None:
    (tmp_path / "bash" / "examples").mkdir(parents=True)
    (tmp_path / "bash" / "examples" / "loop.sh").write_text("for", encoding="utf-8")
    (tmp_path / "README").write_text("read", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "README")

    found = real_files(tmp_path)

    assert [(one.conference, one.name, one.size) for one in found.files] == [
        ("files", "README", 4),
        ("bash", "examples/loop.sh", 3),
    ]
    assert (found.skipped, found.total_bytes) == (0, 7)


def test_names_that_no_record_can_have_are_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "fine").touch()
    (tmp_path / "new\nline").touch()
    (tmp_path / os.fsdecode(b"not-utf8-\xff")).touch()

    found = real_files(tmp_path)

    assert [one.name for one in found.files] == ["fine"]
    assert found.skipped == 2


@pytest.mark.parametrize("name", ["a b%20c", "ünï", "q?x=1#y"])
def test_odd_names_are_names_all_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    (file,) = real_files(tmp_path).files

    check_file_name(file.name)
    assert file.name == name
