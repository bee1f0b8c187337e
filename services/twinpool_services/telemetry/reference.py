"""Renders docs/reference/metrics.md and events.md from the tables that the code itself uses."""

from __future__ import annotations

from collections.abc import Iterable

from twinpool_services.telemetry.catalogue import CATALOGUE, Source
from twinpool_services.telemetry.log_events import EVENTS

_GENERATED = "<!-- Made by scripts/docs from the code; change it there. -->"

_SOURCES = {Source.EVENTS: "counted in this process", Source.STORE: "read from the pool store every 5 to 30 s"}


def metrics_page() -> str:
    """Render docs/reference/metrics.md."""
    intro = (
        "# Metrics\n\n"
        "Each front end answers `GET /metrics` in Prometheus' text format, or in OpenMetrics' if `Accept` asks for\n"
        "it. Scraping reads memory alone. Every series has the label `pool` as well. What is *read from the pool\n"
        "store* is the same at every front end of a pool: take `max by (pool, …)`. What is *counted in this process*\n"
        "begins at 0 with the process; exports and imports are counted by the active front end: take\n"
        "`sum by (pool, …)`.\n"
        "Labels are bounded by the deployment and by the words below; no series names a record."
    )
    rows = (
        (
            f"`{each.name}`",
            each.kind.value,
            ", ".join(f"`{label}`" for label in each.labels),
            each.help,
            _SOURCES[each.source],
        )
        for each in CATALOGUE
    )
    words = (
        "## Words\n\n"
        "- `cause` of a session: `start`, `link`, `undelivered`, `store`, `reopen`, `sync`, `unanswered`, `silence`,\n"
        "  `pruned`, `ahead`, `diverged`, `digest`, `outnumbered`, or a reason of a refusal.\n"
        "- `reason` of a refusal: `import-failed`, `newer-session`, `higher-term`, `not-imported`, `reopen`,\n"
        "  `unroutable`, `rejected`.\n"
        "- `outcome` of a batch: `confirmed`, `unroutable`, `rejected`, `lost`.\n"
        "- `route_class`: `records`, `transactions`, `bulk`, `lookup`, `files`, `management`, `health`, `metrics`,\n"
        "  `other`.\n"
        "- `state` of the broker connection: `idle` (not the active front end), `down`, `up`, `blocked`.\n\n"
        "`process_*` are those of Prometheus' Python client."
    )
    table = _table(("metric", "type", "labels", "meaning", "source"), rows)
    return f"{_GENERATED}\n\n{intro}\n\n{table}\n\n{words}\n"


def events_page() -> str:
    """Render docs/reference/events.md."""
    intro = (
        "# Events of the log\n\n"
        "Each line of the log has a sentence for people (`message`), and for machines one of these words (`event`).\n"
        "`TWINPOOL_LOG_FORMAT=json` makes a line one JSON object. Sentences change, words do not."
    )
    table = _table(("event", "meaning"), ((f"`{word}`", meaning) for word, meaning in sorted(EVENTS.items())))
    return f"{_GENERATED}\n\n{intro}\n\n{table}\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
