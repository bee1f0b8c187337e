"""Servers for tests: given by the environment, else started privately, else the tests are skipped.

With CI=true nothing is skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

GIVEN = "TWINPOOL_TEST_POSTGRESQL"  #: URL of a server on which databases may be created

#: A server for tests: nothing has to survive a crash, and nothing listens but a socket in our own directory.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200"


class PostgresqlServer:
    """A server on which each test gets a database of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return _with(self._url, database)

    def create(self, *, template: str | None = None) -> str:
        """Create a database, as a copy of a template if given, and return its name."""
        name = f"twinpool_test_{token_hex(6)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)


def _with(url: str, database: str) -> str:
    """Put the name of a database into a URL."""
    front, _, options = url.partition("?")
    scheme, _, rest = front.partition("://")
    authority = rest.partition("/")[0]
    return f"{scheme}://{authority}/{database}" + (f"?{options}" if options else "")


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Provide a server, or skip."""
    if given := os.environ.get(GIVEN):
        yield PostgresqlServer(given)
        return
    programs = _programs()
    if programs is None:
        skip(f"no PostgreSQL: set {GIVEN}, or install its server programs")
    with _private_server(programs) as server:
        yield server


def skip(reason: str) -> NoReturn:
    """Skip for want of a server, unless nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _programs() -> Path | None:
    """Return the directory of initdb and pg_ctl, of the newest version that is installed."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), key=lambda path: float(path.parent.name), default=None)


@contextmanager
def _private_server(programs: Path) -> Iterator[PostgresqlServer]:
    user = _ordinary_user()
    with tempfile.TemporaryDirectory(prefix="twinpool-pg-") as name:
        root, data = Path(name), Path(name) / "data"
        shutil.chown(root, user)
        _as(user, programs / "initdb", "-D", data, "-U", "twinpool", "-A", "trust", "-E", "UTF8", "--no-sync")
        control = (programs / "pg_ctl", "-D", data, "-w", "-s")
        _as(user, *control, "-l", root / "log", "-o", f"{_OPTIONS} -c unix_socket_directories={root}", "start")
        try:
            yield PostgresqlServer(f"postgresql:///postgres?host={root}&user=twinpool")
        finally:
            _as(user, *control, "-m", "immediate", "stop")


def _ordinary_user() -> str:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _as(user: str, *command: str | Path) -> None:
    switch = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    done = subprocess.run(
        [*(switch if os.geteuid() == 0 else []), *map(str, command)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
