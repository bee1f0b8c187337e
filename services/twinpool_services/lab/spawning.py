"""How the process of a front end is started."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Spawn(Protocol):
    """Starts a command, and returns the number of its process."""

    def __call__(self, command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> int:
        """Start it in a session of its own, with no input, and with all that it says appended to a file.

        It keeps running when we end, and our terminal's Ctrl-C is not its.
        """


def spawn(command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> int:
    """Start a command as the system does. Raises `OSError`."""
    # Not `subprocess`: its objects insist on being waited for, and this process may outlive us.
    return os.posix_spawn(
        command[0],
        list(command),
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log_file), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
