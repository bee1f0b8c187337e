"""Bearer tokens of principals: random, shown once, and kept as a digest alone."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "tp_"  #: so that a token is known for one wherever it turns up
RANDOM_BYTES = 32


def new_token() -> str:
    """Make a token that nobody can guess; a plain digest is enough to keep it, for there is nothing to try out."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest_of(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
