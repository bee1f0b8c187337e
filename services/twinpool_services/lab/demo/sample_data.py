"""The data of the demo: made up, the same at each run, as users of a pool would have it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twinpool.errors import InvalidRecord
from twinpool.modules.data_conf import check_file_name
from twinpool.modules.record_rules import check_owner
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import PoolFqdn

CONTACTS = 8  #: of each user
PRESENCES = ("online", "busy", "away", "do-not-disturb", "offline")
MADE_UP_SIZES = (1_200, 48_000, 700_000)  #: bytes of the files that a conference has
USERS_PER_CONFERENCE = 100


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file to be uploaded: one on disk, or made-up content of a size."""

    conference: str
    name: str
    size: int
    path: Path | None = None  #: where it lies; None for made-up content
    version: int = 0  #: of made-up content

    def content(self) -> bytes:
        """Make the content up; the same for the same file."""
        seed = f"{self.conference}/{self.name}/{self.version}"
        return random.Random(seed).randbytes(self.size)  # noqa: S311 -- content, not a secret


def user(number: int) -> str:
    """Name a user."""
    return f"sip:user{number}@example.com"


def records_of_user(number: int, users: int) -> list[Change]:
    """Return what one user owns: contacts, settings, presence, schedules of conferences."""
    owner = user(number)
    changes = [
        _put(owner, f"contacts/{nth}", {"uri": user((number * 7 + nth * 13) % users), "group": f"team{nth % 3}"})
        for nth in range(CONTACTS)
    ]
    changes.append(_put(owner, "settings/privacy", {"mode": "contacts-only", "photo": number % 2 == 0}))
    changes.append(_put(owner, "settings/forwarding", {"to": f"tel:+1555{number:07d}", "after": 20}))
    changes.append(_put(owner, f"conferences/{number:06d}", {"title": "Weekly", "at": "09:30", "lobby": True}))
    changes.append(presence_of_user(number, 0))
    return changes


def presence_of_user(number: int, round_: int) -> Change:
    """Return a user's presence in a round of updates."""
    return _put(user(number), "presence", {"is": PRESENCES[(number + round_) % len(PRESENCES)], "round": round_})


def files_of_conferences(pool: PoolFqdn, users: int) -> list[SampleFile]:
    """Make up the files of the conferences of a pool."""
    conferences = max(1, users // USERS_PER_CONFERENCE)
    return [
        SampleFile(f"conf:{number:04d}@{pool}", name, size)
        for number in range(conferences)
        for name, size in zip(("agenda.txt", "slides/talk.pdf", "recording.bin"), MADE_UP_SIZES, strict=True)
    ]


def file_of_round(pool: PoolFqdn, round_: int) -> SampleFile:
    """Return the file that is uploaded in a round of updates."""
    return SampleFile(f"conf:whiteboard@{pool}", f"board{round_ % 5}.png", 90_000, version=round_)


def documents(users: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield CMS documents: kind, name, JSON."""
    yield "topology", "sites", json.dumps({"sites": ["north", "south"], "users": users}).encode()
    for name in ("Global", "Executives", "Contractors"):
        yield "policy", name, json.dumps({"name": name, "allowFederation": name == "Global"}).encode()


@dataclass(frozen=True, slots=True)
class RealFiles:
    """The files of a directory, and what of it cannot be taken."""

    files: tuple[SampleFile, ...]
    skipped: int  #: unreadable, or of a name that no record can have

    @property
    def total_bytes(self) -> int:
        """How large they are together."""
        return sum(file.size for file in self.files)


def real_files(directory: Path) -> RealFiles:
    """Find the ordinary files under a directory; each folder in it becomes a conference."""
    files, skipped = [], 0
    for parent, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_symlink() or not path.is_file():
                continue
            file = _real_file(directory, path)
            if file is None:
                skipped += 1
            else:
                files.append(file)
    return RealFiles(tuple(files), skipped)


def _real_file(directory: Path, path: Path) -> SampleFile | None:
    first, *rest = path.relative_to(directory).parts
    conference, name = (first, "/".join(rest)) if rest else ("files", first)
    try:
        check_owner(conference)
        check_file_name(name)
        with path.open("rb"):
            return SampleFile(conference, name, path.stat().st_size, path)
    except (InvalidRecord, OSError):  # Counted and told by the caller.
        return None


def _put(owner: str, key: str, value: object) -> Change:
    return Change(owner, key, json.dumps(value, separators=(",", ":")).encode())
