"""The `twinpool` command."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.security.credentials import token_file
from twinpool_services.cli.binding import DASHES
from twinpool_services.cli.common import wants_json
from twinpool_services.cli.exit_codes import ExitCode, exit_code_of

_CMDLET = re.compile(rf"(?P<verb>[A-Za-z]+)[{DASHES}](?P<noun>Cs[A-Za-z]+)", re.IGNORECASE)
_ASKING = re.compile(rf"(?P<verb>Get)[{DASHES}](?P<noun>Help|Command|Alias)", re.IGNORECASE)
_TOKEN_FILE = re.compile(rf"[{DASHES}]{{2}}token-file(?:=(?P<value>.+))?", re.IGNORECASE | re.DOTALL)
_LEADING = re.compile(r"--(?:format|deployment)(?P<value>=.*)?", re.IGNORECASE | re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what is wrong is said on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        token, words = part_token_file(words)
        with token_file(token):
            return _dispatch(options_last(words))
    except TwinpoolError as error:
        from twinpool_services.cli.running import show_error

        show_error(error, as_json=wants_json(words))
        return exit_code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Who read our output has seen enough. Nothing may be written at exit, for that would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED


def part_token_file(words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Part `--token-file FILE`, which every command takes, from the other words. Raises `InvalidParameter`."""
    for at, word in enumerate(words):
        match = _TOKEN_FILE.fullmatch(word)
        if match is None:
            continue
        if match["value"]:
            return Path(match["value"]), [*words[:at], *words[at + 1 :]]
        if at + 1 == len(words):
            raise InvalidParameter("--token-file needs a value", field="token-file")
        return Path(words[at + 1]), [*words[:at], *words[at + 2 :]]
    return None, list(words)


def options_last(words: Sequence[str]) -> list[str]:
    """Put `--format` and `--deployment` behind the command that they precede."""
    at = 0
    while at < len(words) and (match := _LEADING.fullmatch(words[at])):
        at += 1 if match["value"] else 2
    return [*words[at:], *words[:at]] if at < len(words) else list(words)


def _dispatch(words: list[str]) -> int:
    if words and (match := _CMDLET.fullmatch(words[0])):
        from twinpool_services.cli.cmdlets import CMDLETS
        from twinpool_services.cli.running import run_words

        run_words(CMDLETS[f"{match['verb']}-{match['noun']}"], words[1:])
        return ExitCode.OK
    if words and (match := _ASKING.fullmatch(words[0])):
        from twinpool_services.cli.shell.session import run_words as run_shell_words

        return run_shell_words([f"{match['verb']}-{match['noun']}", *words[1:]])
    from twinpool_services.cli.friendly import app

    try:
        app(args=words, prog_name="twinpool")
    except SystemExit as end:  # the framework's way to return an exit code
        return end.code if isinstance(end.code, int) else ExitCode.OK
    return ExitCode.OK
