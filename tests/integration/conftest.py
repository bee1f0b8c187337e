"""Fixtures of the integration tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the temporary files of a bench go; not pytest's own place, for PostgreSQL's user has to get there."""
    directory = Path(tempfile.mkdtemp(prefix="twinpool-test-bench-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
