"""Hands spans to OpenTelemetry's SDK where that is installed and asked for; see `OTEL_…` in its documentation.

`OTEL_TRACES_EXPORTER` (`otlp`, `console`, or any that a package registers), `OTEL_EXPORTER_OTLP_ENDPOINT` and the
like, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…` and `OTEL_SDK_DISABLED` mean
what they mean everywhere. Without any of the first two nothing is exported.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points, version

from opentelemetry import trace

log = logging.getLogger(__name__)

_GROUP = "opentelemetry_traces_exporter"
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def wanted_exporters(environment: Mapping[str, str]) -> list[str]:
    """Name the exporters that the environment asks for, as their packages register them."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    named = environment.get("OTEL_TRACES_EXPORTER") or ("otlp" if endpoint else "none")
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    otlp = _OTLP.get(protocol or "http/protobuf", "otlp_proto_http")
    words = [word.strip() for word in named.split(",")]
    return [otlp if word == "otlp" else word for word in words if word and word != "none"]


def start_tracing(pool: str, front_end: str, environment: Mapping[str, str] = os.environ) -> Callable[[], None]:
    """Begin to export spans if the environment asks for it; return what sends the rest and ends it."""
    names = wanted_exporters(environment)
    if not names:
        return _nothing
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _complain("the OpenTelemetry SDK is not installed: pip install 'twinpool[telemetry]'")
        return _nothing
    known = {each.name: each for each in entry_points(group=_GROUP)}
    # What the environment says of the resource counts more than what we say: the SDK merges it in.
    about = {"twinpool.pool": pool, "service.instance.id": front_end, "service.version": version("twinpool")}
    if "OTEL_SERVICE_NAME" not in environment:
        about["service.name"] = "twinpool"
    provider = TracerProvider(resource=Resource.create(about))
    for name in names:
        if name not in known:
            _complain(f"there is no exporter {name}: pip install 'twinpool[telemetry]'")
            continue
        provider.add_span_processor(BatchSpanProcessor(known[name].load()()))
    trace.set_tracer_provider(provider)
    log.info("spans are exported by %s", ", ".join(names), extra={"event": "tracing.started", "exporters": names})
    return provider.shutdown


def _complain(reason: str) -> None:
    log.warning("no spans are exported: %s", reason, extra={"event": "tracing.unavailable", "reason": reason})


def _nothing() -> None:
    """There is nothing to end."""
