"""What the demo has seen, and the verdict on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from twinpool_services.lab.demo.comparing import Found
from twinpool_services.lab.demo.loading import Loaded
from twinpool_services.lab.demo.takeover import TakeOver
from twinpool_services.lab.watching import Document


@dataclass(slots=True, kw_only=True)
class Report:
    """Filled in step by step."""

    directory: str
    kept: bool
    changes_at_first: int = 0
    files: int = 0
    file_bytes: int = 0
    files_skipped: int = 0  #: of a directory that was given: unreadable, or of names that no record can have
    steady: Loaded = field(default_factory=Loaded)
    take_over: TakeOver | None = None
    final_after: float = 0.0  #: seconds from the end of the load until both pools reported FinalState
    statuses: dict[str, Document] = field(default_factory=dict)  #: of both pools, at the end
    found: Found = field(default_factory=Found)
    answered_writes: int = 0
    failure: str = ""  #: what kept the demo from coming to a verdict
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether it came to its end and nothing is missing or different."""
        return not self.failure and self.take_over is not None and self.found.equal > 0 and self.found.is_clean

    def document(self) -> dict[str, Any]:
        """Say it all, as one JSON object."""
        found = asdict(self.found)
        return {
            "verdict": "passed" if self.is_good else "failed",
            "failure": self.failure or None,
            "seconds": round(self.seconds, 3),
            "directory": self.directory,
            "kept": self.kept,
            "load": {
                "changes_at_first": self.changes_at_first,
                "changes_during_take_over": self.steady.changes,
                "files": self.files,
                "file_bytes": self.file_bytes,
                "files_skipped": self.files_skipped,
                "requests_sent_again": self.steady.again,
                "slowest_write_seconds": round(self.steady.longest, 3),
            },
            "take_over": None if self.take_over is None else asdict(self.take_over),
            "final_after_seconds": round(self.final_after, 3),
            "status": self.statuses,
            "comparison": {
                "records_equal": found["equal"],
                "records_missing": found["missing"],
                "records_different": found["different"],
                "records_by_stream": found["by_stream"],
                "files_equal": found["files"],
                "files_missing_or_damaged": found["files_missing"],
                "contents_equal": found["contents"],
                "content_bytes": found["content_bytes"],
                "examples": found["examples"],
            },
            "answered": {
                "writes": self.answered_writes,
                "records": self.found.answered,
                "lost": self.found.answers_lost,
            },
        }

    def lines(self) -> list[str]:
        """Say the verdict to people."""
        found = self.found
        read = f"({found.contents:,} contents, {megabytes(found.content_bytes)}, read from both disks)"
        lost = f"{found.answers_lost:>5,} lost (recovery point: {found.answers_lost} writes)"
        lines = [
            f"  records   {found.equal:>9,} equal   {found.missing:>5,} missing   {found.different:>5,} different",
            f"  files     {found.files:>9,} equal   {found.files_missing:>5,} missing or damaged   {read}",
            f"  answered  {self.answered_writes:>9,} writes of {found.answered:,} records   {lost}",
        ]
        return [*lines, *(f"  ! {example}" for example in found.examples)]


def megabytes(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1_000_000:,.1f} MB"
