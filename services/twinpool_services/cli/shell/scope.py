"""The variables of the shell, and how its statements have gone."""

from __future__ import annotations

from dataclasses import dataclass, field

from twinpool.errors import InvalidParameter
from twinpool_services.cli.shell.values import Value, text_of

CONSTANTS = {"true": True, "false": False, "null": None}
PREFERENCE = "ErrorActionPreference"
STOP, CONTINUE, SILENT = "Stop", "Continue", "SilentlyContinue"
KEPT = frozenset({*CONSTANTS, "_", "psitem", "?", "lastexitcode"})  #: nobody but the shell sets them


@dataclass(slots=True)
class Scope:
    """The variables, and how it has gone so far."""

    items: list[Value] = field(default_factory=list)  #: what `$_` is, innermost last
    succeeded: bool = True  #: the last statement
    last_exit_code: int = 0  #: of the last cmdlet
    first_failure: int = 0  #: exit code of the first error that was not hidden
    _set: dict[str, tuple[str, Value]] = field(default_factory=dict)  #: by folded name: as written, and the value

    def get(self, name: str) -> Value:
        """Return a variable. Raises `InvalidParameter` for one that was never set."""
        folded = name.casefold()
        if folded in CONSTANTS:
            return CONSTANTS[folded]
        if folded in {"_", "psitem"}:
            if not self.items:
                raise InvalidParameter("$_ is the object that a block is run for, and this is no block", field="_")
            return self.items[-1]
        if folded == "?":
            return self.succeeded
        if folded == "lastexitcode":
            return self.last_exit_code
        if folded not in self._set:
            raise InvalidParameter(f"there is no variable ${name:.80}", field=name[:80])
        return self._set[folded][1]

    def set(self, name: str, value: Value) -> None:
        """Set a variable. Raises `InvalidParameter` for those that are the shell's own."""
        folded = name.casefold()
        if folded in KEPT:
            raise InvalidParameter(f"${name:.80} cannot be set", field=name[:80])
        if folded == PREFERENCE.casefold():
            value = read_action(value)
        self._set[folded] = (name, value)

    @property
    def variables(self) -> dict[str, Value]:
        """All that were set, by their names as they were written."""
        return dict(self._set.values())

    @property
    def error_action(self) -> str:
        """What an error does where nobody says otherwise."""
        return read_action(self._set.get(PREFERENCE.casefold(), (PREFERENCE, STOP))[1])


def read_action(value: Value) -> str:
    """Read what an error shall do. Raises `InvalidParameter`."""
    for action in (STOP, CONTINUE, SILENT):
        if action.casefold() == text_of(value).casefold():
            return action
    raise InvalidParameter(f"{text_of(value)!r:.40}: must be {STOP}, {CONTINUE} or {SILENT}", field="ErrorAction")
