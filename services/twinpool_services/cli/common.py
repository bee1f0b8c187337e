"""What every command takes beside its own parameters: `--format`, `--deployment`, `--help`."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from twinpool.errors import InvalidParameter
from twinpool_services.cli.binding import DASHES, is_name
from twinpool_services.cli.parameters import Parameter


class Format(enum.StrEnum):
    """How results are shown."""

    TABLE = "table"
    LIST = "list"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What was asked for by the common options."""

    format: Format | None = None  #: None: as is usual for what is shown
    deployment: Path | None = None  #: None: to be looked for
    help: bool = False


_OPTION = re.compile(rf"[{DASHES}]{{1,2}}(?P<name>[A-Za-z?]+)(?:[:=](?P<value>.*))?", re.DOTALL)
_OPTIONS = ("format", "deployment", "help")


def part_common(words: Sequence[str], parameters: Sequence[Parameter] = ()) -> tuple[Common, list[str]]:
    """Part the common options from the words that are left. Raises `InvalidParameter`.

    A parameter of the cmdlet's own counts more: `-Fo` is its -Force, though it could be --format.
    """
    values: dict[str, str] = {}
    left: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        match = _OPTION.fullmatch(word)
        option = _option(match["name"].lower(), parameters) if match else None
        if match is None or option is None:
            left.append(word)
            continue
        if option in values:
            raise InvalidParameter(f"--{option} is given twice", field=option)
        values[option] = match["value"] or (_following(option, queue) if option != "help" else "")
    deployment = values.get("deployment")
    common = Common(
        format=read_format(values["format"]) if "format" in values else None,
        deployment=None if deployment is None else Path(deployment),
        help="help" in values,
    )
    return common, left


def read_format(text: str) -> Format:
    """Read a format in any case. Raises `InvalidParameter`."""
    try:
        return Format(text.lower())
    except ValueError as error:
        raise InvalidParameter(f"--format {text!r:.40}: must be table, list or json", field="format") from error


def wants_json(words: Sequence[str]) -> bool:
    """Whether errors are to be said as JSON; asked before the words are known to be sound."""
    for word, following in pairwise([*words, ""]):
        match = _OPTION.fullmatch(word)
        if match and match["name"].lower() == "format" and (match["value"] or following).lower() == "json":
            return True
    return False


def _option(name: str, parameters: Sequence[Parameter]) -> str | None:
    """Say which common option is meant, None if it is a parameter or nothing that we know."""
    own = {word.casefold() for parameter in parameters for word in (parameter.name, *parameter.aliases)}
    if name in own:
        return None
    if name in {"?", "h"}:
        return "help"
    if name in _OPTIONS:
        return name
    is_beginning_of_own = any(word.startswith(name) for word in own)
    meant = [option for option in _OPTIONS if option.startswith(name)]
    return meant[0] if len(meant) == 1 and not is_beginning_of_own else None


def _following(option: str, queue: list[str]) -> str:
    if not queue or is_name(queue[0]):
        raise InvalidParameter(f"--{option} needs a value", field=option)
    return queue.pop(0)
