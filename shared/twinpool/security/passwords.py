"""Passwords in files that only their owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from twinpool.errors import InvalidConfiguration
from twinpool.security.key_files import require_private
from twinpool.vocabulary.addresses import with_credentials
from twinpool.vocabulary.deployment import Pool

LONGEST = 1_024  #: characters
RANDOM_BYTES = 24


def read_password(path: Path) -> str:
    """Read a password: the first line of a file. Raises `InvalidConfiguration`, `ReadableByOthers`."""
    try:
        with path.open("rb") as file:
            require_private(path, os.fstat(file.fileno()))
            text = file.read(LONGEST + 1).decode("utf-8")
    except OSError as error:
        raise InvalidConfiguration(f"cannot read the password file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"the password file {path} is not UTF-8") from error
    password = text.partition("\n")[0].rstrip("\r")
    if not password or len(text) > LONGEST:
        raise InvalidConfiguration(f"the password file {path} must hold one line of at most {LONGEST} characters")
    return password


def make_password(path: Path) -> str:
    """Make a password that nobody can guess, in a new file. Raises `InvalidConfiguration`."""
    password = secrets.token_urlsafe(RANDOM_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{password}\n")
    except OSError as error:
        raise InvalidConfiguration(f"cannot write the password file {path}: {error.strerror}") from error
    return password


def broker_url_of(pool: Pool) -> str:
    """Return the URL with which a pool's front ends log in to the broker. Raises `InvalidConfiguration`."""
    if pool.broker_password_file is None or pool.broker_user is None:
        return pool.broker_url
    return with_credentials(pool.broker_url, pool.broker_user, read_password(pool.broker_password_file))
