"""Labs for acceptance tests: the very commands that a person types, on real servers."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

PROGRAM = Path(sysconfig.get_path("scripts")) / "twinpool"


def twinpool(*words: str, cwd: Path, timeout: float = 150) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, in a directory, free of what the environment says about twinpool."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_")}
    return subprocess.run(
        [str(PROGRAM), *words],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
