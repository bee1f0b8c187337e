"""Ed25519 keys in files and in text: read strictly, and never shown.

A private key lies in a PEM file (PKCS #8) that only its owner may read. A public one is 32 bytes in base64, or a PEM
file. Each is called by its key id, the beginning of its digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO, NewType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from twinpool.errors import InvalidConfiguration
from twinpool.vocabulary.security import is_base64_key

KeyId = NewType("KeyId", str)  #: 16 hexadecimal digits

LARGEST_FILE = 64 * 1024  #: bytes; no key is nearly as large

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ALL_BUT_GROUP_READING = _OTHERS & ~stat.S_IRGRP


class ReadableByOthers(InvalidConfiguration):
    """A file that holds a secret can be read by others."""

    hint = "Let its owner alone read it: chmod 600. If others may have read it, make a new key: twinpool keys rotate."


def key_id_of(key: Ed25519PublicKey) -> KeyId:
    """Return the name of a public key: the same everywhere, and nothing that could be chosen."""
    return KeyId(hashlib.blake2b(key.public_bytes_raw(), digest_size=8).hexdigest())


def public_key_text(key: Ed25519PublicKey) -> str:
    """Return a public key as it stands in a deployment file."""
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")


def public_key_of(text: str) -> Ed25519PublicKey:
    """Read a public key from base64. Raises `InvalidConfiguration`."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise InvalidConfiguration("a verify key must be 32 bytes in base64, or the path of a PEM file") from error


def new_private_key() -> Ed25519PrivateKey:
    """Make a key that nobody else has."""
    return Ed25519PrivateKey.generate()


def private_key_text(key: Ed25519PrivateKey) -> str:
    """Return a private key as a PEM file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_public_keys(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """Read public keys: one from a PEM file, or any number in base64, each on a line. Raises `InvalidConfiguration`.

    Empty lines count for nothing, nor does what stands behind a `#`.
    """
    with _opened(path) as file:
        held = file.read(LARGEST_FILE)
    if held.startswith(b"-----BEGIN"):
        return (_pem_public_key(path, held),)
    lines = [line.partition("#")[0].strip() for line in held.decode("ascii", "replace").splitlines()]
    texts = [line for line in lines if line]
    if not texts or not all(map(is_base64_key, texts)):
        raise InvalidConfiguration(f"{path} holds no public key")
    return tuple(map(public_key_of, texts))


def _pem_public_key(path: Path, held: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(held)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidConfiguration(f"{path} holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidConfiguration(f"{path} holds a public key of another kind than Ed25519")
    return key


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key. Raises `InvalidConfiguration`, and `ReadableByOthers`."""
    with _opened(path) as file:
        require_private(path, os.fstat(file.fileno()))
        held = file.read(LARGEST_FILE)
    try:
        key = load_pem_private_key(held, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # What the library says is left out: it is about the bytes of a secret.
        raise InvalidConfiguration(f"{path} holds no private key in PEM without a passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidConfiguration(f"{path} holds a private key of another kind than Ed25519")
    return key


def require_private(path: Path, status: os.stat_result) -> None:
    """Make sure that others cannot read a file; root may lend one to a group. Raises `ReadableByOthers`."""
    forbidden = _ALL_BUT_GROUP_READING if status.st_uid == 0 else _OTHERS
    if status.st_mode & forbidden:
        raise ReadableByOthers(f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: others can read it")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidConfiguration(f"cannot read the key {path}: {error.strerror}") from error
