"""Verifies what the partner keeps of one stream that we serve, while both sides go on writing.

Piece by piece: the partner reads one in one moment and says at which position it stands; then we read it, with what we
have logged behind that position, and compare what neither log nor time explains (`verification.comparing`). A piece
about which nothing can be said now is tried again; it is never judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from twinpool.errors import Refused
from twinpool.verification.comparing import Ask, Comparing, Difference, Found
from twinpool.verification.digests import KeyRange
from twinpool.verification.document import Findings, ModuleVerification, Progress, What
from twinpool.verification.messages import PartsRead, PartsWanted, PieceRead, PieceWanted
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.home import fork
from twinpool.vocabulary.names import ORIGIN, Term
from twinpool.vocabulary.session import Cursor
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.verification.questions import NotNow, Questions

PIECE = 20_000  #: records that the partner reads in one moment
ROOM = 2  #: times as many are read here where we have more
#: How long others are left alone before the next piece, in times of what the last one took: while the partner has
#: everything nobody is held up, and else comparing must not cost replication more than a tenth of its speed.
REST, REST_BESIDE_WRITERS = 0.25, 1.0
PATIENCE = 60.0  #: seconds for which a piece is tried before it is given up
PAUSE = 0.2  #: seconds between two tries
SLICE = 1000  #: records that are sent again by one change set
MOST_RESENT = 100_000  #: records of a stream that are sent again one by one

_WHAT = {Difference.MISSING: What.MISSING, Difference.EXTRA: What.EXTRA, Difference.DIFFERENT: What.DIFFERENT}

T = TypeVar("T")
Tell = Callable[[ModuleVerification], None]


class StreamVerification:
    """One stream. `run` returns what came of it; it tells how far it is."""

    def __init__(self, premises: Premises, tenure: Tenure, questions: Questions, tell: Tell) -> None:
        """Verify the stream that the questions are about."""
        self._premises, self._tenure, self._questions, self._tell = premises, tenure, questions, tell
        self._store, self._stream = premises.store, questions.stream
        self._findings = Findings()
        self._keys: list[RecordKey] = []  # that differ, as far as they may be sent again
        self._pieces: list[KeyRange] = []  # in which something differs
        self._is_written = False  # there was something that the partner had not yet when it read
        self._floor = ORIGIN  # the partner has to have come so far, or what it says is too old

    def run(self, state: ModuleVerification, *, resync: bool) -> ModuleVerification:
        """Compare everything, and send again what differs if so asked.

        Raises `NotNow` and `PartnerSilent` when that is impossible, `PartnerServes`, and `StoreUnavailable`.
        """
        begun = time.monotonic()
        state = replace(state, progress=Progress.RUNNING, records=self._store.record_count(self._stream))
        state = self._compare_all(state)
        state = replace(state, remaining=state.differing)
        if resync and self._keys:
            state = self._repair(state)
        return replace(
            state,
            exchanged_bytes=self._questions.exchanged_bytes,
            seconds=round(time.monotonic() - begun, 3),
        )

    def wait_for_resent(self) -> None:
        """Wait until the partner has imported what we have sent again. Raises `NotNow`."""
        nothing = KeyRange(RecordKey("", ""), RecordKey("", ""))
        self.in_patience(lambda: self._read_there(nothing))

    # ── comparing ───────────────────────────────────────────────────────────────────────────────────────────

    def _compare_all(self, state: ModuleVerification) -> ModuleVerification:
        after: RecordKey | None = None
        while True:
            begun = time.monotonic()
            within, compared, found = self._compare(KeyRange(after, None))
            self._note(within, found)
            state = self._progress(state, compared)
            if within.upto is None:
                return state
            after = within.upto
            self._tenure.wait((time.monotonic() - begun) * (REST_BESIDE_WRITERS if self._is_written else REST))

    def _compare(self, piece: KeyRange) -> tuple[KeyRange, int, list[Found]]:
        """Compare a piece; return as far as it went, how many of our records were compared, and what differs."""
        return self.in_patience(lambda: self._try(piece))

    def _try(self, piece: KeyRange) -> tuple[KeyRange, int, list[Found]]:
        theirs, cursor = self._read_there(piece)
        within = KeyRange(piece.after, theirs.upto)
        self._is_written = self._store.head(self._stream) != cursor.position
        ours = self._store.read_digests(
            self._stream, within, limit=ROOM * PIECE, behind=cursor.position, method=theirs.method
        )
        if cursor.position < ours.oldest:
            raise NotNow(f"{self._questions.partner} stands at {cursor.position}, where our log no longer reaches")
        if ours.touched is None:
            raise NotNow(f"{self._questions.partner} is too far behind: it stands at {cursor.position}")
        total = theirs.total if ours.whole else None
        if not ours.whole:
            within = KeyRange(piece.after, ours.records.keys[-1])
        comparing = Comparing(within, ours.records, ours.touched, total)
        while ask := comparing.ask:
            answer = self._ask_parts(theirs.piece, ask)
            if ask.each:
                comparing.records(answer.records)
            else:
                if len(answer.parts) != len(ask.boundaries) + 1:
                    raise NotNow(f"{self._questions.partner} has answered something else than was asked")
                comparing.parts(answer.parts)
        return within, len(ours.records.keys), list(comparing.found)

    def _read_there(self, piece: KeyRange) -> tuple[PieceRead, Cursor]:
        """Have the partner read a piece. Raises `NotNow` unless it stands where our log can tell what came after."""
        question = PieceWanted(
            verification=self._questions.identity,
            step=self._questions.next_step(),
            within=piece,
            limit=PIECE,
            methods=tuple(self._store.digest_methods()),
        )
        answer = self._questions.ask(question)
        if not isinstance(answer, PieceRead):
            raise NotNow("the answer is to another question")
        if answer.cursor is None:
            raise NotNow(f"{self._questions.partner} holds no state of {self._stream} yet")
        if not self._is_ours(answer.cursor):
            raise NotNow(f"{self._questions.partner} stands in term {answer.cursor.term}, beyond where that ended")
        if answer.cursor.position < self._floor:
            raise NotNow(f"{self._questions.partner} has not yet imported what was sent again")
        return answer, answer.cursor

    def _is_ours(self, cursor: Cursor) -> bool:
        """Tell whether a cursor stands in a past that we share: in our term, or before an older one ended."""
        term = next((home.term for home in self._store.homes() if home.home == self._stream.home), Term(0))
        if cursor.term == term:
            return True
        end = fork(self._store.history(self._stream.home), self._stream.module, above=cursor.term)
        return cursor.term < term and end is not None and cursor.position <= end

    def _ask_parts(self, piece: int, ask: Ask) -> PartsRead:
        question = PartsWanted(
            verification=self._questions.identity,
            step=self._questions.next_step(),
            piece=piece,
            within=ask.within,
            excluded=ask.excluded,
            boundaries=ask.boundaries,
            each=ask.each,
        )
        answer = self._questions.ask(question)
        if not isinstance(answer, PartsRead):
            raise NotNow("the answer is to another question")
        return answer

    def in_patience(self, attempt: Callable[[], T]) -> T:
        """Try again for a while what cannot be done now. Raises `NotNow`."""
        give_up_at = time.monotonic() + PATIENCE
        while True:
            try:
                return attempt()
            except NotNow:
                if time.monotonic() > give_up_at:
                    raise
            self._tenure.wait(PAUSE)

    # ── what was found ──────────────────────────────────────────────────────────────────────────────────────

    def _note(self, within: KeyRange, found: list[Found]) -> None:
        if not found:
            return
        self._pieces.append(within)
        for key, difference in found:
            self._findings.add(key.owner, key.key, _WHAT[difference])
        self._keys += [key for key, _ in found[: max(0, MOST_RESENT + 1 - len(self._keys))]]

    def _progress(self, state: ModuleVerification, compared: int) -> ModuleVerification:
        state = replace(
            state,
            compared=state.compared + compared,
            found=dict(self._findings.counts),
            differences=tuple(self._findings.named),
            exchanged_bytes=self._questions.exchanged_bytes,
        )
        self._tell(state)
        return state

    # ── repairing ───────────────────────────────────────────────────────────────────────────────────────────

    def _repair(self, state: ModuleVerification) -> ModuleVerification:
        """Send again what differs, and compare the pieces again in which something did."""
        if len(self._keys) > MOST_RESENT:
            return replace(state, reason=f"more than {MOST_RESENT} records differ: send everything by a full sync")
        try:
            size = self.resend(self._keys)
        except Refused as error:
            return replace(state, reason=f"not sent again: {error}")
        state = replace(state, resent=len(self._keys), resent_bytes=size)
        self._tell(state)
        remaining = 0
        for piece in self._pieces:
            after = piece.after
            while True:
                within, _, found = self._compare(KeyRange(after, piece.upto))
                remaining += len(found)
                if within.upto == piece.upto:
                    break
                after = within.upto
        return replace(state, remaining=remaining)

    def resend(self, keys: list[RecordKey]) -> int:
        """Log records as they are, for the partner; return how many bytes of keys and values that is.

        From now on an answer counts only if the partner has imported them. Raises `HomeReadOnly`, `HomeNotServed`.
        """
        size = 0
        for start in range(0, len(keys), SLICE):
            some = keys[start : start + SLICE]
            position = self._store.touch(self._stream, some)
            self._floor = max(self._floor, position)
            size += sum(len(f"{owner}{key}".encode()) for owner, key in some)
            size += sum(len(self._store.read(self._stream, key) or b"") for key in some)
        return size
