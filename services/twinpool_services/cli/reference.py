"""Renders the reference pages of the command line and the configuration from the tables that the code itself uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from twinpool.vocabulary.configuration import SETTINGS, BackupServiceConfiguration
from twinpool_services.cli.cmdlet import Cmdlet, Cmdlets
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.parameters import Parameter

_GENERATED = "<!-- Made by scripts/docs from the code; change it there. -->"

_EXIT_CODES = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "something else went wrong",
    ExitCode.USAGE: "the command, a parameter or the deployment file is wrong",
    ExitCode.REFUSED: "cannot be granted as things stand",
    ExitCode.UNREACHABLE: "nobody answers, or not now; try again",
    ExitCode.NOT_FOUND: "there is no such pool, module or record",
    ExitCode.DENIED: "the token is missing or not valid, or its groups may not do that",
    ExitCode.FOUND_WARNINGS: "`doctor` has found what should be seen to, or `why` what holds a module back",
    ExitCode.FOUND_ERRORS: "`doctor` has found what does not work",
    ExitCode.INTERRUPTED: "Ctrl-C",
}


def command_line_page(cmdlets: Cmdlets) -> str:
    """Render docs/reference/command-line.md."""
    intro = (
        "# Cmdlets\n\n"
        "Names and parameters in any case, `-Name value` or `-Name:value`, with a hyphen or a dash; a parameter's\n"
        "name may be cut short while it is unambiguous. All take `--format table|list|json`, `--deployment FILE` and\n"
        "`--help`."
    )
    codes = _table(("exit code", "meaning"), ((str(int(code)), meaning) for code, meaning in _EXIT_CODES.items()))
    parts = [_GENERATED, intro, *(_cmdlet(cmdlet) for cmdlet in cmdlets), f"## Exit codes\n\n{codes}"]
    return "\n\n".join(parts) + "\n"


def configuration_page() -> str:
    """Render docs/reference/configuration.md."""
    defaults = BackupServiceConfiguration().to_document()
    rows = ((f"`{one.name}`", f"`{_shown(defaults[one.name])}`", one.kind.expected, one.meaning) for one in SETTINGS)
    intro = (
        "# Configuration of the backup service\n\n"
        "One for the whole deployment, kept in the Central Management store and replicated like everything else.\n"
        "Shown by `Get-CsBackupServiceConfiguration`, changed by `Set-CsBackupServiceConfiguration`; a change takes\n"
        "effect in all pools within seconds, without a restart."
    )
    return "\n\n".join([_GENERATED, intro, _table(("setting", "default", "range", "meaning"), rows)]) + "\n"


def _cmdlet(cmdlet: Cmdlet) -> str:
    rows = (
        (f"`-{one.name}`", one.type.label, "yes" if one.mandatory else "", _sets(one), one.meaning)
        for one in cmdlet.parameters
    )
    table = _table(("parameter", "type", "mandatory", "sets", "meaning"), rows)
    examples = "\n".join(f"twinpool {example}" for example in cmdlet.examples)
    return f"## {cmdlet.name}\n\n{cmdlet.synopsis}\n\n{table}\n\n```console\n{examples}\n```"


def _sets(parameter: Parameter) -> str:
    return ", ".join(sorted(parameter.sets))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def lines() -> Iterator[str]:
        yield _line(head)
        yield _line("---" for _ in head)
        yield from map(_line, rows)

    return "\n".join(lines())


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
