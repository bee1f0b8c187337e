"""What a lab remembers of itself in its directory, so that any later command finds what an earlier one started."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from twinpool.brokers.process_mark import ProcessMark
from twinpool.errors import TwinpoolError
from twinpool_services.lab.plan import LabPlan

NOTE = "lab.json"
LOCK = "lab.lock"


class LabFailed(TwinpoolError):
    """A lab could not be brought to where it was wanted."""

    hint = "The logs of its processes lie in the directory of the lab, under log/."


@dataclass(frozen=True, slots=True, kw_only=True)
class LabNote:
    """The plan, and the processes of the front ends by name."""

    plan: LabPlan
    processes: Mapping[str, ProcessMark] = field(default_factory=dict)


def read_note(directory: Path) -> LabNote | None:
    """Read the note of a lab, None if there is none. Raises `LabFailed` if it is damaged."""
    path = directory / NOTE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        marks = {name: ProcessMark(**mark) for name, mark in document["processes"].items()}
        return LabNote(plan=LabPlan.of_plain(document["plan"]), processes=marks)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LabFailed(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabFailed(f"{path} is damaged: {error}") from error


def write_note(directory: Path, note: LabNote) -> None:
    """Write the note, whole or not at all. Raises `LabFailed`."""
    processes = {name: asdict(mark) for name, mark in note.processes.items()}
    text = json.dumps({"plan": note.plan.to_plain(), "processes": processes}, indent=2)
    write_privately(directory / NOTE, text)


def write_privately(path: Path, text: str) -> None:
    """Write a file that may hold passwords, whole or not at all. Raises `LabFailed`."""
    fresh = path.with_suffix(".new")
    try:
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise LabFailed(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other commands off a lab while it is changed. Raises `LabFailed` if one is at it already."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError as error:
        raise LabFailed(f"another command is changing the lab in {directory} at this moment") from error
    except OSError as error:
        raise LabFailed(f"cannot use {directory} for a lab: {error.strerror or error}") from error
