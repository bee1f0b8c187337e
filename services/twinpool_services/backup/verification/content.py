"""Verifies the files that the records of a stream name, on the disks of both sides.

Invariant: a record is sent again, so that the partner fetches its file, only if our own file is sound; else the
partner's import would wait for content that nobody can send.
"""

from __future__ import annotations

from dataclasses import replace

from twinpool.errors import ContentMissing, Refused
from twinpool.modules.module import Module
from twinpool.verification.digests import KeyRange
from twinpool.verification.document import Findings, ModuleVerification, What
from twinpool.verification.messages import ContentChecked, ContentCheckWanted
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Digest
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.verification.content_check import CheckedContent, check_content
from twinpool_services.backup.verification.questions import NotNow, PartnerSilent, Questions
from twinpool_services.backup.verification.stream import StreamVerification, Tell

Damaged = dict[Digest, list[RecordKey]]  #: which records name a file that is not sound

REST = 0.05  #: seconds between two pages


class ContentVerification:
    """The files of one stream, after its records were compared."""

    def __init__(
        self, premises: Premises, tenure: Tenure, questions: Questions, records: StreamVerification, tell: Tell
    ) -> None:
        """Verify the stream that the questions are about; `records` sends records again."""
        self._premises, self._tenure, self._questions = premises, tenure, questions
        self._records, self._tell = records, tell
        self._module: Module = premises.modules[questions.stream.module]
        self._failures: list[str] = []

    def run(self, state: ModuleVerification, *, resync: bool) -> ModuleVerification:
        """Read all files on both sides, page by page. Raises `PartnerSilent`, `PartnerServes`, `StoreUnavailable`."""
        findings = Findings()
        findings.counts.update(state.found or {})
        findings.named += state.differences
        after: RecordKey | None = None
        while True:
            theirs = self._check_there(KeyRange(after, None))
            within = KeyRange(after, theirs.upto)
            ours = self._check_here(within)
            state = replace(state, files=state.files + theirs.files)
            state = self._judge(state, within, findings, (ours, _by_digest(theirs)), resync=resync)
            self._tell(state)
            if theirs.upto is None:
                break
            after = theirs.upto
            self._tenure.wait(REST)
        reasons = "; ".join(filter(None, (state.reason, *dict.fromkeys(self._failures))))
        return replace(state, reason=reasons, exchanged_bytes=self._questions.exchanged_bytes)

    def _judge(
        self,
        state: ModuleVerification,
        within: KeyRange,
        findings: Findings,
        sides: tuple[Damaged, Damaged],
        *,
        resync: bool,
    ) -> ModuleVerification:
        """Count what is damaged in a page, and see to it."""
        ours, theirs = sides
        for damaged, what in ((ours, What.OWN_CONTENT), (theirs, What.CONTENT)):
            for keys in damaged.values():
                for key in keys:
                    findings.add(key.owner, key.key, what)
        count = _records_of(ours) + _records_of(theirs)
        if count and resync:
            fetched = self._fetch({digest: keys for digest, keys in ours.items() if digest not in theirs})
            resent, size = self._send_again(within, {each: keys for each, keys in theirs.items() if each not in ours})
            state = replace(
                state,
                fetched=state.fetched + fetched,
                resent=state.resent + resent,
                resent_bytes=state.resent_bytes + size,
            )
            count = _records_of(self._check_here(within)) + self._still_there(within)
        return replace(
            state,
            found=dict(findings.counts),
            differences=tuple(findings.named),
            remaining=state.remaining + count,
        )

    def _fetch(self, damaged: Damaged) -> int:
        """Replace our own damaged files by the partner's; return how many."""
        fetched = 0
        content = self._premises.content
        for digest in damaged:
            content.remove(digest)
            try:
                self._questions.fetch(content, [digest])
            except (ContentMissing, PartnerSilent) as error:
                self._failures.append(str(error))
            else:
                fetched += 1
        return fetched

    def _send_again(self, within: KeyRange, damaged: Damaged) -> tuple[int, int]:
        """Have the partner remove what is damaged, and fetch it again with records that are sent again."""
        if not damaged:
            return 0, 0
        self._check_there(within, remove=tuple(damaged))
        keys = sorted({key for named in damaged.values() for key in named})
        try:
            return len(keys), self._records.resend(keys)
        except Refused as error:
            self._failures.append(f"not sent again: {error}")
            return 0, 0

    def _still_there(self, within: KeyRange) -> int:
        """Count the damaged files that the partner has left, once it has imported what was sent again."""
        try:
            self._records.wait_for_resent()
        except NotNow as error:
            self._failures.append(str(error))
        return len(self._check_there(within).damaged)

    def _check_there(self, within: KeyRange, *, remove: tuple[Digest, ...] = ()) -> ContentChecked:
        def attempt() -> ContentChecked:
            question = ContentCheckWanted(
                verification=self._questions.identity,
                step=self._questions.next_step(),
                within=within,
                remove=remove,
            )
            answer = self._questions.ask(question)
            if not isinstance(answer, ContentChecked):
                raise NotNow("the answer is to another question")
            return answer

        return self._records.in_patience(attempt)

    def _check_here(self, within: KeyRange) -> Damaged:
        """Read our own files of a page, which may be more work than one check does."""
        premises, stream = self._premises, self._questions.stream
        damaged: Damaged = {}
        after = within.after
        while True:
            page = KeyRange(after, within.upto)
            checked = check_content(premises.store, premises.content, self._module, stream, page)
            for digest, keys in _by_digest(checked).items():
                damaged.setdefault(digest, []).extend(keys)
            if checked.upto is None:
                return damaged
            after = checked.upto


def _by_digest(checked: CheckedContent | ContentChecked) -> Damaged:
    damaged: Damaged = {}
    for key, digest in checked.damaged:
        damaged.setdefault(digest, []).append(key)
    return damaged


def _records_of(damaged: Damaged) -> int:
    return sum(map(len, damaged.values()))
