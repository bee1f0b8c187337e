"""The token that a client on this machine shows: what the caller named, the environment's, or the deployment's own.

In this order: `--token-file FILE`; `TWINPOOL_TOKEN`; the file that `TWINPOOL_TOKEN_FILE` names; `twinpool.token`
beside the deployment file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from twinpool.errors import InvalidConfiguration
from twinpool.vocabulary.deployment import Deployment

TOKEN_VARIABLE = "TWINPOOL_TOKEN"  # noqa: S105 - the name of a variable
FILE_VARIABLE = "TWINPOOL_TOKEN_FILE"
LONGEST_TOKEN = 16 * 1024

_named: ContextVar[Path | None] = ContextVar("the token file that the command line named", default=None)


@contextmanager
def token_file(path: Path | None) -> Iterator[None]:
    """Take the token from a file, and from nowhere else, while the block runs; None changes nothing."""
    before = _named.set(path if path is not None else _named.get())
    try:
        yield
    finally:
        _named.reset(before)


def authorization(deployment: Deployment, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the header that shows who we are; none without a token. Raises `InvalidConfiguration`."""
    token = find_token(deployment, environment)
    return {} if token is None else bearer(token)


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def find_token(deployment: Deployment, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token of this command, None if there is none or none is asked for."""
    if not deployment.security.required:
        return None
    if (named := _named.get()) is not None:
        return read_token_file(named)
    if token := environment.get(TOKEN_VARIABLE):
        return _checked(token.strip(), f"environment variable {TOKEN_VARIABLE}")
    if path := environment.get(FILE_VARIABLE):
        return read_token_file(Path(path))
    usual = deployment.security.token_file
    return read_token_file(usual) if usual.exists() else None


def read_token_file(path: Path) -> str:
    """Read a token. Raises `InvalidConfiguration` if others may read the file, or it holds none."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise _InsecureFile(f"the token file {path} can be read by others")
            text = file.read(LONGEST_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise InvalidConfiguration(f"cannot read the token file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"the token file {path} holds no token") from error
    return _checked(text, f"the token file {path}")


class _InsecureFile(InvalidConfiguration):
    hint = "Its owner alone may read it: chmod 600, and have a new token made if others may have read this one."


def _checked(token: str, where: str) -> str:
    """Take what can stand in a header; what is wrong is never shown, for it may be a secret all the same."""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidConfiguration(f"{where} holds no token")
    return token
