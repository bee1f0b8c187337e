"""Options that several benches have."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class Format(enum.StrEnum):
    """How a result is shown."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", case_sensitive=False, help="json prints one object; progress on standard error.")
]
