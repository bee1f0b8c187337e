"""Spans of the way of a change: write → batch → import → acknowledgement, one trace over both pools.

Made through the OpenTelemetry API alone: without its SDK every span is a shadow that costs nothing worth mention. A
batch belongs to the trace of the first of its writes that is traced, and is linked with the others. Which trace a
write belongs to is known in the memory of the front end that took it. A batch that carries writes of another front end
begins a trace of its own, and that front end joins the two afterwards: it finds the batch by the write's position, and
puts a span into the write's trace that is linked with the batch (see `batch_traces`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from twinpool.ports.broker import Outcome
from twinpool.protocol.messages import Acknowledgement, Batch
from twinpool.vocabulary.change import Committed
from twinpool.vocabulary.names import PoolFqdn, Position, Route, Stream

MOST_WRITES = 10_000  #: whose traces are remembered until a batch carries them
MOST_LINKS = 64  #: of one batch with the writes that it carries
MOST_BATCHES = 1_000  #: whose traces are told to other front ends

_W3C = TraceContextTextMapPropagator()
_HEADER = "traceparent"


class CarriedBatch(NamedTuple):
    """A batch that was sent, and the trace that it belongs to."""

    stream: Stream
    after: Position
    last: Position
    traceparent: str  #: of its span


class Tracing:
    """Makes the spans of one pool. Safe to use from many threads."""

    def __init__(self, pool: PoolFqdn, provider: TracerProvider | None = None) -> None:
        """Make spans with a provider; with the process's own if none is given."""
        self._pool = pool
        self._tracer = trace.get_tracer("twinpool", tracer_provider=provider)
        self._writes: OrderedDict[tuple[Stream, Position], SpanContext] = OrderedDict()
        self._unjoined: OrderedDict[tuple[Stream, Position], SpanContext] = OrderedDict()
        self._batches: deque[CarriedBatch] = deque(maxlen=MOST_BATCHES)
        self._guard = threading.Lock()
        self._has_provider = provider is not None

    @property
    def is_on(self) -> bool:
        """Whether anybody may record spans; if not, what stands in the way of every request need not make them."""
        return self._has_provider or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)

    @contextmanager
    def serving(self, name: str, traceparent: str | None) -> Iterator[Span]:
        """A request of a client, who may have begun the trace."""
        context = _W3C.extract({_HEADER: traceparent}) if traceparent else None
        with self._tracer.start_as_current_span(name, context=context, kind=SpanKind.SERVER) as span:
            yield span

    @contextmanager
    def writing(self, stream: Stream) -> Iterator[Span]:
        """A transaction from before its commit until after it."""
        with self._tracer.start_as_current_span("twinpool.write", attributes=self._about(stream)) as span:
            yield span

    def committed(self, span: Span, stream: Stream, committed: Committed) -> None:
        """Remember which trace a write belongs to, until a batch carries it."""
        if not span.is_recording():
            return
        span.set_attribute("twinpool.position.last", committed.position)
        with self._guard:
            for remembered in (self._writes, self._unjoined):
                remembered[stream, committed.position] = span.get_span_context()
                while len(remembered) > MOST_WRITES:
                    remembered.popitem(last=False)

    def batch(self, route: Route, batch: Batch) -> Span:
        """Begin the span of a batch that is handed to the broker; `published` ends it."""
        writes = self._writes_of(route.stream, batch)
        parent = trace.set_span_in_context(trace.NonRecordingSpan(writes[0])) if writes else None
        span = self._tracer.start_span(
            "twinpool.batch",
            context=parent,
            kind=SpanKind.PRODUCER,
            links=[Link(each) for each in writes[1:MOST_LINKS]],
            attributes={**self._about_batch(route.stream, batch), "twinpool.destination": route.destination},
        )
        if span.is_recording() and batch.change_sets and (traceparent := traceparent_of(span)) is not None:
            with self._guard:
                self._batches.append(CarriedBatch(route.stream, batch.after, batch.last, traceparent))
        return span

    def published(self, span: Span, outcome: Outcome) -> None:
        """End the span of a batch with what the broker said."""
        span.set_attribute("twinpool.outcome", outcome.value)
        if outcome is not Outcome.CONFIRMED:
            span.set_status(Status(StatusCode.ERROR, outcome.value))
        span.end()

    @contextmanager
    def importing(self, stream: Stream, batch: Batch, traceparent: str | None) -> Iterator[Span]:
        """A batch from when it is taken up until it is applied and acknowledged."""
        context = _W3C.extract({_HEADER: traceparent}) if traceparent else None
        attributes = self._about_batch(stream, batch)
        with self._tracer.start_as_current_span(
            "twinpool.import", context=context, kind=SpanKind.CONSUMER, attributes=attributes
        ) as span:
            yield span

    def acknowledged(self, route: Route, message: Acknowledgement, traceparent: str | None) -> None:
        """The importer's word came back."""
        if traceparent is None:
            return
        attributes: dict[str, str | int] = {
            **self._about(route.stream),
            "twinpool.session": str(message.session),
            "twinpool.batch.number": message.number,
        }
        self._tracer.start_span(
            "twinpool.acknowledgement",
            context=_W3C.extract({_HEADER: traceparent}),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
        ).end()

    # ── joining what two front ends know ────────────────────────────────────────────────────────────────────────

    def batches(self) -> Sequence[CarriedBatch]:
        """Return the newest traced batches that this front end has sent, oldest first."""
        with self._guard:
            return tuple(self._batches)

    @property
    def has_unjoined(self) -> bool:
        """Whether there are writes of which it is not known which batch carried them."""
        return bool(self._unjoined)

    def join(self, batches: Iterable[CarriedBatch]) -> None:
        """Link writes of this front end with the batches of another that carried them."""
        for batch in batches:
            for (stream, position), write in self._carried_by(batch):
                context = trace.set_span_in_context(trace.NonRecordingSpan(write))
                found = _W3C.extract({_HEADER: batch.traceparent})
                self._tracer.start_span(
                    "twinpool.carried",
                    context=context,
                    links=[Link(trace.get_current_span(found).get_span_context())],
                    attributes={**self._about(stream), "twinpool.position.last": position},
                ).end()

    def _carried_by(self, batch: CarriedBatch) -> list[tuple[tuple[Stream, Position], SpanContext]]:
        """Take the writes that a batch carried out of those that are not joined."""
        with self._guard:
            found = [
                each
                for each in self._unjoined.items()
                if each[0][0] == batch.stream and batch.after < each[0][1] <= batch.last
            ]
            for key, _ in found:
                del self._unjoined[key]
        return found

    def _about(self, stream: Stream) -> dict[str, str]:
        return {"twinpool.pool": self._pool, "twinpool.home": stream.home, "twinpool.module": stream.module}

    def _about_batch(self, stream: Stream, batch: Batch) -> dict[str, str | int]:
        return {
            **self._about(stream),
            "twinpool.session": str(batch.session),
            "twinpool.batch.number": batch.number,
            "twinpool.batch.changes": batch.change_count,
            "twinpool.position.after": batch.after,
            "twinpool.position.last": batch.last,
        }

    def _writes_of(self, stream: Stream, batch: Batch) -> list[SpanContext]:
        """Return the traces of the writes that a batch carries; a batch that is sent again is of the same ones."""
        if not self._writes:
            return []
        with self._guard:
            keys = [(stream, change_set.position) for change_set in batch.change_sets]
            for key in keys:
                self._unjoined.pop(key, None)
            return [found for key in keys if (found := self._writes.get(key)) is not None]


def traceparent_of(span: Span) -> str | None:
    """Return what a message carries of a span; None for one that nobody records."""
    if not span.get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context=trace.set_span_in_context(span))
    return carrier.get(_HEADER)


def current_traceparent() -> str | None:
    """Return what a message carries of the span that this thread is in."""
    return traceparent_of(trace.get_current_span())
