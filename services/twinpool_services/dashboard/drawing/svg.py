"""Elements of SVG: names and words are escaped, numbers are short."""

from __future__ import annotations

from markupsafe import Markup, escape


def tag(name: str, *inside: str | Markup, **attributes: str | float | None) -> Markup:
    """Write an element; `cls` is its class, `view_box` its viewBox, and `_` in other names stands for `-`.

    >>> str(tag("text", "a < b", x=1.25, cls="name"))
    '<text x="1.2" class="name">a &lt; b</text>'
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(_NAMES.get(key, key.replace("_", "-")), _short(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, Markup("").join(map(escape, inside)))


_NAMES = {"cls": "class", "view_box": "viewBox", "tabindex": "tabindex"}


def _short(value: str | float) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:.1f}"
    return text.removesuffix(".0")
