"""Principals for tests, and the headers that show who they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twinpool.security.credentials import bearer
from twinpool.security.principals import Principal, changing, write_secret
from twinpool.security.roles import SERVER_ADMINISTRATORS
from twinpool.security.tokens import digest_of, new_token
from twinpool.vocabulary.security import PRINCIPALS_FILE, TOKEN_FILE, Security

Headers = dict[str, str]


def security_in(folder: Path) -> Security:
    """Know the files of a folder; with an administrator whose token lies there, made at the first call."""
    security = Security(principals=folder / PRINCIPALS_FILE, token_file=folder / TOKEN_FILE)
    if not security.token_file.exists():
        token = new_token()
        write_secret(security.token_file, token)
        add_principal(security, "administrator", [SERVER_ADMINISTRATORS], token=token)
    return security


def add_principal(
    security: Security, name: str, groups: Sequence[str], *, homes: Sequence[str] = (), token: str = ""
) -> Headers:
    """Add a principal and return what shows that a request is its."""
    token = token or new_token()
    with changing(security.principals) as principals:
        principals.append(Principal(name=name, groups=tuple(groups), homes=tuple(homes), token_sha256=digest_of(token)))
    return bearer(token)
