"""What a front end's process says when it ends."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """2 is left to the command line, which uses it for wrong parameters; above 128 a signal ended the process."""

    STOPPED = 0  #: asked to stop, and did so in order
    FAILED = 1  #: a bug or a broken machine; starting again may help
    CONFIGURATION = 3  #: the deployment file, a store's URL or a module is wrong; starting again will not help
    NAME_TAKEN = 4  #: a front end of this name is already running
    PORT_TAKEN = 5  #: somebody else listens there
    INSISTED = 130  #: a second signal came before the stop was complete
