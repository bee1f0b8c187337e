"""Content gets from one store to another whatever happens to the messages between them."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.twinpool.content.samples import MIB, digest_of, mebibytes, stored
from twinpool.content.fetch_plan import GIVE_UP_AFTER, PATIENCE, WINDOW
from twinpool.content.fetching import Fetching, serve
from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing
from twinpool.protocol.content import MAX_WANTED_BYTES, PART_BYTES, ContentAbsent, ContentPart, ContentWanted

Answer = ContentPart | ContentAbsent
Network = Callable[[list[Answer]], Iterable[Answer]]


@pytest.fixture
def source(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "target")


class Line:
    """Carries requests to the source and answers back, by way of a network that may do what it likes with them."""

    def __init__(self, source: ContentStore, fetching: Fetching, network: Network = lambda answers: answers) -> None:
        self.source, self.fetching, self.network = source, fetching, network
        self.now = 0.0
        self.asked: list[ContentWanted] = []
        self.most_under_way = 0

    def run(self, *, ticks: int = 1000) -> None:
        """Until all is there; time passes whenever nothing moves."""
        for _ in range(ticks):
            if self.fetching.is_done:
                return
            self.exchange(self.fetching.tick(self.now))
            self.now += PATIENCE
        pytest.fail("the content has not come")

    def exchange(self, wanted: list[ContentWanted]) -> None:
        while wanted:
            self.asked += wanted
            self.most_under_way = max(self.most_under_way, len(wanted))
            answers = [answer for one in wanted for answer in serve(self.source, one)]
            wanted = [more for answer in self.network(answers) for more in self.fetching.hear(answer, self.now)]


def test_content_of_every_size_comes_over(source: ContentStore, target: ContentStore) -> None:
    sizes = [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 11 * PART_BYTES + 7]
    digests = [stored(source, bytes([number]) * size) for number, size in enumerate(sizes)]

    Line(source, Fetching(target, digests)).run()

    for digest in digests:
        target.verify(digest)


def test_only_what_is_missing_is_asked_for(source: ContentStore, target: ContentStore) -> None:
    here, missing = stored(source, b"here"), stored(source, b"missing")
    stored(target, b"here")
    line = Line(source, Fetching(target, [here, missing, missing]))

    line.run()

    assert [wanted.digest for wanted in line.asked] == [missing]


def test_nothing_is_asked_for_when_everything_is_here(source: ContentStore, target: ContentStore) -> None:
    digest = stored(target, b"here")

    fetching = Fetching(target, [digest])

    assert fetching.is_done
    assert fetching.tick(0.0) == []


def test_an_interrupted_fetch_goes_on_where_it_stopped(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, *mebibytes(5))
    target.partial(digest).write(0, b"".join(mebibytes(3)) + b"\0\0")
    line = Line(source, Fetching(target, [digest]))

    line.run()

    assert [wanted.offset // MIB for wanted in line.asked] == [3, 4]
    target.verify(digest)


def test_a_fetch_that_was_whole_but_for_the_last_word_is_completed(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, *mebibytes(2))
    target.partial(digest).write(0, b"".join(mebibytes(2)))

    Line(source, Fetching(target, [digest])).run()

    target.verify(digest)


def test_no_more_than_a_window_of_parts_is_under_way(source: ContentStore, target: ContentStore) -> None:
    digests = [stored(source, bytes([number]) * 10) for number in range(50)] + [stored(source, *mebibytes(30))]
    asked_at_once: list[int] = []

    def count(answers: list[Answer]) -> list[Answer]:
        asked_at_once.append(len(answers))
        return answers

    line = Line(source, Fetching(target, digests), count)
    line.run()

    assert max(asked_at_once) <= WINDOW
    assert line.now <= PATIENCE  # It never had to wait.


@pytest.mark.parametrize("seed", range(20))
def test_lost_doubled_and_reordered_parts_do_no_harm(source: ContentStore, target: ContentStore, seed: int) -> None:
    chance = random.Random(seed)
    digests = [stored(source, *mebibytes(count), bytes([count])) for count in (1, 4, 9)]

    def bad_network(answers: list[Answer]) -> list[Answer]:
        arriving = [answer for answer in answers for _ in range(chance.choice([0, 1, 1, 1, 2]))]
        chance.shuffle(arriving)
        return arriving

    Line(source, Fetching(target, digests), bad_network).run()

    for digest in digests:
        target.verify(digest)


def test_a_large_file_takes_little_memory_at_both_ends(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, *mebibytes(50))
    line = Line(source, Fetching(target, [digest]))
    tracemalloc.start()
    try:
        line.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    target.verify(digest)
    assert peak < (2 * WINDOW + 4) * MIB


def test_a_file_damaged_on_its_way_is_fetched_again(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, *mebibytes(3))
    spoilt: list[int] = []

    def spoil_one(answers: list[Answer]) -> list[Answer]:
        first = answers[0]
        if not isinstance(first, ContentPart) or first.offset == 0 or spoilt:
            return answers
        spoilt.append(first.offset)
        return [replace(first, data=bytes(len(first.data))), *answers[1:]]

    Line(source, Fetching(target, [digest]), spoil_one).run()

    assert spoilt
    target.verify(digest)


def test_content_damaged_at_the_source_for_good_fails_and_leaves_nothing(
    source: ContentStore, target: ContentStore
) -> None:
    digest = stored(source, b"fragile")
    (source.root / digest[:2] / digest).write_bytes(b"broken!")

    with pytest.raises(ContentMissing, match="something else"):
        Line(source, Fetching(target, [digest])).run()

    assert not target.has(digest)
    assert target.partial(digest).size == 0


@pytest.mark.parametrize("difference", [-MIB, -1, 1, MIB])
def test_parts_that_disagree_about_the_size_fail_in_the_end(
    source: ContentStore, target: ContentStore, difference: int
) -> None:
    digest = stored(source, *mebibytes(3))

    def lie(answers: list[Answer]) -> list[Answer]:
        return [
            replace(answer, total=answer.total + difference)
            if isinstance(answer, ContentPart) and answer.offset == MIB
            else answer
            for answer in answers
        ]

    with pytest.raises(ContentMissing):
        Line(source, Fetching(target, [digest]), lie).run()

    assert not target.has(digest)


def test_a_total_that_is_wrong_throughout_fails_in_the_end(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, *mebibytes(3))

    def lie(answers: list[Answer]) -> list[Answer]:
        return [replace(answer, total=2 * MIB) for answer in answers if isinstance(answer, ContentPart)]

    with pytest.raises(ContentMissing, match="something else"):
        Line(source, Fetching(target, [digest]), lie).run()


def test_more_at_hand_than_the_source_has_is_begun_anew(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, b"short")
    target.partial(digest).write(0, bytes(3 * MIB))

    Line(source, Fetching(target, [digest])).run()

    target.verify(digest)


def test_content_that_the_source_lacks_fails_with_its_reason(source: ContentStore, target: ContentStore) -> None:
    digest = digest_of(b"nowhere")

    with pytest.raises(ContentMissing, match=f"{digest}.*is not here"):
        Line(source, Fetching(target, [digest])).run()


def test_a_silent_source_is_asked_again_and_given_up_in_the_end(source: ContentStore, target: ContentStore) -> None:
    digest = stored(source, b"unheard")
    fetching = Fetching(target, [digest])

    assert len(fetching.tick(0.0)) == 1
    assert fetching.tick(PATIENCE - 0.1) == []
    assert len(fetching.tick(PATIENCE)) == 1
    with pytest.raises(ContentMissing, match="none of the content"):
        fetching.tick(GIVE_UP_AFTER)


def test_foreign_parts_are_not_taken(source: ContentStore, target: ContentStore) -> None:
    digest, other = stored(source, b"wanted"), digest_of(b"other")
    fetching = Fetching(target, [digest])
    fetching.tick(0.0)

    assert fetching.hear(ContentPart(digest=other, offset=0, total=5, data=b"other"), 0.0) == []
    assert fetching.hear(ContentPart(digest=digest, offset=MIB, total=2 * MIB, data=bytes(MIB)), 0.0) == []
    assert fetching.hear(ContentAbsent(digest=other, reason="not asked for"), 0.0) == []
    assert target.partial(other).size == 0


# ── the answering end ───────────────────────────────────────────────────────────────────────────────────────


def served(source: ContentStore, wanted: ContentWanted) -> list[tuple[int, int, int]]:
    return [
        (answer.offset, len(answer.data), answer.total)
        for answer in serve(source, wanted)
        if isinstance(answer, ContentPart)
    ]


def test_a_request_is_answered_in_parts_up_to_the_end(source: ContentStore) -> None:
    digest = stored(source, *mebibytes(2), b"rest")
    total = 2 * MIB + 4

    assert served(source, ContentWanted(digest=digest, offset=MIB, length=MAX_WANTED_BYTES)) == [
        (MIB, MIB, total),
        (2 * MIB, 4, total),
    ]
    assert served(source, ContentWanted(digest=digest, offset=0, length=MIB)) == [(0, MIB, total)]


def test_an_empty_file_is_answered_by_one_empty_part(source: ContentStore) -> None:
    assert served(source, ContentWanted(digest=stored(source), offset=0, length=MIB)) == [(0, 0, 0)]


def test_what_is_asked_for_beyond_the_end_is_absent(source: ContentStore) -> None:
    digest = stored(source, b"short")

    (answer,) = serve(source, ContentWanted(digest=digest, offset=MIB, length=MIB))

    assert isinstance(answer, ContentAbsent)
