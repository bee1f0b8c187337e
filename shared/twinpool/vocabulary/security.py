"""How a deployment knows who speaks to its pools."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_BASE64_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


class Signatures(enum.StrEnum):
    """What a pool asks of the messages that it reads from the broker."""

    REQUIRED = "Required"  #: each is signed by its pool; a deployment in which a key is missing does not start
    WITH_KEYS = "WithKeys"  #: those of pools whose verify keys are known are signed; others are taken as they come
    OFF = "Off"  #: none is signed and none is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What the `[security]` table says."""

    signatures: Signatures = Signatures.WITH_KEYS


def is_base64_key(text: str) -> bool:
    """Say whether a text is a public Ed25519 key (32 bytes in base64) rather than the path of one."""
    return _BASE64_KEY.fullmatch(text) is not None
