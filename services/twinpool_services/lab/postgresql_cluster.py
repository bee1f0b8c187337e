"""A PostgreSQL of one's own: a cluster in a directory, run as an ordinary user, on 127.0.0.1 alone."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from twinpool.brokers.free_ports import free_ports
from twinpool.brokers.private_address import HERE, Place
from twinpool.brokers.process_mark import ProcessMark
from twinpool.errors import StoreUnavailable
from twinpool_services.lab.note import write_privately

NOTE = "cluster.json"
USER = "twinpool"
COMMAND_SECONDS = 120.0
STOP_SECONDS = 30.0


class PostgresqlNotInstalled(StoreUnavailable):
    """There is no PostgreSQL on this machine to make a cluster with."""

    hint = "Install it (Debian, Ubuntu: apt-get install postgresql), or use --store sqlite."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the directory remembers."""

    data: str  #: directory of the cluster
    port: int
    password: str
    pid: int = 0  #: of the postmaster, with the moment it began; 0 if it was stopped
    started: int = 0


class PostgresqlCluster:
    """A cluster that is made at its first start, and found again from any process until it is stopped."""

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None, place: Place = HERE) -> None:
        """Use a directory; nothing is written before `start`. Raises `StoreUnavailable` if its note is damaged.

        `settings` are the server's own (postgresql.conf), given at each start.
        """
        self._at = place
        self.directory = directory.absolute()
        self._settings = dict(settings or {})
        self._user = _ordinary_user()
        self._known = self._recall()

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers.

        Raises `PostgresqlNotInstalled`, or `StoreUnavailable` with what the programs said.
        """
        programs = _programs()
        if self.is_running():
            return
        known = self._known = self._known or self._make(programs)
        options = f"-c listen_addresses={self._at.host} -c port={known.port} -c unix_socket_directories="
        options += "".join(f" -c {name}={value}" for name, value in self._settings.items())
        log = Path(known.data) / "server.log"
        self._run(programs / "pg_ctl", "-D", known.data, "-w", "-s", "-l", log, "-o", options, "start")
        first_line = (Path(known.data) / "postmaster.pid").read_text(encoding="utf-8").partition("\n")[0]
        if mark := ProcessMark.of(int(first_line)):
            self._remember(_Known(data=known.data, port=known.port, password=known.password, **asdict(mark)))

    @property
    def pid(self) -> int | None:
        """Number of the postmaster, None if it was never started."""
        return self._known.pid if self._known is not None and self._known.pid else None

    def is_running(self) -> bool:
        """Say whether the server's process lives."""
        mark = self._mark()
        return mark is not None and mark.is_alive()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server: in order, or as a power cut would."""
        mark = self._mark()
        if mark is not None and mark.send(signal.SIGQUIT if at_once else signal.SIGINT):
            mark.wait(STOP_SECONDS)

    def erase(self) -> None:
        """Delete the cluster, which must not run."""
        if self._known is not None:
            shutil.rmtree(Path(self._known.data).parent, ignore_errors=True)  # What is left is nobody's.
        shutil.rmtree(self.directory, ignore_errors=True)
        self._known = None

    def create_database(self, name: str) -> None:
        """Create a database. Raises `StoreUnavailable` with the reason."""
        known = self._require()
        address = ("-h", self._at.host, "-p", str(known.port), "-U", USER)
        self._run(_programs() / "createdb", *address, "-E", "UTF8", "-T", "template0", name, password=known.password)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        known = self._require()
        return f"postgresql://{USER}:{known.password}@{self._at.host}:{known.port}/{database}"

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _require(self) -> _Known:
        if self._known is None:
            raise StoreUnavailable(f"no PostgreSQL cluster was ever started in {self.directory}")
        return self._known

    def _mark(self) -> ProcessMark | None:
        known = self._known
        return ProcessMark(pid=known.pid, started=known.started) if known is not None and known.pid else None

    def _make(self, programs: Path) -> _Known:
        self.directory.mkdir(parents=True, exist_ok=True)
        data = self._place()
        known = _Known(data=str(data), port=free_ports(1)[0], password=secrets.token_urlsafe(18))
        secret = data.with_name("password")
        secret.touch(mode=0o600)
        secret.write_text(known.password, encoding="ascii")
        shutil.chown(secret, self._user)
        encoding = ("-E", "UTF8", "--locale=C")
        self._run(
            programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", secret, *encoding, "-N"
        )
        secret.unlink()
        if self._at != HERE:
            with (data / "pg_hba.conf").open("a", encoding="ascii") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        self._remember(known)
        return known

    def _place(self) -> Path:
        """Return where the cluster goes: in our directory if its user can get there, else among temporary files."""
        own = self.directory / "cluster"
        own.mkdir(exist_ok=True)
        shutil.chown(own, self._user)
        if self._run_quietly("test", "-w", own):
            return own / "data"
        away = Path(tempfile.mkdtemp(prefix="twinpool-lab-postgresql-"))
        shutil.chown(away, self._user)
        return away / "data"

    def _run(self, *command: str | Path, password: str = "") -> None:
        done = self._executed(command, {"PGPASSWORD": password} if password else {})
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise StoreUnavailable(f"{Path(command[0]).name} failed: {said}")

    def _run_quietly(self, *command: str | Path) -> bool:
        return self._executed(command, {}).returncode == 0

    def _executed(self, command: tuple[str | Path, ...], extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
            group = str(pwd.getpwnam(self._user).pw_gid)
            words = ["setpriv", f"--reuid={self._user}", f"--regid={group}", "--clear-groups", *words]
        words = [*self._at.command, *words]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # A file, not a pipe: the server inherits it, and would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(
                    words,
                    cwd="/",
                    env=inherited | dict(extra),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=COMMAND_SECONDS,
                    start_new_session=True,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise StoreUnavailable(f"{Path(command[0]).name} cannot be run: {error}") from error
            output.seek(0)
            return subprocess.CompletedProcess(words, done.returncode, stdout=output.read(), stderr="")

    def _remember(self, known: _Known) -> None:
        self._known = known
        write_privately(self.directory / NOTE, json.dumps(asdict(known), indent=2))

    def _recall(self) -> _Known | None:
        path = self.directory / NOTE
        try:
            return _Known(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise StoreUnavailable(f"{path} cannot be read: {error}") from error


def _programs() -> Path:
    """Return the directory of initdb and pg_ctl, of the newest version that is installed."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max((path.parent for path in versions), key=lambda path: float(path.parent.name), default=None)
    if found is None:
        raise PostgresqlNotInstalled("initdb is not installed")
    return found


def _ordinary_user() -> str:
    """Return as whom the cluster runs: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
