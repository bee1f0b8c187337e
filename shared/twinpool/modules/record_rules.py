"""Rules about single fields of a record that several modules share; each raises `InvalidRecord` with the field.

Plug-ins are welcome to them. What they refuse could not be stored everywhere: PostgreSQL takes no NUL in a text and
no index entry above 2,700 bytes.
"""

from __future__ import annotations

import re

from twinpool.errors import InvalidRecord

MAX_OWNER_CHARACTERS = 256
MAX_KEY_CHARACTERS = 512
MAX_VALUE_BYTES = 1024 * 1024

#: Control characters, and halves of surrogate pairs, which cannot be written in UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_owner(owner: str) -> None:
    """Take an owner: 1 to 256 characters of at most 512 bytes, no control characters."""
    _check_name(owner, "owner", MAX_OWNER_CHARACTERS)


def check_key(key: str) -> None:
    """Take a key: 1 to 512 characters of at most 1,024 bytes, no control characters."""
    _check_name(key, "key", MAX_KEY_CHARACTERS)


def check_size(value: bytes | None) -> None:
    """Take a value of up to 1 MiB."""
    if value is not None and len(value) > MAX_VALUE_BYTES:
        raise InvalidRecord(f"value has {len(value)} bytes, {MAX_VALUE_BYTES} are allowed", field="value")


def _check_name(name: str, field: str, characters: int) -> None:
    if not name:
        raise InvalidRecord(f"{field} is empty", field=field)
    if len(name) > characters:
        raise InvalidRecord(f"{field} has {len(name)} characters, {characters} are allowed", field=field)
    if _UNPRINTABLE.search(name):
        raise InvalidRecord(f"{field} has a control character in it", field=field)
    if not name.isascii() and len(name.encode()) > 2 * characters:
        raise InvalidRecord(f"{field} takes more than {2 * characters} bytes in UTF-8", field=field)
