"""How pools, front ends, stores and brokers are named and reached.

Each function returns the one form in which we keep the name, or raises `ValueError` with what is expected. No message
repeats what was given, for a URL may hold a password.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from twinpool.vocabulary.names import FrontEndName, PoolFqdn

#: A queue is named `to.<pool>.<module>`, and RabbitMQ takes names of 255 bytes; this leaves 100 for the module.
LONGEST_FQDN = 150
LONGEST_FRONT_END_NAME = 100
RESERVED_NAMES = frozenset({"ca", "broker", "operator"})  #: whose certificates lie beside those of front ends

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_FQDN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LISTEN = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<host>[a-z0-9][a-z0-9.-]*)):(?P<port>\d{1,5})", re.ASCII)


def parse_fqdn(text: str) -> PoolFqdn:
    """Read a pool's name; it is kept in lower case."""
    name = text.lower()
    if len(name) > LONGEST_FQDN or not _FQDN.fullmatch(name):
        raise ValueError(
            f"must be a fully qualified domain name of at most {LONGEST_FQDN} characters, for example pool1.lab"
        )
    return PoolFqdn(name)


def parse_front_end_name(text: str) -> FrontEndName:
    """Read a front end's name; it is kept in lower case."""
    name = text.lower()
    if len(name) > LONGEST_FRONT_END_NAME or not _NAME.fullmatch(name):
        raise ValueError("must be a host name of letters, digits, hyphens and dots, for example fe1.pool1.lab")
    if name in RESERVED_NAMES:
        raise ValueError(f"must not be {', '.join(sorted(RESERVED_NAMES))}: files of certificates have these names")
    return FrontEndName(name)


def parse_listen(text: str) -> tuple[str, int]:
    """Read `host:port` or `[IPv6]:port`."""
    match = _LISTEN.fullmatch(text.lower())
    port = int(match["port"]) if match else 0
    if match is None or not 0 < port < 65536:
        raise ValueError("must be HOST:PORT with a port from 1 to 65535, for example 127.0.0.1:8101")
    return match["six"] or match["host"], port


def parse_http_url(text: str) -> str:
    """Read the address of a front end: scheme, host and perhaps a port, nothing else."""
    expected = "must be an address like http://127.0.0.1:8101, without user, path or query"
    parts = _split(text, {"http", "https"}, expected)
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(expected)
    return f"{parts.scheme}://{parts.netloc}"


def parse_broker_url(text: str) -> str:
    """Read the URL of a RabbitMQ; of a cluster, with the hosts of its nodes parted by commas."""
    expected = "must be an AMQP address like amqp://user:password@host:5672/vhost"
    for url in broker_addresses(text):
        parts = _split(url, {"amqp", "amqps"}, expected)
        if not parts.hostname or parts.fragment or parts.path.count("/") > 1:
            raise ValueError(expected)
    return text


def broker_addresses(url: str) -> tuple[str, ...]:
    """Return the URL of each node that a broker URL names.

    >>> broker_addresses("amqp://ada:secret@one:5672,two:5673/lab")
    ('amqp://ada:secret@one:5672/lab', 'amqp://ada:secret@two:5673/lab')
    """
    scheme, mark, rest = url.partition("://")
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    credentials, at, hosts = rest[:end].rpartition("@")
    return tuple(f"{scheme}{mark}{credentials}{at}{host}{rest[end:]}" for host in hosts.split(","))


def parse_store_url(text: str) -> str:
    """Read the URL of a pool store; an SQLite file may still be relative."""
    expected = "must be sqlite:///FILE or postgresql://user:password@host:5432/database"
    parts = _split(text, {"sqlite", "postgresql"}, expected)
    is_complete = (
        not parts.netloc and len(parts.path) > 1 and not parts.query and not text.endswith("/")
        if parts.scheme == "sqlite"
        else parts.path.count("/") == 1 and len(parts.path) > 1
    )
    if not is_complete or parts.fragment:
        raise ValueError(expected)
    return text


def without_password(url: str) -> str:
    """Return a URL that may be shown: its password, if it has one, is replaced by three asterisks."""
    parts = urlsplit(url)
    credentials, at, place = parts.netloc.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}:***{at}{place}")) if colon else url


def without_credentials(url: str) -> str:
    """Return a URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def with_credentials(url: str, user: str, password: str) -> str:
    """Return a URL with this user and password in place of whatever it has."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"))


def _split(text: str, schemes: set[str], expected: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        # The message of urllib repeats a part of the URL, which may be the password.
        raise ValueError(expected) from None
    if parts.scheme not in schemes or not text.startswith(f"{parts.scheme}://") or not port_is_sound:
        raise ValueError(expected)
    if not text.isprintable() or " " in text:
        raise ValueError(expected)
    return parts
