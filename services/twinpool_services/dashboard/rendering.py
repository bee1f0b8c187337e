"""Templates, and how numbers and times are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from twinpool_services.dashboard.drawing.figures import amount, span
from twinpool_services.dashboard.drawing.marks import mark
from twinpool_services.dashboard.drawing.times import age, instant, moment
from twinpool_services.dashboard.static_files import StaticFiles


class Renderer:
    """Renders templates. Safe to use from many threads."""

    def __init__(self, static: StaticFiles) -> None:
        """Find the templates of this package; whatever is put into them is escaped."""
        self._environment = Environment(
            loader=PackageLoader("twinpool_services.dashboard", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {"amount": amount, "span": span, "instant": instant, "age": age, "moment": moment}
        self._environment.globals |= {"static": static.address, "mark": mark}

    def page(self, template: str, values: Mapping[str, Any]) -> str:
        """Render a template."""
        return self._environment.get_template(template).render(values)
