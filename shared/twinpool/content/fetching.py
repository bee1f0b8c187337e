"""Fetching content from another pool, and answering those who fetch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import assert_never

from twinpool.content.fetch_plan import Ask, Complete, Discard, Fail, FetchAction, FetchPlan, Write
from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing, MalformedMessage, StoreUnavailable
from twinpool.protocol.content import PART_BYTES, ContentAbsent, ContentPart, ContentWanted
from twinpool.vocabulary.names import Digest


class Fetching:
    """One lot of content on its way into a content store: says what to ask for, and writes what comes.

    Call `tick` to begin and every second or so, `hear` with each answer, and send what they return, until `is_done`.
    Each raises `ContentMissing` when the content cannot be had, and `StoreUnavailable` when it cannot be written; what
    has come so far is kept for the next attempt.
    """

    def __init__(self, store: ContentStore, wanted: Iterable[Digest]) -> None:
        """Fetch what of these is not here yet, and keep the rest from being swept meanwhile."""
        self._store = store
        missing = [digest for digest in dict.fromkeys(wanted) if not store.hold(digest)]
        self._plan = FetchPlan({digest: store.partial(digest).size for digest in missing})

    @property
    def is_done(self) -> bool:
        """Whether everything is here, durably."""
        return self._plan.is_done

    def tick(self, now: float) -> list[ContentWanted]:
        """Return what is to be asked for, again where no answer came. `now` is monotonic, in seconds."""
        return self._carry_out(self._plan.tick(now), now)

    def hear(self, answer: ContentPart | ContentAbsent, now: float) -> list[ContentWanted]:
        """Take an answer in and return what is to be asked for next."""
        match answer:
            case ContentPart():
                return self._carry_out(self._plan.part(answer, now), now)
            case ContentAbsent():
                return self._carry_out(self._plan.absent(answer, now), now)
            case _:
                assert_never(answer)

    def _carry_out(self, actions: Iterable[FetchAction], now: float) -> list[ContentWanted]:
        wanted: list[ContentWanted] = []
        queue = deque(actions)
        while queue:
            match queue.popleft():
                case Ask(message):
                    wanted.append(message)
                case Write(digest, offset, data):
                    self._store.partial(digest).write(offset, data)
                case Complete(digest, total):
                    queue.extend(self._complete(digest, total, now))
                case Discard(digest):
                    self._store.partial(digest).discard()
                case Fail(reason):
                    raise ContentMissing(reason)
        return wanted

    def _complete(self, digest: Digest, total: int, now: float) -> list[FetchAction]:
        try:
            self._store.partial(digest).complete(total)
        except MalformedMessage as error:
            return self._plan.spoiled(digest, str(error), now)
        return self._plan.completed(digest, now)


def serve(store: ContentStore, wanted: ContentWanted) -> Iterator[ContentPart | ContentAbsent]:
    """Answer one request, part by part; one part is in memory at a time. Of an empty file the one part is empty."""
    digest, offset = wanted.digest, wanted.offset
    try:
        total = store.size(digest)
        if offset > total:
            yield ContentAbsent(digest=digest, reason=f"it ends at {total}, before {offset}")
            return
        for start in range(offset, max(min(offset + wanted.length, total), offset + 1), PART_BYTES):
            data = store.read_part(digest, start, PART_BYTES)
            yield ContentPart(digest=digest, offset=start, total=total, data=data)
    except (ContentMissing, StoreUnavailable) as error:
        yield ContentAbsent(digest=digest, reason=str(error))
