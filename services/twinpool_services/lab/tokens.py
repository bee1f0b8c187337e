"""The tokens of a lab: an administrator's, which the commands find by themselves, and a data client's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twinpool.security.principals import Principal, write_principals, write_secret
from twinpool.security.roles import DATA_CLIENTS, SERVER_ADMINISTRATORS
from twinpool.security.tokens import digest_of, new_token
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import PRINCIPALS_FILE, TOKEN_FILE, Security

CLIENT_TOKEN = "client.token"  # noqa: S105 - the name of a file


def make_tokens(directory: Path, security: Security, pools: Iterable[PoolFqdn]) -> None:
    """Write both tokens and whom they stand for. Raises `InvalidConfiguration`."""
    administrator, client = new_token(), new_token()
    write_secret(security.token_file, administrator + "\n")
    write_secret(directory / CLIENT_TOKEN, client + "\n")
    principals = (
        Principal(name="administrator", groups=(SERVER_ADMINISTRATORS,), token_sha256=digest_of(administrator)),
        Principal(name="client", groups=(DATA_CLIENTS,), homes=tuple(pools), token_sha256=digest_of(client)),
    )
    write_principals(security.principals, principals)


def erase_tokens(directory: Path) -> None:
    """Delete what `make_tokens` has written into the directory of a lab."""
    for name in (TOKEN_FILE, CLIENT_TOKEN, PRINCIPALS_FILE, f".{PRINCIPALS_FILE}.lock"):
        (directory / name).unlink(missing_ok=True)
