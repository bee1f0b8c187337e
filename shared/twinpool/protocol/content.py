"""How the content of files travels: the importer asks for what it lacks, piece by piece.

Content is addressed by its digest, so asking twice, answering twice or answering late does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.vocabulary.names import Digest

PART_BYTES = 1024 * 1024  #: how much of a file travels in one message
MAX_WANTED_BYTES = 8 * PART_BYTES  #: how much may be asked for at once, which bounds what is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentWanted:
    """Importer: please send this much of a file from here on, in parts of `PART_BYTES`."""

    digest: Digest
    offset: int  #: bytes; a multiple of `PART_BYTES`
    length: int  #: bytes; at least 1 and at most `MAX_WANTED_BYTES`


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPart:
    """Exporter: a part of a file."""

    digest: Digest
    offset: int
    total: int  #: size of the whole file in bytes
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentAbsent:
    """Exporter: this file is not here (any more), or cannot be read."""

    digest: Digest
    reason: str


ContentMessage = ContentWanted | ContentPart | ContentAbsent
