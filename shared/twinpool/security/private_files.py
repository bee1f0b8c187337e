"""Files written whole or not at all, and secrets never readable by others, not even for a moment."""

from __future__ import annotations

from pathlib import Path

from twinpool.errors import InvalidConfiguration


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read. Raises `InvalidConfiguration`."""
    _write(path, text, 0o600)


def write_public(path: Path, text: str) -> None:
    """Write a file that everybody may read. Raises `InvalidConfiguration`."""
    _write(path, text, 0o644)


def _write(path: Path, text: str, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(text, encoding="ascii")
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError as error:
        raise InvalidConfiguration(f"cannot write {path}: {error.strerror}") from error
