"""Elements of SVG: names and words are escaped, numbers are short.

Pictures are drawn again whenever something has changed, so this is text put together and no tree.
"""

from __future__ import annotations

from html import escape

from markupsafe import Markup

_NAMES = {"cls": "class", "view_box": "viewBox"}


def tag(name: str, *inside: str, **attributes: str | float | None) -> Markup:
    """Write an element; `cls` is its class, `view_box` its viewBox, and `_` in other names stands for `-`.

    >>> str(tag("text", "a < b", x=1.25, cls="name"))
    '<text x="1.2" class="name">a &lt; b</text>'
    """
    written = "".join(
        f' {_NAMES.get(key) or key.replace("_", "-")}="{_short(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    held = "".join(each if isinstance(each, Markup) else escape(each) for each in inside)
    return Markup(f"<{name}{written}>{held}</{name}>")  # noqa: S704 - escaped just now


def _short(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:.1f}".removesuffix(".0")
