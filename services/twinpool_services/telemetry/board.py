"""Where numbers are kept until somebody scrapes them: a registry of Prometheus' client for one front end.

Scraping reads memory alone. The registry is the front end's own, so that two of them in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from twinpool_services.telemetry.catalogue import CATALOGUE, Kind, Metric, Source

Series = tuple[Metric, Mapping[str, str], float]  #: a metric, its labels, and the value


class _PoolRegistry(CollectorRegistry):
    """Puts the pool's name on every series, so that queries need not rely on how it is scraped."""

    def __init__(self, pool: str) -> None:
        super().__init__(auto_describe=False)
        self._pool = pool

    def collect(self) -> Iterator[Family]:
        for family in super().collect():
            family.samples = [
                sample._replace(labels={"pool": self._pool, **sample.labels}) for sample in family.samples
            ]
            yield family


class _Told:
    """Series that are told all at once and replace those of before; one of each metric."""

    def __init__(self) -> None:
        self._by_part: dict[str, Sequence[Series]] = {}

    def tell(self, part: str, series: Sequence[Series]) -> None:
        self._by_part = {**self._by_part, part: series}

    def collect(self) -> Iterable[Family]:
        families: dict[str, Family] = {}
        for metric, labels, value in [each for series in self._by_part.values() for each in series]:
            family = families.setdefault(metric.name, _family(metric))
            family.add_sample(metric.name, dict(labels), value)
        return families.values()


def _family(metric: Metric) -> Family:
    if metric.kind is Kind.COUNTER:
        return CounterMetricFamily(metric.name.removesuffix("_total"), metric.help)
    return GaugeMetricFamily(metric.name, metric.help)


class Board:
    """The numbers of one front end. Safe to use from many threads; nothing here blocks."""

    def __init__(self, pool: str) -> None:
        """Begin with nothing counted."""
        self._registry = _PoolRegistry(pool)
        self._told = _Told()
        counted = [metric for metric in CATALOGUE if metric.source is Source.EVENTS]
        self._counters = {
            each.name: Counter(each.name.removesuffix("_total"), each.help, each.labels, registry=self._registry)
            for each in counted
            if each.kind is Kind.COUNTER
        }
        self._histograms = {
            each.name: Histogram(each.name, each.help, each.labels, buckets=each.buckets, registry=self._registry)
            for each in counted
            if each.kind is Kind.HISTOGRAM
        }
        ProcessCollector(registry=self._registry)
        self._registry.register(self._told)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter; labels in the catalogue's order."""
        counter = self._counters[metric.name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put a value into a histogram."""
        histogram = self._histograms[metric.name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def tell(self, part: str, series: Sequence[Series]) -> None:
        """Replace the series that this part has told before."""
        self._told.tell(part, series)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all numbers in the format that a scraper accepts, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
