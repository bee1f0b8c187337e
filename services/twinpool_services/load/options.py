"""Options that the commands of load runs share, and how they print a result."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer


class Format(enum.StrEnum):
    """How a result is shown."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", case_sensitive=False, help="json prints one object; progress on standard error.")
]


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a result for programs."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
