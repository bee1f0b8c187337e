"""What a front end remembers of a module, second by second."""

from __future__ import annotations

from twinpool_services.frontend.documents import Document

Numbers = dict[str, list[float | None]]


class RouteSeriesDocument(Document):
    """Of a route that the pool feeds."""

    destination: str
    numbers: Numbers  #: by what they are of; one for each step, null where nothing is known


class HappeningDocument(Document):
    """Something that happened, with its word."""

    at: float  #: in seconds since 1970
    kind: str  #: `session`, `refusal` or `failure`
    destination: str | None  #: of a route; null of what was imported
    word: str  #: its cause or reason


class SeriesDocument(Document):
    """All of it."""

    pool_fqdn: str
    front_end: str
    kept_since: float  #: in seconds since 1970; nothing from before is remembered
    begins: int  #: of the first step, in seconds since 1970
    step: int  #: seconds
    routes: list[RouteSeriesDocument]
    stream: Numbers | None  #: of what the pool is fed; null if it is not
    happenings: list[HappeningDocument]
