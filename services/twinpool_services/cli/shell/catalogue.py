"""Everything that can be called by a name: the cmdlets, the shell's own commands, and their aliases."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator

from twinpool.errors import InvalidParameter
from twinpool_services.cli.cmdlet import Cmdlet, Cmdlets
from twinpool_services.cli.shell import asking, choosing, showing
from twinpool_services.cli.shell.object_command import ObjectCommand

Runnable = Cmdlet | ObjectCommand


class Catalogue:
    """Commands, found by name or alias in any case."""

    def __init__(self, cmdlets: Cmdlets) -> None:
        """Put these cmdlets beside the shell's own commands."""
        own = (*choosing.COMMANDS, *showing.COMMANDS, *asking.commands(self))
        self._by_name: dict[str, Runnable] = {one.name.casefold(): one for one in (*cmdlets, *own)}
        self.aliases = {alias: command.name for command in own for alias in command.aliases}

    def __iter__(self) -> Iterator[Runnable]:
        return iter(sorted(self._by_name.values(), key=lambda one: one.name.casefold()))

    def __getitem__(self, name: str) -> Runnable:
        """Find a command. Raises `InvalidParameter` that names those that are alike."""
        wanted = self.aliases.get(name.casefold(), name).casefold()
        if found := self._by_name.get(wanted):
            return found
        alike = difflib.get_close_matches(wanted, self._by_name, n=3)
        meant = f"did you mean {', '.join(self._by_name[one].name for one in alike)}?" if alike else "see Get-Command"
        raise InvalidParameter(f"there is no command {name:.80}; {meant}", field=name[:80])

    def like(self, pattern: str) -> list[Runnable]:
        """Return the commands whose names match a wildcard; an alias stands for its command."""
        wanted = self.aliases.get(pattern.casefold(), pattern).casefold()
        return [one for one in self if fnmatch.fnmatchcase(one.name.casefold(), wanted)]
