"""Higher terms that somebody has spoken of, remembered from one tenure to the next until they are settled."""

from __future__ import annotations

import threading

from twinpool.vocabulary.names import Home, Term


class Rumours:
    """May be told on any thread."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self._guard = threading.Lock()
        self._heard: dict[Home, Term] = {}

    def note(self, home: Home, term: Term) -> None:
        """Remember that a home is said to be in this term."""
        with self._guard:
            self._heard[home] = max(term, self._heard.get(home, Term(0)))

    def of(self, home: Home) -> Term:
        """Return the highest term that was heard of, 0 if none was."""
        with self._guard:
            return self._heard.get(home, Term(0))
