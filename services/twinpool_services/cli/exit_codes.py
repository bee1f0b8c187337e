"""What the command's exit code says."""

from __future__ import annotations

import enum

from twinpool.errors import (
    Invalid,
    NotAuthenticated,
    NotAuthorised,
    NotFound,
    Overtaken,
    Refused,
    TooManyAttempts,
    Transient,
    TwinpoolError,
)


class ExitCode(enum.IntEnum):
    """For scripts; each tells what to do next."""

    OK = 0
    FAILED = 1  #: something else went wrong
    USAGE = 2  #: the command, a parameter or the deployment file is wrong
    REFUSED = 3  #: cannot be granted as things stand
    UNREACHABLE = 4  #: nobody answers, or not now; try again
    NOT_FOUND = 5  #: there is no such pool, module, …
    DENIED = 6  #: the token is missing or not valid, or its groups may not do that
    FOUND_WARNINGS = 10  #: `doctor` has found what should be seen to, or `why` what holds a module back
    FOUND_ERRORS = 11  #: `doctor` has found what does not work
    INTERRUPTED = 130  #: Ctrl-C


def exit_code_of(error: TwinpoolError) -> ExitCode:
    """Choose the exit code of an error of ours."""
    match error:
        case NotFound():
            return ExitCode.NOT_FOUND
        case NotAuthenticated() | NotAuthorised() | TooManyAttempts():
            return ExitCode.DENIED
        case Refused() | Overtaken():
            return ExitCode.REFUSED
        case Invalid():
            return ExitCode.USAGE
        case Transient():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.FAILED
