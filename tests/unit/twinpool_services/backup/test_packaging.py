from __future__ import annotations

from twinpool.modules.data_conf import DataConf, FileEntry, encode_entry
from twinpool.vocabulary.change import Change, ChangeSet
from twinpool.vocabulary.names import Digest, Instant, Position
from twinpool.wire import encode_changes
from twinpool_services.backup.packaging import package


def naming(position: int, digest: str) -> ChangeSet:
    entry = FileEntry(digest=Digest(digest * 64), size=1, content_type="text/plain", modified_at=Instant(0.0))
    payload = encode_changes([Change("conference", f"file{position}", encode_entry(entry))])
    return ChangeSet(Position(position), Instant(0.0), 1, payload)


def test_a_batch_ends_before_the_content_it_names_grows_too_large() -> None:
    change_sets = [naming(1, "a"), naming(2, "b"), naming(3, "c")]

    assert package(change_sets, DataConf(), lambda _: 40, 100) == change_sets[:2]


def test_one_file_larger_than_a_package_goes_alone() -> None:
    change_sets = [naming(1, "a"), naming(2, "b")]

    assert package(change_sets, DataConf(), lambda _: 1_000, 100) == change_sets[:1]


def test_what_fits_goes_together() -> None:
    change_sets = [naming(1, "a"), naming(2, "b")]

    assert package(change_sets, DataConf(), lambda _: 50, 100) == change_sets
