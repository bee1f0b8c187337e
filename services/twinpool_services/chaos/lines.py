"""The lines from the pools of a lab of containers to its broker, and how they are told what to do with what passes.

One process serves all lines; it listens on a socket in its own container, and takes one command a connection: a line
of JSON, answered by the lines as they are then, or by an error.
"""

from __future__ import annotations

import json
import socket
import socketserver
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinpool.errors import InvalidConfiguration, InvalidParameter, TwinpoolError
from twinpool_services.chaos.tcp_proxy import Proxies, Rule

SOCKET = Path("/tmp/twinpool-lines.sock")  # noqa: S108 - of a container of its own
ANYWHERE = "0.0.0.0"  # noqa: S104 - of a network of containers
SECONDS = 10.0  #: until the process has to have answered
LINK = "broker"


class NoLines(TwinpoolError):
    """Nobody serves lines on this machine."""

    hint = "Lay compose/lines.yml over the lab, and say: docker compose exec lines twinpool chaos lines …"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """One line: from a pool to a node of the broker."""

    pool: str
    listen: int
    upstream: tuple[str, int]


def read_lines(path: Path) -> tuple[LinePlan, ...]:
    """Read the lines of a lab. Raises `InvalidConfiguration`."""
    try:
        found = []
        for one in json.loads(path.read_text(encoding="utf-8")):
            host, _, port = str(one["upstream"]).rpartition(":")
            found.append(LinePlan(pool=str(one["pool"]), listen=int(one["listen"]), upstream=(host, int(port))))
        return tuple(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidConfiguration(f"{path} does not say which lines there are: {error}") from error


class Lines:
    """All lines, and what can be done to them."""

    def __init__(self, plans: Sequence[LinePlan], proxies: Proxies, host: str = ANYWHERE) -> None:
        """Listen for all pools. Raises `OSError`."""
        self._pools = tuple(dict.fromkeys(plan.pool for plan in plans))
        self._proxies = proxies
        for plan in plans:
            proxies.lead(plan.pool, LINK, plan.upstream, (host, plan.listen))

    def carry_out(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        """Do what a command says, and return the lines as they are then. Raises `InvalidParameter`."""
        match command.get("do"):
            case "show":
                pass
            case "heal":
                self._proxies.heal()
            case "set":
                for line in self._proxies.of(self._pool(command), LINK):
                    line.rule = Rule(**command["rule"])
            case "reset":
                self._proxies.reset(self._proxies.of(self._pool(command), LINK))
            case other:
                raise InvalidParameter(f"lines know no command {other!r:.50}", field="do")
        return [{"pool": pool, **self._state(pool)} for pool in self._pools]

    def _pool(self, command: dict[str, Any]) -> str:
        pool = str(command.get("pool", ""))
        if pool not in self._pools:
            raise InvalidParameter(f"{pool!r:.110} is none of {', '.join(self._pools)}", field="pool")
        return pool

    def _state(self, pool: str) -> dict[str, Any]:
        lines = self._proxies.of(pool, LINK)
        return {**asdict(lines[0].rule), "passed": sum(line.passed for line in lines)}


class LineServer(socketserver.ThreadingUnixStreamServer):
    """Takes commands from processes of the same container."""

    daemon_threads = True

    def __init__(self, lines: Lines, place: Path = SOCKET) -> None:
        """Listen; a socket that a killed process has left behind is replaced. Raises `OSError`."""
        place.unlink(missing_ok=True)
        self.lines = lines
        super().__init__(str(place), _Command)


class _Command(socketserver.StreamRequestHandler):
    server: LineServer

    def handle(self) -> None:
        try:
            said: object = self.server.lines.carry_out(json.loads(self.rfile.readline()))
        except (InvalidParameter, ValueError, TypeError) as error:
            said = {"error": str(error)}
        self.wfile.write(json.dumps(said).encode() + b"\n")


def ask_lines(command: dict[str, Any], place: Path = SOCKET) -> list[dict[str, Any]]:
    """Have a command carried out. Raises `NoLines`, `InvalidParameter`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(place))
            connection.sendall(json.dumps(command).encode() + b"\n")
            said = json.loads(connection.makefile("rb").readline())
    except (OSError, ValueError) as error:
        raise NoLines(f"no lines are served here: {error}") from error
    if isinstance(said, dict):
        raise InvalidParameter(str(said["error"]), field="pool")
    return list(said)
