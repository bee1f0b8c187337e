"""What to ask for next while content is being fetched: events in, actions out; no clock, no socket, no disk.

Invariants
- At most `WINDOW` parts are under way, over all files together, so that memory is bounded by as many parts.
- A file is written from its beginning to its end without a hole; parts that come early wait in memory.
- Only what was asked for and is not here is taken; doubled, late and foreign parts do nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from twinpool.protocol.content import PART_BYTES, ContentAbsent, ContentPart, ContentWanted
from twinpool.vocabulary.names import Digest

WINDOW = 8  #: parts that are asked for and not here yet
PATIENCE = 10.0  #: seconds until a part is asked for again
GIVE_UP_AFTER = 60.0  #: seconds without any part that was waited for
ATTEMPTS = 3  #: how often a file is begun before its source is held to be damaged


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the source for a part."""

    wanted: ContentWanted


@dataclass(frozen=True, slots=True)
class Write:
    """Write a part into the partial file."""

    digest: Digest
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Complete:
    """Verify the partial file and keep it, then tell `completed` or `spoiled`."""

    digest: Digest
    total: int


@dataclass(frozen=True, slots=True)
class Discard:
    """Forget the partial file."""

    digest: Digest


@dataclass(frozen=True, slots=True)
class Fail:
    """Give up: this content cannot be had."""

    reason: str


FetchAction = Ask | Write | Complete | Discard | Fail


@dataclass(slots=True)
class _File:
    """One file on its way here."""

    digest: Digest
    resumed_at: int  #: what was here before we began
    written: int  #: bytes here without a hole
    next_offset: int  #: the next part to ask for
    attempts: int = 1
    total: int | None = None  #: known with the first part
    asked: dict[int, float] = field(default_factory=dict)  #: offset → when
    early: dict[int, bytes] = field(default_factory=dict)  #: came before a part in front of them

    @property
    def may_ask(self) -> bool:
        """Whether there is another part to ask for; of an unknown file one at a time, for it may have no more."""
        return not self.asked if self.total is None else self.next_offset < self.total

    @property
    def is_whole(self) -> bool:
        return self.total is not None and self.written >= self.total


class FetchPlan:
    """One lot of content that is fetched together."""

    def __init__(self, at_hand: Mapping[Digest, int]) -> None:
        """Take what is wanted, and how many bytes of each are here already."""
        self._waiting = deque(_begun(digest, size) for digest, size in at_hand.items())
        self._under_way: dict[Digest, _File] = {}
        self._heard_at: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything is here."""
        return not self._waiting and not self._under_way

    def tick(self, now: float) -> list[FetchAction]:
        """Ask for more, and again for what has not come in time. Called first to begin; `now` is monotonic."""
        if self._heard_at is None:
            self._heard_at = now
        if not self.is_done and now - self._heard_at >= GIVE_UP_AFTER:
            return [Fail(f"the source has sent none of the content asked for in {now - self._heard_at:.0f} s")]
        return [*self._ask_again(now), *self._ask_more(now)]

    def part(self, part: ContentPart, now: float) -> list[FetchAction]:
        """Take a part in."""
        file = self._under_way.get(part.digest)
        if file is None or part.offset not in file.asked:
            return []
        self._heard_at = now
        if not _fits(file, part):
            return self._begin_anew(file, "its parts disagree about its size", now)
        file.total = part.total
        del file.asked[part.offset]
        file.early[part.offset] = part.data
        actions = _write_what_fits(file)
        if file.is_whole:
            actions.append(Complete(file.digest, part.total))
        return [*actions, *self._ask_more(now)]

    def absent(self, absent: ContentAbsent, now: float) -> list[FetchAction]:
        """Hear that content is not at the source, or not as far as we have it."""
        file = self._under_way.get(absent.digest)
        if file is None:
            return []
        self._heard_at = now
        if file.resumed_at:
            return self._begin_anew(file, absent.reason, now)
        return [Fail(f"the source does not have content {absent.digest}: {absent.reason}")]

    def completed(self, digest: Digest, now: float) -> list[FetchAction]:
        """Hear that a file was right and is kept."""
        self._under_way.pop(digest, None)
        return self._ask_more(now)

    def spoiled(self, digest: Digest, reason: str, now: float) -> list[FetchAction]:
        """Hear that a file was wrong and is forgotten."""
        file = self._under_way.get(digest)
        return [] if file is None else self._begin_anew(file, reason, now)

    def _begin_anew(self, file: _File, reason: str, now: float) -> list[FetchAction]:
        if file.attempts >= ATTEMPTS:
            return [Discard(file.digest), Fail(f"content {file.digest} cannot be fetched: {reason}")]
        fresh = _begun(file.digest, 0)
        fresh.attempts = file.attempts + 1
        self._under_way[file.digest] = fresh
        return [Discard(file.digest), *self._ask_more(now)]

    def _ask_again(self, now: float) -> list[FetchAction]:
        late = [
            (file, offset)
            for file in self._under_way.values()
            for offset, asked_at in file.asked.items()
            if now - asked_at >= PATIENCE
        ]
        return [_ask(file, offset, now) for file, offset in late]

    def _ask_more(self, now: float) -> list[FetchAction]:
        """Fill the window: files under way first, then others, so that few are unfinished at any time."""
        actions: list[FetchAction] = []
        room = WINDOW - sum(len(file.asked) + len(file.early) for file in self._under_way.values())
        for file in self._under_way.values():
            while room > 0 and file.may_ask:
                actions.append(_ask_next(file, now))
                room -= 1
        while room > 0 and self._waiting and len(self._under_way) < WINDOW:
            file = self._waiting.popleft()
            self._under_way[file.digest] = file
            actions.append(_ask_next(file, now))
            room -= 1
        return actions


def _begun(digest: Digest, size: int) -> _File:
    """Begin a file where a part begins, at or before the end of what is here."""
    offset = size - size % PART_BYTES
    return _File(digest=digest, resumed_at=offset, written=offset, next_offset=offset)


def _fits(file: _File, part: ContentPart) -> bool:
    """Whether a part is as long as it has to be, and of the file that the others were of."""
    length = min(PART_BYTES, part.total - part.offset)
    return len(part.data) == length and file.total in {None, part.total}


def _write_what_fits(file: _File) -> list[FetchAction]:
    actions: list[FetchAction] = []
    while (data := file.early.pop(file.written, None)) is not None:
        if data:
            actions.append(Write(file.digest, file.written, data))
        file.written += len(data)
    return actions


def _ask_next(file: _File, now: float) -> Ask:
    offset = file.next_offset
    file.next_offset += PART_BYTES
    return _ask(file, offset, now)


def _ask(file: _File, offset: int, now: float) -> Ask:
    file.asked[offset] = now
    return Ask(ContentWanted(digest=file.digest, offset=offset, length=PART_BYTES))
