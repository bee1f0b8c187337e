"""The command line of the browser tests: whether the pictures of the docs are taken anew."""

from __future__ import annotations

import pytest


def add_picture_option(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("browser", "tests in a browser").addoption(
        "--pictures", action="store_true", help="take the pictures of the docs anew, into docs/pictures"
    )
