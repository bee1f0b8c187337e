"""What a run that crashed has left: found by its note, and taken away by the next run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path

from twinpool.brokers.process_mark import ProcessMark
from twinpool.errors import TwinpoolError
from twinpool_services.lab import Lab

NOTE = "chaos-run.json"
PREFIX = "twinpool-chaos-"


def remember(directory: Path) -> None:
    """Note whose a directory is, so that others know when nobody needs it any more."""
    mark = ProcessMark.of(os.getpid())
    if mark is not None:
        (directory / NOTE).write_text(json.dumps(asdict(mark)), encoding="ascii")


def remove_leftovers() -> int:
    """Take down the labs of runs whose process is gone; return how many there were."""
    found = [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _is_orphaned(path)]
    for path in found:
        _remove(path)
    return len(found)


def _is_orphaned(directory: Path) -> bool:
    try:
        mark = ProcessMark(**json.loads((directory / NOTE).read_text(encoding="ascii")))
        return directory.stat().st_uid == os.geteuid() and not mark.is_alive()
    except (OSError, ValueError, TypeError):  # No run of ours, or one that has just begun.
        return False


def _remove(directory: Path) -> None:
    try:
        lab = Lab(directory / "lab")
        if lab.exists:
            for pool in lab.deployment.pools if lab.deployment_file.exists() else ():
                for front_end in pool.front_ends:
                    lab.process(front_end.name).kill()
            lab.down(erase=True)
    except TwinpoolError:
        return  # It is looked at again by the next run.
    disk = directory / "disk"
    if disk.is_mount():
        subprocess.run(["umount", "--lazy", str(disk)], capture_output=True, check=False)
    shutil.rmtree(directory, ignore_errors=True)
