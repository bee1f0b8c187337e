"""How times are written: with their zone, and ages so that the page can count on by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def instant(at: float) -> Markup:
    """Write a time with its zone."""
    moment = datetime.fromtimestamp(at, UTC)
    shown = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}">{}</time>').format(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), shown)


def moment(said: str, exact: bool = False) -> Markup:  # noqa: FBT001, FBT002 - written so in templates
    """Write a time that a document tells in ISO 8601; to the millisecond if it is to be exact."""
    known = datetime.fromisoformat(said).astimezone(UTC)
    shown = known.strftime("%Y-%m-%d %H:%M:%S")
    shown += f".{known.microsecond // 1000:03d} UTC" if exact else " UTC"
    return Markup('<time datetime="{}">{}</time>').format(said, shown)


def age(at: float | None, never: str = "never") -> Markup:
    """Write how long ago something was; the page counts on by itself, so that the text need not be sent again."""
    return _age("time", at, never)


def age_in_svg(at: float | None, never: str = "never") -> Markup:
    """Write the same within a picture."""
    return _age("tspan", at, never)


def _age(element: str, at: float | None, never: str) -> Markup:
    if at is None:
        return Markup("{}").format(never)
    shown = datetime.fromtimestamp(at, UTC).strftime("at %H:%M:%S UTC")
    return Markup('<{0} data-age="{1}">{2}</{0}>').format(Markup(element), round(at), shown)  # noqa: S704 - our own words
