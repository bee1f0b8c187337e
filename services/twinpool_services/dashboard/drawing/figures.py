"""Numbers with their units, short enough for a picture."""

from __future__ import annotations

_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float | None, unit: str = "") -> str:
    """Write a number in at most four figures, with its unit.

    >>> amount(1234567, "B")
    '1.23 MB'
    >>> amount(12)
    '12'
    """
    if value is None:
        return "unknown"
    for size, prefix in _STEPS:
        if abs(value) >= size * (10 if size == 1e3 and not unit else 1):
            return f"{_three(value / size)} {prefix}{unit}"
    return f"{_three(value)} {unit}".rstrip()


def span(seconds: float | None, unknown: str = "unknown") -> str:
    """Write a time that something takes.

    >>> span(0.0042), span(3.2), span(150), span(7_300)
    ('4.2 ms', '3.2 s', '2 min 30 s', '2 h 1 min')
    """
    if seconds is None:
        return unknown
    if seconds < 1:
        return "0 s" if seconds < 0.00005 else f"{_three(seconds * 1000)} ms"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for large, small, size, less in (("d", "h", 86_400, 3_600), ("h", "min", 3_600, 60), ("min", "s", 60, 1)):
        if seconds >= size:
            rest = int(seconds % size) // less
            return f"{int(seconds // size)} {large}" + (f" {rest} {small}" if rest else "")
    return f"{seconds:.0f} s"


def _three(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
