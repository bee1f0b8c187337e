"""What a front end's process says when it ends; the same numbers mean the same to the command line."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Above 128 a signal ended the process."""

    STOPPED = 0  #: asked to stop, and did so in order
    FAILED = 1  #: a bug or a broken machine; starting again may help
    CONFIGURATION = 2  #: the deployment file, a store's URL or a module is wrong; starting again will not help
    REFUSED = 3  #: a front end of this name is running already, or somebody else listens on its port
    INSISTED = 130  #: a second signal came before the stop was complete
