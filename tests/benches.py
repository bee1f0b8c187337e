"""Benches as a user runs them: processes of their own, whose temporary files and children can be found again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.acceptance.labs import PROGRAM


def bench(directory: Path, *words: str, broker: str | None = None) -> subprocess.Popen[str]:
    """Start a bench whose temporary files lie in a directory, by which its processes are known as well.

    It starts a RabbitMQ of its own unless one is named.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_")}
    return subprocess.Popen(
        [str(PROGRAM), "bench", *words],
        env={**environment, "TMPDIR": str(directory), **({"TWINPOOL_BROKER_URL": broker} if broker else {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(directory: Path) -> list[str]:
    """Name the processes that were started for a directory: each has it in its environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={directory}".encode() in path.read_bytes().split(b"\0"):
                found.append(path.with_name("cmdline").read_text().replace("\0", " "))
        except (OSError, UnicodeDecodeError):  # It ended in this moment, or is nobody's business of ours.
            continue
    return found


def measured(directory: Path, *words: str, broker: str) -> dict[str, Any]:
    """Run a bench over a broker to its end and return its document; nothing of it may be left."""
    with bench(directory, *words, "--format", "json", broker=broker) as child:
        printed, said = child.communicate(timeout=250)
    assert child.returncode == 0, said
    assert processes_of(directory) == []
    assert list(directory.iterdir()) == []
    return dict(json.loads(printed))
