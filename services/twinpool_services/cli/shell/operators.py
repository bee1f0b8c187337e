"""What the operators of the shell mean: as in PowerShell, in any case of letters, by the type of what stands left."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.timespan import parse_timespan
from twinpool_services.cli.shell.values import Value, is_true, text_of

Judgement = Callable[[Value, Value], bool]


def apply(operator: str, left: Value, right: Value) -> Value:
    """Apply an operator that stands between two values. Raises `InvalidParameter`."""
    if operator in _OF_A_LIST:
        return _OF_A_LIST[operator](left, right)
    judge = COMPARISONS[operator]
    if isinstance(left, list):
        return [one for one in left if judge(one, right)]
    return judge(left, right)


def is_equal(left: Value, right: Value) -> bool:
    """Whether two values are the same, the right one taken as the type of the left one."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == is_true(right)
    if isinstance(left, int | float):
        number = number_of(right)
        return number is not None and left == number
    return text_of(left).casefold() == text_of(right).casefold()


def number_of(value: Value) -> int | float | None:
    """Return a value as a number, None if it is none."""
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return None


def order_of(value: Value) -> tuple[int, float | str]:
    """Return what values are ordered by: numbers, then time spans, then texts."""
    if isinstance(value, int | float):
        return 0, float(value)
    try:
        return 1, parse_timespan(text_of(value)).total_seconds()
    except ValueError:
        return 2, text_of(value).casefold()


def _is_greater(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return left is not None
    if isinstance(left, int | float):
        number = number_of(right)
        if number is None:
            raise InvalidParameter(f"{text_of(right)!r:.60} is no number, so it cannot be compared with {left}")
        return left > number
    first, second = order_of(left), order_of(right)
    if first[0] != second[0]:
        return text_of(left).casefold() > text_of(right).casefold()
    return first > second


def _is_less(left: Value, right: Value) -> bool:
    return not is_equal(left, right) and not _is_greater(left, right)


def _is_like(left: Value, right: Value) -> bool:
    return fnmatch.fnmatchcase(text_of(left).casefold(), text_of(right).casefold())


def _matches(left: Value, right: Value) -> bool:
    try:
        return re.search(text_of(right), text_of(left), re.IGNORECASE) is not None
    except re.error as error:
        raise InvalidParameter(f"{text_of(right)!r:.60} is no regular expression: {error}") from error


def _contains(left: Value, right: Value) -> bool:
    return any(is_equal(one, right) for one in (left if isinstance(left, list) else [left]))


def _not(judge: Judgement) -> Judgement:
    return lambda left, right: not judge(left, right)


COMPARISONS: Mapping[str, Judgement] = {
    "eq": is_equal,
    "ne": _not(is_equal),
    "gt": _is_greater,
    "ge": lambda left, right: is_equal(left, right) or _is_greater(left, right),
    "lt": _is_less,
    "le": _not(_is_greater),
    "like": _is_like,
    "notlike": _not(_is_like),
    "match": _matches,
    "notmatch": _not(_matches),
}

#: Those that look at a list as a whole.
_OF_A_LIST: Mapping[str, Judgement] = {
    "contains": _contains,
    "notcontains": _not(_contains),
    "in": lambda left, right: _contains(right, left),
    "notin": lambda left, right: not _contains(right, left),
}

LOGICAL = frozenset({"and", "or"})
BINARY = frozenset({*COMPARISONS, *_OF_A_LIST})
