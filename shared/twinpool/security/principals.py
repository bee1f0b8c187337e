"""Principals: who holds which token, and what for. Kept in a file beside the deployment file, tokens as digests."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from twinpool.errors import InvalidConfiguration, InvalidParameter, NotFound
from twinpool.security.roles import POOLS

EVERY_HOME = "*"
MOST_PRINCIPALS = 10_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_HEADING = "# Who may speak to the front ends. Written by `twinpool principals`; of tokens only digests are kept.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who holds a token."""

    name: str
    groups: tuple[str, ...]
    homes: tuple[str, ...] = ()  #: homes whose data it may touch, if its groups are not for all; `*` for every one
    token_sha256: str
    expires: datetime | None = None  #: with a time zone; None for never

    def has_expired(self, now: datetime) -> bool:
        """Say whether its time is over."""
        return self.expires is not None and now >= self.expires


def check_name(name: str) -> str:
    """Take the name of a principal. Raises `ValueError`."""
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 100 letters, digits, dots, hyphens, underscores or @, a letter or digit first")
    return name


def check_group(group: str) -> str:
    """Take the name of a group. Raises `ValueError`."""
    if not group.isprintable() or not 0 < len(group) <= 100 or "," in group:
        raise ValueError("must be 1 to 100 printable characters without commas")
    if group.casefold() == POOLS.casefold():
        raise ValueError(f"{POOLS} is for front ends alone, and no token can be of it")
    return group


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _PrincipalTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, AfterValidator(check_name)]
    groups: list[Annotated[str, AfterValidator(check_group)]] = Field(min_length=1, max_length=100)
    homes: list[Annotated[str, AfterValidator(str.lower)]] = Field(default_factory=list, max_length=1_000)
    token_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    expires: Annotated[datetime, AfterValidator(_with_zone)] | None = None


class _PrincipalsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    principal: list[_PrincipalTable] = Field(default_factory=list, max_length=MOST_PRINCIPALS)


def read_principals(path: Path) -> tuple[Principal, ...]:
    """Read the file; none if there is no such file. Raises `InvalidConfiguration`, also if anybody may write to it."""
    try:
        with path.open("rb") as file:
            if path.stat().st_mode & stat.S_IWOTH:
                raise InvalidConfiguration(f"{path} can be written by everybody; say: chmod o-w {path}")
            document = tomllib.load(file)
        tables = _PrincipalsFile.model_validate(document).principal
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InvalidConfiguration(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidConfiguration(f"{path}: {place}: {first['msg']}") from None  # The original shows what was given.
    return _distinct(path, [Principal(**{**table.__dict__, **_tuples(table)}) for table in tables])


def _tuples(table: _PrincipalTable) -> dict[str, tuple[str, ...]]:
    return {"groups": tuple(table.groups), "homes": tuple(table.homes)}


def _distinct(path: Path, principals: Sequence[Principal]) -> tuple[Principal, ...]:
    names = [principal.name.casefold() for principal in principals]
    if len(set(names)) < len(names):
        raise InvalidConfiguration(f"{path}: two principals have the same name")
    return tuple(principals)


def fingerprint_of(principals: Iterable[Principal]) -> str:
    """Return a digest by which two hosts find out whether they know the same principals, whatever the order.

    Nobody learns a token from it: it is made of digests of random tokens.
    """
    lines = sorted(_table(principal) for principal in principals)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_principals(path: Path, principals: Iterable[Principal]) -> None:
    """Write the file, whole or not at all, readable by its owner alone. Raises `InvalidConfiguration`."""
    write_secret(path, _HEADING + "".join(_table(principal) for principal in principals))


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises `InvalidConfiguration`."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise InvalidConfiguration(f"cannot write {path}: {error.strerror}") from error


def _table(principal: Principal) -> str:
    lines = [
        "\n[[principal]]",
        f"name = {_quoted(principal.name)}",
        f"groups = [{', '.join(map(_quoted, principal.groups))}]",
    ]
    if principal.homes:
        lines.append(f"homes = [{', '.join(map(_quoted, principal.homes))}]")
    if principal.expires is not None:
        lines.append(f"expires = {principal.expires.astimezone(UTC).isoformat(timespec='seconds')}")
    lines.append(f"token_sha256 = {_quoted(principal.token_sha256)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are a part of TOML's."""
    return json.dumps(text)


# ── changing the file ───────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def changing(path: Path) -> Iterator[list[Principal]]:
    """Hold the file while a block changes the list of its principals, and write them in the end.

    Raises `InvalidConfiguration`; nothing is written if the block raises.
    """
    try:
        lock = path.with_name(f".{path.name}.lock").open("w")
    except OSError as error:
        raise InvalidConfiguration(f"cannot write beside {path}: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        principals = list(read_principals(path))
        yield principals
        write_principals(path, principals)


def find_principal(principals: Sequence[Principal], name: str) -> int:
    """Return where a principal stands, by its name in any case. Raises `NotFound`."""
    for at, principal in enumerate(principals):
        if principal.name.casefold() == name.casefold():
            return at
    raise NotFound(f"there is no principal {name!r:.110}")


def add_principal(principals: list[Principal], principal: Principal) -> None:
    """Add one. Raises `InvalidParameter` if the name is taken or nothing would be granted."""
    if any(known.name.casefold() == principal.name.casefold() for known in principals):
        raise InvalidParameter(f"there is a principal {principal.name} already; see: twinpool principals rotate")
    principals.append(principal)


def with_new_token(principal: Principal, token_sha256: str, expires: datetime | None) -> Principal:
    """Return a principal whose former token is worth nothing any more."""
    return replace(principal, token_sha256=token_sha256, expires=expires)
