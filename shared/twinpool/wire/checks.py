"""Checks of single fields; each raises `MalformedMessage` that names the field."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from twinpool.errors import MalformedMessage

MAX_INTEGER = 2**63 - 1  #: positions, terms and counts are signed 64-bit numbers in the stores

_POOL_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?")
_MODULE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,125}[A-Za-z0-9])?")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def malformed(field: str, what: str) -> MalformedMessage:
    """Return the error for a field, to be raised."""
    return MalformedMessage(f"{field} {what}", field=field)


def integer(value: object, field: str, *, at_least: int = 0) -> int:
    """Take a whole number of at most 63 bits; a boolean is none."""
    if type(value) is not int:
        raise malformed(field, f"is of type {type(value).__name__} instead of int")
    if not at_least <= value <= MAX_INTEGER:
        raise malformed(field, f"is out of range: {value}")
    return value


def text(value: object, field: str) -> str:
    """Take a string."""
    if type(value) is not str:
        raise malformed(field, f"is of type {type(value).__name__} instead of str")
    return value


def raw(value: object, field: str, *sizes: int) -> bytes:
    """Take bytes, of one of the given sizes if any are given."""
    if type(value) is not bytes:
        raise malformed(field, f"is of type {type(value).__name__} instead of bytes")
    if sizes and len(value) not in sizes:
        raise malformed(field, f"has {len(value)} bytes")
    return value


def truth(value: object, field: str) -> bool:
    """Take a boolean."""
    if type(value) is not bool:
        raise malformed(field, f"is of type {type(value).__name__} instead of bool")
    return value


def instant(value: object, field: str) -> float:
    """Take a point in time: seconds since 1970."""
    if type(value) is not float or not math.isfinite(value) or value < 0:
        raise malformed(field, f"is no point in time: {value!r:.40}")
    return value


def items(value: object, field: str, count: int) -> Sequence[object]:
    """Take an array of exactly so many items."""
    if type(value) is not list or len(value) != count:
        raise malformed(field, f"is no array of {count}")
    return value


def pool_name(value: object, field: str) -> str:
    """Take the name of a pool or home."""
    if not _POOL_NAME.fullmatch(name := text(value, field)):
        raise malformed(field, "is no name of a pool")
    return name


def module_name(value: object, field: str) -> str:
    """Take the name of a module."""
    if not _MODULE_NAME.fullmatch(name := text(value, field)):
        raise malformed(field, "is no name of a module")
    return name


def hex_digest(value: object, field: str) -> str:
    """Take a BLAKE2b-256 digest in hexadecimal digits."""
    if not _HEX_DIGEST.fullmatch(digest := text(value, field)):
        raise malformed(field, "is no digest of 64 hexadecimal digits")
    return digest
