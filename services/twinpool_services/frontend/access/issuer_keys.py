"""The public keys of an OpenID Connect issuer: from a URL or a file, kept, and read again when a new one turns up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import jwt

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.security import OidcIssuer

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024  #: bytes of a set of keys
FRESH_FOR = 600.0  #: seconds
PAUSE = 10.0  #: seconds between two looks, whoever names keys that nobody knows
TIMEOUT = httpx.Timeout(5.0)


class KeysUnreadable(TwinpoolError):
    """The keys of the issuer cannot be had."""


class IssuerKeys:
    """Finds keys by their ids. Methods block; safe to use from many threads."""

    def __init__(self, issuer: OidcIssuer) -> None:
        """Read nothing yet: an issuer that is away must not keep a front end from starting."""
        self._issuer = issuer
        self._guard = threading.Lock()
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._read_at = float("-inf")

    def find(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return a key; the only one there is, if none is named. None if there is no such key."""
        with self._guard:
            age = time.monotonic() - self._read_at
            if age >= FRESH_FOR or (self._known(key_id) is None and age >= PAUSE):
                self._read_again()
            return self._known(key_id)

    def _known(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _read_again(self) -> None:
        self._read_at = time.monotonic()
        try:
            self._keys = _usable(self._fetch() if self._issuer.jwks_is_url else self._read_file())
        except KeysUnreadable as error:
            log.warning(
                "keys of %s not read, those known before still count: %s",
                self._issuer.issuer,
                error,
                extra={"event": "access.issuer_keys_unreadable", "reason": str(error)},
            )

    def _fetch(self) -> bytes:
        try:
            with httpx.Client(timeout=TIMEOUT) as client, client.stream("GET", self._issuer.jwks) as answer:
                answer.raise_for_status()
                read = bytearray()
                for piece in answer.iter_bytes():
                    read += piece
                    if len(read) > LARGEST:
                        raise KeysUnreadable(f"{self._issuer.jwks} is larger than {LARGEST} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise KeysUnreadable(f"{self._issuer.jwks}: {str(error) or type(error).__name__}") from error
        return bytes(read)

    def _read_file(self) -> bytes:
        try:
            with Path(self._issuer.jwks).open("rb") as file:
                return file.read(LARGEST)
        except OSError as error:
            raise KeysUnreadable(f"{self._issuer.jwks}: {error.strerror}") from error


def _usable(text: bytes) -> Mapping[str | None, jwt.PyJWK]:
    """Read the keys of a set that sign; a symmetric one is none, for then whoever checks could sign."""
    try:
        keys = jwt.PyJWKSet.from_json(text.decode("utf-8")).keys
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise KeysUnreadable(f"it is no set of keys: {error}") from error
    return {key.key_id: key for key in keys if key.key_type != "oct" and key.public_key_use in {None, "sig"}}
