"""Starts front ends of a test's lab quickly: by forking a process that has imported already what front ends import.

Importing takes a front end, or a command, more than a second of processor time, a fork takes a hundredth of that, and
the suite starts hundreds. What is started is a process of its own all the same, in a session of its own, to be halted
and killed.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from twinpool.brokers.process_mark import ProcessMark
from twinpool_services.lab.spawning import spawn as start_as_usual

SEARCHED = "PYTHONPATH"  #: a front end that finds other modules there needs a nursery that did so as well

_nurseries: dict[str, Nursery] = {}


def spawn(command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> int:
    """Start the `twinpool` command with these words, as `twinpool_services.lab.spawning.spawn` does."""
    if Path(command[0]).name != "twinpool":  # It is entered by another command, into a namespace.
        return start_as_usual(command, environment, log_file)
    return _for(environment).bear(command, environment, log_file, log_file)


def run(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run the `twinpool` command to its end. Raises `TimeoutError`."""
    with tempfile.TemporaryDirectory(prefix="twinpool-command-") as place:
        out, err = Path(place, "out"), Path(place, "err")
        born = _for(environment).bear(command, environment, out, err)
        mark = ProcessMark.of(born)
        if mark is not None and not mark.wait(seconds):
            mark.send(signal.SIGKILL)
            raise TimeoutError(f"{command} has not ended after {seconds:.0f} s: {err.read_text()}")
        code = int(Path(f"{out}.code").read_text())
        return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())


def _for(environment: Mapping[str, str]) -> Nursery:
    """Return a nursery of those that find the same modules."""
    key = environment.get(SEARCHED, "")
    if key not in _nurseries:
        _nurseries[key] = Nursery(environment)
    return _nurseries[key]


class Nursery:
    """A process beside us that forks whatever we ask it for. It ends when we do, and what it has started goes on."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start it, to find the modules that this environment names."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            inherited = dict(environment) | {SEARCHED: os.pathsep.join([*sys.path, environment.get(SEARCHED, "")])}
            theirs.set_inheritable(True)
            os.posix_spawn(sys.executable, command, inherited, setsid=True)
        self._asking, self._told = ours.makefile("w", encoding="utf-8"), ours.makefile("r", encoding="utf-8")
        atexit.register(ours.close)  # It sees that, and ends.

    def bear(self, command: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> int:
        """Return the number of a new process. Its exit code will stand beside its output, in `.code`."""
        wanted = {
            "command": list(command),
            "environment": dict(environment),
            "directory": str(Path.cwd()),
            "out": str(out),
            "err": str(err),
        }
        print(json.dumps(wanted), file=self._asking, flush=True)
        return int(self._told.readline())


def _serve(descriptor: int) -> None:
    """Fork whenever somebody asks, until nobody can any more."""
    import twinpool_services.cli.friendly
    import twinpool_services.frontend.process  # noqa: F401 - this is what it is all about

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The kernel forgets our children; others watch them by number.
    gc.freeze()  # so that collecting garbage does not copy what all of them share
    with os.fdopen(descriptor, "r", encoding="utf-8") as asked:
        for line in asked:
            pid = os.fork()
            if pid == 0:
                os.close(descriptor)
                _become(**json.loads(line))
            os.write(descriptor, f"{pid}\n".encode())


def _become(command: list[str], environment: dict[str, str], directory: str, out: str, err: str) -> NoReturn:
    """Be the process that was asked for."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor, path in enumerate((os.devnull, out, err)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    from twinpool_services.cli.main import main

    code = 1
    try:
        code = main(command[1:])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        Path(f"{out}.code").write_text(str(int(code)))
        os._exit(code)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
