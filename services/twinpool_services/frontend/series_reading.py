"""Reads what this front end remembers of a module."""

from __future__ import annotations

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.names import Route, Stream
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.series_documents import HappeningDocument, Numbers, RouteSeriesDocument, SeriesDocument
from twinpool_services.telemetry import Range

MOST_STEPS = 1_000  #: in one answer
DECIMALS = 6  #: of a number; of seconds that is a millionth


def read_series(context: Context, stream: Stream, wanted: Range) -> SeriesDocument:
    """Return the numbers of a range. Raises `InvalidParameter` if that is too much at once."""
    if not 0 < len(wanted.steps()) <= MOST_STEPS:
        raise InvalidParameter(f"a range has 1 to {MOST_STEPS} steps, not {len(wanted.steps())}", field="step")
    chronicle = context.telemetry.chronicle
    numbers = chronicle.read(stream, wanted)
    routes = {subject.destination: found for subject, found in numbers.items() if isinstance(subject, Route)}
    return SeriesDocument(
        pool_fqdn=context.pool.fqdn,
        front_end=context.front_end.name,
        kept_since=chronicle.since,
        begins=wanted.begins,
        step=wanted.step,
        routes=[RouteSeriesDocument(destination=to, numbers=_short(found)) for to, found in sorted(routes.items())],
        stream=_short(numbers[stream]) if stream in numbers else None,
        happenings=[
            HappeningDocument(
                at=each.at,
                kind=each.kind,
                destination=each.subject.destination if isinstance(each.subject, Route) else None,
                word=each.word,
            )
            for each in chronicle.happenings(stream, wanted.begins)
        ],
    )


def _short(numbers: Numbers) -> Numbers:
    """Leave out the figures that come from keeping numbers in little room."""
    return {
        name: [each if each is None else round(each, DECIMALS) for each in found] for name, found in numbers.items()
    }
