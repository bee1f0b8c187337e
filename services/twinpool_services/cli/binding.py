"""Binds the words of a command line to the parameters of a cmdlet, by the rules of PowerShell.

- Names begin with a dash: `-`, `--`, or the en and em dashes that word processors make of them.
- Case does not matter, and a name may be cut short as long as it stays clear which one is meant.
- A value follows as the next word or after a colon (`-Name:value`, and `--name=value`); a switch needs none.
- A list is parted by commas, with or without blanks around them.
- What has no name goes to the parameters that have a position, in order.
- Parameters of different sets do not go together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from twinpool.errors import InvalidParameter
from twinpool_services.cli.cmdlet import Bound, Cmdlet
from twinpool_services.cli.parameters import Parameter

DASHES = "-\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}\N{MINUS SIGN}"

_NAME = re.compile(
    rf"[{DASHES}]{{1,2}}(?P<name>[A-Za-z?][\w?-]*)(?:(?P<mark>[:=])(?P<value>.*))?", re.DOTALL | re.ASCII
)


def is_name(word: str) -> bool:
    """Whether a word names a parameter; a lone dash and a negative number do not."""
    return _NAME.fullmatch(word) is not None


def bind(cmdlet: Cmdlet, words: Sequence[str]) -> Bound:
    """Bind a command line. Raises `InvalidParameter` naming the parameter."""
    return bind_texts(cmdlet, read_words(cmdlet, words))


def bind_texts(cmdlet: Cmdlet, texts: Mapping[str, str]) -> Bound:
    """Bind texts by the parameters' own names. Raises `InvalidParameter` naming the parameter."""
    by_name = {parameter.name: parameter for parameter in cmdlet.all_parameters}
    given = {name: _value(by_name[name], text) for name, text in texts.items()}
    _check_sets(cmdlet, [by_name[name] for name in given])
    for parameter in missing(cmdlet, given):
        raise InvalidParameter(
            f"{cmdlet.name} needs -{parameter.name} <{parameter.type.label}>: {parameter.help}", field=parameter.name
        )
    return Bound(given, cmdlet.defaults)


def missing(cmdlet: Cmdlet, given: Collection[str]) -> list[Parameter]:
    """Return the parameters that have to be given and are not."""
    return [one for one in cmdlet.parameters if one.mandatory and one.name not in given]


def read_words(cmdlet: Cmdlet, words: Sequence[str]) -> dict[str, str]:
    """Return the text of each parameter of a command line by its own name. Raises `InvalidParameter`."""
    return _Words(cmdlet, words).read()


def find_parameter(parameters: Sequence[Parameter], name: str, cmdlet: str) -> Parameter:
    """Find a parameter by its name, an alias, or an unmistakable beginning. Raises `InvalidParameter`."""
    wanted = name.casefold()
    for parameter in parameters:
        if wanted in {word.casefold() for word in (parameter.name, *parameter.aliases)}:
            return parameter
    meant = [parameter for parameter in parameters if parameter.name.casefold().startswith(wanted)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise InvalidParameter(f"-{name} is ambiguous: it may be {_listed(meant)}", field=name)
    raise InvalidParameter(f"{cmdlet} has no parameter -{name}; it has {_listed(parameters)}", field=name)


def _listed(parameters: Iterable[Parameter]) -> str:
    return ", ".join(f"-{parameter.name}" for parameter in parameters)


def _value(parameter: Parameter, text: str) -> object:
    try:
        value = parameter.type.read(text)
    except ValueError as error:
        raise InvalidParameter(f"-{parameter.name} {text!r:.60}: {error}", field=parameter.name) from error
    if parameter.refused and value is not False:
        raise InvalidParameter(f"-{parameter.name} is refused: {parameter.refused}", field=parameter.name)
    return value


def _check_sets(cmdlet: Cmdlet, given: Sequence[Parameter]) -> None:
    """Find a parameter set that holds all that was given."""
    choosing = [parameter for parameter in given if parameter.sets]
    if choosing and not frozenset.intersection(*(parameter.sets for parameter in choosing)):
        raise InvalidParameter(f"{_listed(choosing)} of {cmdlet.name} cannot be used together", field=choosing[-1].name)


class _Words:
    """The words of one command line, read from left to right."""

    def __init__(self, cmdlet: Cmdlet, words: Sequence[str]) -> None:
        self._cmdlet, self._words, self._at = cmdlet, words, 0
        self._texts: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Return the text of each parameter by its own name."""
        while self._at < len(self._words):
            word = self._words[self._at]
            self._at += 1
            if match := _NAME.fullmatch(word):
                parameter = find_parameter(self._cmdlet.all_parameters, match["name"], self._cmdlet.name)
                self._note(parameter, self._text_of(parameter, match["mark"], match["value"]))
            else:
                parameter = self._next_by_position(word)
                self._note(parameter, self._listed_text(parameter, word))
        return self._texts

    def _note(self, parameter: Parameter, text: str) -> None:
        if parameter.name in self._texts:
            raise InvalidParameter(f"-{parameter.name} is given twice", field=parameter.name)
        self._texts[parameter.name] = text

    def _text_of(self, parameter: Parameter, mark: str | None, attached: str | None) -> str:
        """Return the value after the mark, else the next word; a switch takes no word."""
        if attached or mark == "=":
            return self._listed_text(parameter, attached or "")
        if parameter.is_switch and mark is None:
            return "true"
        if self._at == len(self._words) or is_name(self._words[self._at]):
            raise InvalidParameter(f"-{parameter.name} needs a value: <{parameter.type.label}>", field=parameter.name)
        self._at += 1
        return self._listed_text(parameter, self._words[self._at - 1])

    def _listed_text(self, parameter: Parameter, text: str) -> str:
        """Take further words as long as a comma says that the list goes on."""
        while parameter.type.is_list and self._at < len(self._words):
            following = self._words[self._at]
            if is_name(following) or not (text.rstrip().endswith(",") or following.lstrip().startswith(",")):
                break
            text += following
            self._at += 1
        return text

    def _next_by_position(self, word: str) -> Parameter:
        placed = sorted(
            (parameter for parameter in self._cmdlet.parameters if parameter.position is not None),
            key=lambda parameter: parameter.position or 0,
        )
        for parameter in placed:
            if parameter.name not in self._texts:
                return parameter
        raise InvalidParameter(
            f"{self._cmdlet.name} cannot take {word!r:.60} without a parameter's name; it has "
            f"{_listed(self._cmdlet.parameters)}",
            field=word[:60],
        )
