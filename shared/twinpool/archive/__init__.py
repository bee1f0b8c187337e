"""User data as a portable archive: a zip file whose form docs/reference/user-data-archive.md describes."""

from twinpool.archive.reading import Archive, open_archive
from twinpool.archive.writing import ArchiveWriter, Part

__all__ = ["Archive", "ArchiveWriter", "Part", "open_archive"]
