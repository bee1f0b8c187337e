"""What processes cost: processor time and memory, read from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Add up user and system time of processes that live; those that are gone count nothing."""
    return sum(_cpu_seconds(pid) for pid in pids)


def tree_cpu_seconds(root: int) -> float:
    """Add up user and system time of a process and all that descend from it, of those that have ended as well."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        if fields := _fields(path):
            children[int(fields[1])].append(int(path.parent.name))
            spent[int(path.parent.name)] = sum(map(int, fields[11:15])) / _TICKS
    known = [root]
    for pid in known:  # It grows while we walk.
        known += children[pid]
    return sum(spent.get(pid, 0.0) for pid in known)


def peak_rss_mb(pid: int) -> float:
    """Return the largest resident set that a process has had, in MiB; 0 if it is gone."""
    return _memory_mb(pid, "VmHWM:")


def rss_mb(pid: int) -> float:
    """Return the resident set of a process, in MiB; 0 if it is gone."""
    return _memory_mb(pid, "VmRSS:")


def _memory_mb(pid: int, key: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(key)), 0.0)


def _cpu_seconds(pid: int) -> float:
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _fields(path: Path) -> list[str]:
    """Return what stands behind the name: state, parent and so on; nothing if the process is gone."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
