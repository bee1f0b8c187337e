"""A lab that a bench has for itself: real front ends, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinpool_services.bench.servers import BROKER_VARIABLE
from twinpool_services.lab import Display, Lab, LabPlan, StoreKind


@contextmanager
def lab_of_bench(kind: StoreKind, shown: Display, front_ends: int = 1) -> Iterator[Lab]:
    """Have two pools of so many front ends while the block runs, and nothing of them afterwards."""
    lab = Lab(Path(tempfile.mkdtemp(prefix="twinpool-bench-")), shown)
    try:
        lab.up(LabPlan(pools=2, front_ends=front_ends, store=kind, broker_url=os.environ.get(BROKER_VARIABLE) or None))
        yield lab
    finally:
        if lab.exists:
            lab.down(erase=True)
        shutil.rmtree(lab.directory, ignore_errors=True)
