"""Grafana's dashboards as code: `scripts/docs` writes what is made here to compose/grafana/dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_COLUMNS = 24  #: of Grafana's grid
_HEIGHT = 8

_ROUTE = "{{pool}} → {{destination}} {{home}} {{module}}"
_STREAM = "{{pool}} ← {{home}} {{module}}"

#: What a state of the export looks like; the numbers are those of `_by_state`.
_EXPORT_STATES = ("NotInitialized", "FinalState", "SteadyState", "NonSteadyState", "ErrorState")
_COLORS = ("text", "green", "light-green", "orange", "red")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture."""

    title: str
    queries: tuple[tuple[str, str], ...]  #: an expression of PromQL, and its legend
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    description: str = ""
    mappings: tuple[str, ...] = ()  #: words for the values 0, 1, 2 …


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One page of pictures."""

    uid: str
    title: str
    panels: tuple[Panel, ...]


def _rate(metric: str, by: str, where: str = "") -> str:
    return f'sum by ({by}) (rate({metric}{{pool=~"$pool"{where}}}[$__rate_interval]))'


def _growth(metric: str) -> str:
    """Take what every front end of a pool reads from the same store but once, by how much it has grown."""
    return f'max by (pool) (increase({metric}{{pool=~"$pool"}}[$__rate_interval]))'


def _newest(metric: str, by: str, where: str = "") -> str:
    """Take what every front end of a pool reads from the same store but once."""
    return f'max by ({by}) ({metric}{{pool=~"$pool"{where}}})'


def _quantile(quantile: float, metric: str, by: str) -> str:
    return f"histogram_quantile({quantile}, {_rate(f'{metric}_bucket', f'{by}, le')})"


def _mean(metric: str, by: str) -> str:
    return f"{_rate(f'{metric}_sum', by)} / {_rate(f'{metric}_count', by)}"


def _by_state(by: str) -> str:
    """Number the state that a route is in, so that it can be drawn as a coloured line over time."""
    parts = [
        f"{at} * {_newest('twinpool_export_state', by, f', state={json.dumps(state)}')}"
        for at, state in enumerate(_EXPORT_STATES)
    ]
    return " + ".join(parts)


_OF_ROUTE = "pool, home, module, destination"
_OF_STREAM = "pool, home, module"

REPLICATION = Dashboard(
    uid="twinpool-replication",
    title="Twinpool: replication",
    panels=(
        Panel(
            title="Export states",
            kind="state-timeline",
            width=24,
            queries=((_by_state(_OF_ROUTE), _ROUTE),),
            mappings=_EXPORT_STATES,
            description="By the partner's own word; see how the protocol works.",
        ),
        Panel(
            title="What a disaster now would cost",
            unit="s",
            queries=((_newest("twinpool_export_pending_age_seconds", _OF_ROUTE), _ROUTE),),
            description="Age of the oldest change that the partner has not acknowledged.",
        ),
        Panel(title="Pending changes", queries=((_newest("twinpool_export_pending_changes", _OF_ROUTE), _ROUTE),)),
        Panel(
            title="Lag from commit to import",
            unit="s",
            queries=(
                (_quantile(0.5, "twinpool_import_lag_seconds", _OF_STREAM), f"{_STREAM} p50"),
                (_quantile(0.99, "twinpool_import_lag_seconds", _OF_STREAM), f"{_STREAM} p99"),
            ),
        ),
        Panel(
            title="Imported changes a second",
            queries=((_rate("twinpool_imported_changes_total", _OF_STREAM), _STREAM),),
        ),
        Panel(
            title="Positions: head and acknowledged",
            queries=(
                (_newest("twinpool_export_head_position", _OF_ROUTE), f"head {_ROUTE}"),
                (_newest("twinpool_export_acknowledged_position", _OF_ROUTE), f"acknowledged {_ROUTE}"),
            ),
        ),
        Panel(title="Changes in a batch", queries=((_mean("twinpool_batch_changes", _OF_ROUTE), _ROUTE),)),
        Panel(
            title="Bytes of batches, before and after compression",
            unit="Bps",
            queries=(
                (_rate("twinpool_batch_payload_bytes_sum", "pool"), "{{pool}} payload"),
                (_rate("twinpool_batch_wire_bytes_sum", "pool"), "{{pool}} on the wire"),
            ),
        ),
        Panel(
            title="From publishing a batch to the broker's confirm",
            unit="s",
            queries=(
                (_quantile(0.5, "twinpool_batch_confirm_seconds", "pool"), "{{pool}} p50"),
                (_quantile(0.99, "twinpool_batch_confirm_seconds", "pool"), "{{pool}} p99"),
            ),
        ),
        Panel(
            title="Time to apply a batch",
            unit="s",
            queries=((_quantile(0.99, "twinpool_import_batch_seconds", _OF_STREAM), f"{_STREAM} p99"),),
        ),
        Panel(title="Log", unit="bytes", queries=((_newest("twinpool_log_bytes", _OF_ROUTE), _ROUTE),)),
        Panel(
            title="Seconds since the partner was heard",
            unit="s",
            queries=((_newest("twinpool_export_proof_age_seconds", _OF_ROUTE), _ROUTE),),
        ),
        Panel(
            title="Batches by what the broker said",
            queries=((_rate("twinpool_batches_total", "pool, outcome"), "{{pool}} {{outcome}}"),),
        ),
        Panel(
            title="Sessions by cause",
            queries=((_rate("twinpool_sessions_opened_total", "pool, cause"), "{{pool}} {{cause}}"),),
        ),
        Panel(
            title="Refusals",
            queries=(
                (_rate("twinpool_export_refusals_total", "pool, reason"), "{{pool}} heard {{reason}}"),
                (_rate("twinpool_import_refusals_total", "pool, reason"), "{{pool}} said {{reason}}"),
            ),
        ),
        Panel(
            title="Failed imports, quarantined and untrusted messages",
            queries=(
                (_rate("twinpool_import_failures_total", _OF_STREAM), f"failed {_STREAM}"),
                (_rate("twinpool_quarantined_messages_total", "pool, queue"), "quarantined {{queue}}"),
                (_growth("twinpool_untrusted_messages_total"), "{{pool}} does not trust"),
            ),
        ),
        Panel(
            title="Snapshot records a second",
            queries=((_rate("twinpool_snapshot_records_sent_total", _OF_ROUTE), _ROUTE),),
        ),
    ),
)

POOLS = Dashboard(
    uid="twinpool-pools",
    title="Twinpool: pools and front ends",
    panels=(
        Panel(
            title="Active front ends",
            kind="state-timeline",
            queries=(('max by (pool, instance) (twinpool_active{pool=~"$pool"})', "{{pool}} {{instance}}"),),
            mappings=("standby", "active"),
        ),
        Panel(
            title="Who serves a home",
            kind="state-timeline",
            queries=((_newest("twinpool_home_serving", "pool, home"), "{{pool}} serves {{home}}"),),
            mappings=("no", "yes"),
        ),
        Panel(
            title="Terms and generations",
            queries=(
                (_newest("twinpool_home_term", "pool, home"), "term of {{home}} at {{pool}}"),
                (_newest("twinpool_lease_generation", "pool"), "generation of {{pool}}"),
            ),
        ),
        Panel(
            title="Broker connection",
            queries=(
                (
                    'max by (pool, instance, state) (twinpool_broker_connection_state{pool=~"$pool"}) == 1',
                    "{{pool}} {{instance}} {{state}}",
                ),
            ),
        ),
        Panel(
            title="Requests a second",
            queries=(
                (
                    _rate("twinpool_http_requests_total", "pool, route_class, status"),
                    "{{pool}} {{route_class}} {{status}}",
                ),
            ),
        ),
        Panel(
            title="Time to answer",
            unit="s",
            queries=(
                (_quantile(0.99, "twinpool_http_request_seconds", "pool, route_class"), "{{pool}} {{route_class}} p99"),
            ),
        ),
        Panel(
            title="Time that calls to the store take",
            unit="s",
            queries=((_quantile(0.99, "twinpool_store_seconds", "pool, operation"), "{{pool}} {{operation}} p99"),),
        ),
        Panel(
            title="The store: answers, and calls that failed",
            queries=(
                (_newest("twinpool_store_up", "pool"), "{{pool}} answers"),
                (_rate("twinpool_store_errors_total", "pool, operation"), "{{pool}} {{operation}} failed"),
            ),
        ),
        Panel(
            title="Room on disks",
            unit="bytes",
            queries=(('min by (pool, place) (twinpool_disk_free_bytes{pool=~"$pool"})', "{{pool}} {{place}}"),),
        ),
        Panel(
            title="Clock of the store minus that of the front end",
            unit="s",
            queries=(('max by (pool) (abs(twinpool_store_clock_skew_seconds{pool=~"$pool"}))', "{{pool}}"),),
        ),
        Panel(
            title="Orphans",
            queries=(
                (_newest("twinpool_orphans", "pool, home, state"), "{{pool}} {{home}} {{state}}"),
                (
                    _newest("twinpool_orphans_undecided_classified", "pool, home, classification"),
                    "{{pool}} {{home}} {{classification}}",
                ),
            ),
        ),
        Panel(
            title="Failovers: how long the newest took",
            unit="s",
            queries=(
                (
                    _newest("twinpool_failover_last_duration_seconds", "pool, home, kind, outcome"),
                    "{{home}} to {{pool}} {{kind}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Failovers and receipts",
            queries=(
                (
                    _newest("twinpool_failovers_total", "pool, home, kind, outcome"),
                    "{{home}} to {{pool}} {{kind}} {{outcome}}",
                ),
                (_newest("twinpool_failovers_under_way", "pool, home"), "{{home}} to {{pool}} under way"),
            ),
        ),
        Panel(
            title="Read-only homes",
            kind="state-timeline",
            queries=((_newest("twinpool_home_read_only", "pool, home"), "{{home}} at {{pool}}"),),
            mappings=("writable", "read-only"),
        ),
    ),
)

DASHBOARDS = (REPLICATION, POOLS)


def dashboard_files() -> Mapping[str, str]:
    """Return the text of each file by its name."""
    return {f"{each.uid}.json": json.dumps(_document(each), indent=2, ensure_ascii=False) + "\n" for each in DASHBOARDS}


def _document(dashboard: Dashboard) -> Json:
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["twinpool"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_DATASOURCE, _POOL]},
        "annotations": {"list": []},
        "panels": list(_placed(dashboard.panels)),
    }


_SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

_DATASOURCE: Json = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}

_POOL: Json = {
    "name": "pool",
    "label": "Pool",
    "type": "query",
    "datasource": _SOURCE,
    "query": {"query": "label_values(twinpool_front_end_info, pool)", "refId": "pool"},
    "definition": "label_values(twinpool_front_end_info, pool)",
    "refresh": 2,
    "multi": True,
    "includeAll": True,
    "allValue": ".*",
    "current": {"text": "All", "value": "$__all"},
    "sort": 1,
}


def _placed(panels: Sequence[Panel]) -> Iterator[Json]:
    """Put panels beside each other, and below when there is no more room."""
    x = y = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > _COLUMNS:
            x, y = 0, y + _HEIGHT
        yield _panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": _HEIGHT})
        x += panel.width


def _panel(number: int, panel: Panel, place: Json) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "mappings": _mappings(panel.mappings)}, "overrides": []},
        "options": {} if panel.mappings else {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for at, (expression, legend) in enumerate(panel.queries)
        ],
    }


def _mappings(words: Sequence[str]) -> list[Json]:
    if not words:
        return []
    colors = _COLORS if len(words) == len(_COLORS) else ("text", "green")
    options = {
        str(at): {"text": word, "color": color, "index": at}
        for at, (word, color) in enumerate(zip(words, colors, strict=True))
    }
    return [{"type": "value", "options": options}]
