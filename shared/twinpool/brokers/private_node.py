"""A RabbitMQ of one's own: a node that runs in a directory, as any user, on 127.0.0.1 alone, beside any other node."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from twinpool.brokers.free_ports import LOOPBACK
from twinpool.brokers.private_address import HERE, Address, Membership, NodeTls, Place, new_address
from twinpool.brokers.process_mark import ProcessMark
from twinpool.brokers.rabbitmq_installation import find_installation
from twinpool.errors import BrokerUnreachable

log = logging.getLogger(__name__)

START_SECONDS = 90.0
STOP_SECONDS = 30.0
HALT_SECONDS, HALT_LOOK = 10.0, 0.002  #: how long a paused server may take to stand still, and pauses between looks
CTL_SECONDS = 120.0
LOOK = 0.05  #: seconds between two looks whether a port is open
NOTE = "node.json"  #: what the directory remembers, so that others find the node again
TAIL = 2_000  #: characters of the node's output that an error shows

#: Keeps Erlang's own protocol, which grants everything to whoever has the cookie, off the network.
ON_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"

#: Starts its arguments in the background, with output to the file that is its name, and prints the number.
DETACHED = '"$@" >"$0" 2>&1 & echo $!'

CONFIGURATION = """\
listeners.tcp.1 = {host}:{amqp}
default_user = {user}
default_pass = {password}
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 134217728
management.tcp.ip = 127.0.0.1
management.tcp.port = {http}
"""


class PrivateNode:
    """A node in a directory. It is found again by `attach`, from any process, until it is stopped."""

    def __init__(
        self,
        directory: Path,
        *,
        plugins: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        schedulers: int = 2,
        membership: Membership | None = None,
        place: Place = HERE,
        tls: NodeTls | None = None,
    ) -> None:
        """Prepare a node; nothing is started or written before `start`.

        `plugins` are enabled, `settings` go to rabbitmq.conf, `schedulers` is how many cores Erlang uses. A node with a
        membership is one of a cluster, which runs the port mapper for all of them. With `tls` it serves amqps as well.
        """
        self.directory = directory.absolute()
        self._plugins = (*plugins, *(tls.plugins if tls else ()))
        self._settings, self._schedulers = dict(settings or {}), schedulers
        self._membership, self._place, self._tls = membership, place, tls
        self._address: Address | None = membership.address if membership else None
        self._marks: dict[str, ProcessMark] = {}  # by role: mapper, script, server
        self._recall()

    @classmethod
    def attach(cls, directory: Path) -> PrivateNode:
        """Find the node of a directory again. Raises `BrokerUnreachable` if there never was one."""
        if not (directory / NOTE).exists():
            raise BrokerUnreachable(f"no private RabbitMQ node was ever started in {directory}")
        return cls(directory)

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────

    def url(self, vhost: str = "/") -> str:
        """Return the broker URL of a virtual host."""
        address = self._known_address()
        return f"amqp://{address.user}:{address.password}@{self._place.host}:{address.amqp}/{quote(vhost, safe='')}"

    def amqps_url(self, vhost: str = "/") -> str:
        """Return the URL of a virtual host over TLS, for callers who are known by their certificates."""
        return f"amqps://{self._place.host}:{self._known_address().amqps}/{quote(vhost, safe='')}"

    @property
    def name(self) -> str:
        """Name of the Erlang node. Raises `BrokerUnreachable` if it was never started."""
        return self._known_address().node

    @property
    def management_url(self) -> str:
        """Return where the management plugin answers, if it is enabled."""
        return f"http://{LOOPBACK}:{self._known_address().http}"

    @property
    def pid(self) -> int | None:
        """Number of the server's process, None if it was never started."""
        return self._marks["server"].pid if "server" in self._marks else None

    def is_running(self) -> bool:
        """Say whether the server's process lives."""
        return "server" in self._marks and self._marks["server"].is_alive()

    def has_mapper(self) -> bool:
        """Say whether the port mapper that was started here lives."""
        return "mapper" in self._marks and self._marks["mapper"].is_alive()

    # ── what it does ────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start the node unless it runs, and wait until it takes connections.

        It keeps running when this process ends. Raises `RabbitmqNotInstalled`, or `BrokerUnreachable` with what the
        node said if it does not come up.
        """
        if self.is_running():
            return
        self.launch()
        self.await_up()

    def launch(self) -> None:
        """Begin to start the node, which must not run. Raises like `start`."""
        self._end_rest()
        installation = find_installation()
        address = self._address = self._address or new_address()
        self._write_configuration(address)
        if self._membership is None:
            self.start_mapper()
        self._launch("script", [installation.server])

    def start_mapper(self) -> None:
        """Start Erlang's port mapper and wait until it answers. Raises like `start`."""
        address = self._known_address()
        (self.directory / "log").mkdir(parents=True, exist_ok=True)
        mapper = find_installation().mapper
        self._launch("mapper", [mapper, "-port", str(address.mapper), "-address", self._place.host])
        self._await_port(address.mapper, "mapper")

    def await_up(self) -> None:
        """Wait until a node that was launched takes connections. Raises `BrokerUnreachable`."""
        address = self._known_address()
        self._await_port(address.amqp, "script")
        self._mark_server()
        self._remember()
        log.info("private node %s runs", address.node, extra={"event": "node.started", "port": address.amqp})

    def stop(self) -> None:
        """Stop the node in order, and all that was started for it."""
        if "script" in self._marks and self._marks["script"].send(signal.SIGTERM):
            self._marks["script"].wait(STOP_SECONDS)
        self._end_rest()

    def kill(self) -> None:
        """End the node as a power cut would."""
        if "server" in self._marks:
            self._marks["server"].send(signal.SIGKILL)
        self._end_rest()

    def pause(self) -> None:
        """Stop the server's clock, and return once it stands still: it keeps its connections and answers nobody."""
        server = self._marks.get("server")
        if server is not None and server.send(signal.SIGSTOP):
            deadline = time.monotonic() + HALT_SECONDS
            while server.is_alive() and not server.is_halted() and time.monotonic() < deadline:
                time.sleep(HALT_LOOK)

    def resume(self) -> None:
        """Let a paused server go on."""
        if "server" in self._marks:
            self._marks["server"].send(signal.SIGCONT)

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on the node and return what it prints. Raises `BrokerUnreachable` if it fails."""
        command = [
            *self._place.command,
            str(find_installation().ctl),
            "--quiet",
            "--node",
            self._known_address().node,
            *arguments,
        ]
        try:
            done = subprocess.run(
                command, env=self._environment(), capture_output=True, text=True, timeout=CTL_SECONDS, check=True
            )
        except subprocess.TimeoutExpired as error:
            raise BrokerUnreachable(f"rabbitmqctl {arguments[0]} did not end in {CTL_SECONDS:.0f} s") from error
        except subprocess.CalledProcessError as error:
            raise BrokerUnreachable(f"rabbitmqctl {arguments[0]}: {error.stderr.strip() or error.stdout}") from error
        return done.stdout

    def add_vhost(self, name: str) -> str:
        """Make a virtual host that the node's user may use, and return its broker URL."""
        return self.add_vhosts([name])[0]

    def add_vhosts(self, names: Sequence[str]) -> list[str]:
        """Make several at once, and return their broker URLs: to start rabbitmqctl takes longer than to make them."""
        everything = {"user": self._known_address().user, "configure": ".*", "write": ".*", "read": ".*"}
        definitions = {
            "vhosts": [{"name": name} for name in names],
            "permissions": [{**everything, "vhost": name} for name in names],
        }
        with tempfile.NamedTemporaryFile("w", dir=self.directory, suffix=".json", encoding="utf-8") as file:
            json.dump(definitions, file)
            file.flush()
            self.ctl("import_definitions", file.name)
        return [self.url(name) for name in names]

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _known_address(self) -> Address:
        if self._address is None:
            raise BrokerUnreachable(f"the private RabbitMQ node in {self.directory} was never started")
        return self._address

    def _environment(self) -> dict[str, str]:
        """Return the environment of the node and its tools, free of what belongs to other nodes."""
        address, here = self._known_address(), self.directory
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_", "EPMD"))
        }
        return inherited | {
            "HOME": str(here),  # The cookie lies here: whoever can read it commands the node.
            "LC_ALL": "C.UTF-8",
            "ERL_CRASH_DUMP_BYTES": "0",
            "ERL_EPMD_PORT": str(address.mapper),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": address.node,
            "RABBITMQ_NODE_IP_ADDRESS": self._place.host,
            "RABBITMQ_NODE_PORT": str(address.amqp),
            "RABBITMQ_DIST_PORT": str(address.distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S {self._schedulers}:{self._schedulers} {ON_LOOPBACK}",
            "RABBITMQ_CTL_ERL_ARGS": ON_LOOPBACK,
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(here / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(here / "server.pid"),
        }

    def _write_configuration(self, address: Address) -> None:
        for name in ("data", "log", "generated"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)  # It holds a password and a cookie.
        own = CONFIGURATION if "rabbitmq_management" in self._plugins else CONFIGURATION.partition("management.")[0]
        settings = self._settings | dict(self._membership.settings if self._membership else {})
        settings |= self._tls.settings(self._place.host, address.amqps) if self._tls else {}
        lines = own.format(**asdict(address), host=self._place.host)
        lines += "".join(f"{key} = {value}\n" for key, value in settings.items())
        (self.directory / "rabbitmq.conf").write_text(lines, encoding="utf-8")
        (self.directory / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n", encoding="utf-8")
        (self.directory / "server.pid").unlink(missing_ok=True)
        cookie = self.directory / ".erlang.cookie"
        if not cookie.exists():  # Erlang would make one up from the time of day.
            cookie.touch(mode=0o600)
            cookie.write_text(self._membership.cookie if self._membership else secrets.token_hex(20), encoding="ascii")
            cookie.chmod(0o400)

    def _launch(self, role: str, command: Sequence[str | Path]) -> None:
        """Start a process that is nobody's child, so that it outlives us and whoever ends it leaves no zombie to us.

        It has a session of its own, too: our terminal's Ctrl-C is not its.
        """
        output = self.directory / "log" / f"{role}.txt"
        words = [*self._place.command, "/bin/sh", "-c", DETACHED, str(output), *(str(word) for word in command)]
        try:
            started = subprocess.run(
                words,
                env=self._environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise BrokerUnreachable(f"{command[0]} cannot be started: {error}") from error
        if mark := ProcessMark.of(int(started.stdout)):
            self._marks[role] = mark
        self._remember()

    def _await_port(self, port: int, role: str) -> None:
        """Wait until a port answers. A node opens its listener last, so then it is ready.

        Its number has to be there, too: until the node listens, a connection to its port can meet itself.
        """
        deadline = time.monotonic() + START_SECONDS
        while not (_answers(self._place.host, port) and (role != "script" or self._has_number())):
            ended = role not in self._marks or self._marks[role].wait(LOOK)
            if ended or time.monotonic() > deadline:
                said = self._said(role)
                self._end_rest()
                raise BrokerUnreachable(f"the private RabbitMQ node in {self.directory} did not start: {said}")

    def _said(self, role: str) -> str:
        """Return what a process said last: its errors where it marked some, else simply the end."""
        path = self.directory / "log" / f"{role}.txt"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        errors = dict.fromkeys(line.partition("> ")[2].strip() for line in text.splitlines() if "[error]" in line)
        return " ".join(filter(None, errors))[:TAIL] or text[-TAIL:].strip() or "it said nothing"

    def _has_number(self) -> bool:
        path = self.directory / "server.pid"
        return path.exists() and path.read_text(encoding="utf-8").strip().isdigit()

    def _mark_server(self) -> None:
        pid = int((self.directory / "server.pid").read_text(encoding="utf-8"))
        if mark := ProcessMark.of(pid):
            self._marks["server"] = mark

    def _end_rest(self) -> None:
        """End what still lives, the node before the mapper that others find it by."""
        with contextlib.suppress(FileNotFoundError, ValueError):  # A node that did not come up has no such file.
            self._mark_server_if_ours()
        for role in ("server", "script", "mapper"):
            if (mark := self._marks.pop(role, None)) and mark.send(signal.SIGKILL):
                mark.wait(STOP_SECONDS)
        if self.directory.exists() and self._address is not None:
            self._remember()

    def _mark_server_if_ours(self) -> None:
        """Take the number in the file for our server's only while the script that started it lives."""
        if "server" not in self._marks and "script" in self._marks and self._marks["script"].is_alive():
            self._mark_server()

    def _remember(self) -> None:
        note = {
            "address": asdict(self._known_address()),
            "marks": {role: asdict(mark) for role, mark in self._marks.items()},
        }
        path = self.directory / NOTE
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(note, indent=2), encoding="utf-8")
        fresh.replace(path)

    def _recall(self) -> None:
        path = self.directory / NOTE
        if not path.exists():
            return
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            self._address = Address(**note["address"])
            self._marks = {role: ProcessMark(**mark) for role, mark in note["marks"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokerUnreachable(f"{path} is damaged; delete {self.directory} if nothing runs in it") from error


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:  # It does not, yet.
        return False
    return True
