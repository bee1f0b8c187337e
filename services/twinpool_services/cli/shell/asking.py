"""The commands that tell what there is: Get-Help, Get-Command, Get-Alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from twinpool.errors import InvalidParameter, NotFound
from twinpool_services.cli.binding import find_parameter
from twinpool_services.cli.cmdlet import Cmdlet
from twinpool_services.cli.help import described, examples_of, help_of, syntaxes
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import SWITCH
from twinpool_services.cli.shell.object_command import STRING, Input, ObjectCommand, parameter
from twinpool_services.cli.shell.values import Value

COMMAND = "CommandInfo"
ALIAS = "AliasInfo"

LANGUAGE = """\
The shell runs commands and pipelines, written as in PowerShell:

  $status = Get-CsBackupServiceStatus -PoolFqdn pool1.lab
  $status.BackupModules
  $status.BackupModules | Where-Object { $_.ExportStatus -ne 'FinalState' } | Format-List
  'pool1.lab', 'pool2.lab' | Invoke-CsBackupServiceSync

Values       'as it stands', "with $variables, ${names} and $(commands)", 12, 1.5, $true, $false, $null, a list: 1, 2
Reading      $x.Property, $list[0], $list[-1], $list.Property (that of each), $list.Count
Setting      $x = …, $x.Property = … (changes $x alone: values are never shared)
Comparing    -eq -ne -gt -ge -lt -le -like -notlike -match -notmatch -contains -notcontains -in -notin
Joining      -and -or -not, !
Grouping     ( … ), $( … ), @( … ) (always a list), { … } (a block, which finds the object in $_)
Parting      a new line or ; between statements, | in a pipeline, ` at the end of a line that goes on, # comments
Errors       An error ends a script with its exit code. -ErrorAction Continue, or $ErrorActionPreference = 'Continue',
             says it and goes on; SilentlyContinue does not even say it. $? tells whether the last statement did it,
             $LASTEXITCODE what the last cmdlet would have exited with. exit 3 ends with that code.
Strictness   A variable that was never set and a property that is not there are errors, as after Set-StrictMode.

There are no methods, no arithmetic, no if, loops or functions: for those, call twinpool from another shell."""


class Known(Protocol):
    """All commands there are."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """The full name behind each alias."""

    def __iter__(self) -> Iterator[Cmdlet | ObjectCommand]:
        """Each, by name."""

    def __getitem__(self, name: str) -> Cmdlet | ObjectCommand:
        """One, by name or alias. Raises `InvalidParameter`."""

    def like(self, pattern: str) -> list[Cmdlet | ObjectCommand]:
        """Those whose names match a wildcard."""


def commands(known: Known) -> tuple[ObjectCommand, ...]:
    """Make the commands that tell of these."""
    return (
        ObjectCommand(
            name="Get-Help",
            synopsis="Says what a command does, with its parameters and examples; of `shell`, what can be written.",
            parameters=(
                parameter("Name", STRING, "A command or an alias; shell for the language.", position=0),
                parameter("Parameter", STRING, "Only this parameter."),
                parameter("Examples", SWITCH, "Only the examples."),
                parameter("Full", SWITCH, "Everything, as is usual."),
                parameter("Detailed", SWITCH, "Everything, as is usual."),
            ),
            run=lambda call: _help(known, call),
            examples=("Get-Help Invoke-CsPoolFailover", "Get-Help Invoke-CsPoolFailover -Parameter DisasterMode"),
            aliases=("help", "man"),
        ),
        ObjectCommand(
            name="Get-Command",
            synopsis="Lists the commands there are.",
            parameters=(
                parameter("Name", STRING, "Name; wildcards are allowed.", position=0),
                parameter("Syntax", SWITCH, "Only how they are called."),
            ),
            run=lambda call: _commands(known, call),
            examples=("Get-Command *Backup*", "Get-Command Backup-CsPool -Syntax"),
            aliases=("gcm",),
        ),
        ObjectCommand(
            name="Get-Alias",
            synopsis="Lists the short names of commands.",
            parameters=(parameter("Name", STRING, "One of them.", position=0),),
            run=lambda call: _aliases(known, call),
            examples=("Get-Alias",),
            aliases=("gal",),
        ),
    )


def _help(known: Known, call: Input) -> list[Value]:
    name = call.given.text("Name", "shell")
    if name.casefold() in {"shell", "about_shell", "language"}:
        return [LANGUAGE, "Get-Command lists the commands; Get-Help NAME tells about one."]
    if set(name) & set("*?") and name.casefold() not in known.aliases:
        return _commands(known, call)
    found = known[name]
    if "Parameter" in call.given:
        own = tuple(found.all_parameters)
        return [described(find_parameter(own, call.given.text("Parameter"), found.name))]
    return [examples_of(found) if call.given.flag("Examples") else help_of(found).rstrip()]


def _commands(known: Known, call: Input) -> list[Value]:
    pattern = call.given.text("Name", "*")
    found = known.like(pattern)
    if not found and not set(pattern) & set("*?["):
        raise InvalidParameter(f"there is no command {pattern:.80}", field="Name")
    if call.given.flag("Syntax"):
        return [line.strip() for one in found for line in syntaxes(one)]
    return [CmdletObject(COMMAND, {"Name": one.name, "Synopsis": one.synopsis}) for one in found]


def _aliases(known: Known, call: Input) -> list[Value]:
    wanted = call.given.text("Name").casefold()
    rows = [(alias, name) for alias, name in sorted(known.aliases.items()) if wanted in {"", alias}]
    if not rows:
        raise NotFound(f"there is no alias {wanted:.80}")
    return [CmdletObject(ALIAS, {"Alias": alias, "Name": name}) for alias, name in rows]
