"""Which published letters the broker still owes a word about."""

from __future__ import annotations

from twinpool.ports.broker import Outcome


class Confirms:
    """Maps the delivery tags of one channel in confirm mode to the tokens of letters.

    Every token that is noted leaves exactly once: by `settle`, or by `abandon`.
    """

    def __init__(self) -> None:
        """Begin with a channel's first tag, which is 1."""
        self.next_tag = 1
        self._open: dict[int, int] = {}  # by tag, in order
        self._returned: set[int] = set()

    def note(self, token: int) -> None:
        """Note that the letter of this token has gone out with `next_tag`."""
        self._open[self.next_tag] = token
        self.next_tag += 1

    def returned(self, tag: int) -> None:
        """Note that no queue takes it. The broker says so before it acknowledges."""
        if tag in self._open:
            self._returned.add(tag)

    def settle(self, tag: int, *, multiple: bool, refused: bool) -> list[tuple[int, Outcome]]:
        """Take out what the broker speaks of: one tag, or all up to it."""
        tags = self._up_to(tag) if multiple else [tag] if tag in self._open else []
        return [(self._open.pop(each), self._outcome(each, refused=refused)) for each in tags]

    def abandon(self) -> list[int]:
        """Take out everything that the broker will not speak of any more."""
        tokens = list(self._open.values())
        self._open.clear()
        self._returned.clear()
        return tokens

    def __len__(self) -> int:
        return len(self._open)

    def _up_to(self, tag: int) -> list[int]:
        tags = []
        for each in self._open:  # in order: tags only grow
            if each > tag:
                break
            tags.append(each)
        return tags

    def _outcome(self, tag: int, *, refused: bool) -> Outcome:
        if tag in self._returned:
            self._returned.discard(tag)
            return Outcome.UNROUTABLE
        return Outcome.REJECTED if refused else Outcome.CONFIRMED
