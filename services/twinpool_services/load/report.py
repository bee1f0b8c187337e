"""The report of a run: one HTML file with everything in it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

from twinpool_services.load.plots import figures_of, picture
from twinpool_services.load.tables import Tables

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load {{ summary.profile }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #212121; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2rem; font-size: 1.1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem 1rem .2rem 0; text-align: right; }
td:first-child, th:first-child { text-align: left; }
img { max-width: 100%; } pre { overflow-x: auto; background: #f5f5f5; padding: 1rem; font-size: 12px; }
.warning { background: #fff3e0; padding: .5rem 1rem; }
</style>
</head>
<body>
<h1>Load {{ summary.profile }}</h1>
<p>{{ summary.description }} {{ summary.through }}, pool {{ summary.pool }}, seed {{ summary.seed }},
begun {{ summary.begun_at }}.</p>
{% if summary.stopped_early %}<p class="warning">Stopped before its end; this is what was measured until then.</p>
{% endif %}{% if summary.failed or summary.not_sent or summary.not_imported %}<p class="warning">
{{ summary.failed }} failed, {{ summary.not_sent }} due but never sent, {{ summary.not_imported }} written but not seen
imported.{% for why, count in summary.failures.items() %} {{ why }}: {{ count }}.{% endfor %}</p>
{% endif %}<table>
<tr><th>changes a second</th><th>offered</th><th>written</th></tr>
<tr><td></td><td>{{ summary.offered_per_s }}</td><td>{{ summary.achieved_per_s }}</td></tr>
</table>
<table>
<tr><th>ms from when it was due</th>{% for name in figures %}<th>{{ name }}</th>{% endfor %}</tr>
{% for key, title in (("write", "durable at the source"), ("lag", "imported by the partner")) %}{% if summary[key] %}
<tr><td>{{ title }}</td>{% for name in figures %}<td>{{ summary[key][name + "_ms"] }}</td>{% endfor %}</tr>
{% endif %}{% endfor %}</table>
{% for title, source in pictures.items() %}<h2>{{ title }}</h2>
<img alt="{{ title }} over time" src="{{ source }}">
{% endfor %}<h2>All figures</h2>
<pre>{{ document }}</pre>
</body>
</html>
"""
FIGURES = ("p50", "p90", "p99", "p99_9", "max")


def write_report(summary: Mapping[str, Any], tables: Tables, path: Path) -> None:
    """Write the report of a run. Raises `ExtraMissing`."""
    pictures = {
        title: "data:image/svg+xml;base64," + b64encode(picture(figure)).decode("ascii")
        for title, figure in figures_of(tables).items()
    }
    template = Environment(autoescape=True, trim_blocks=False).from_string(PAGE)
    document = json.dumps(summary, indent=2)
    text = template.render(summary=summary, pictures=pictures, figures=FIGURES, document=document)
    path.write_text(text, encoding="utf-8")
