"""What processes cost, by the kernel's word."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from twinpool_services.measuring.process_cost import cpu_seconds, peak_rss_mb, tree_cpu_seconds


def spend(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_processor_time_grows_with_work() -> None:
    before = cpu_seconds([os.getpid()])
    spend(0.1)

    assert cpu_seconds([os.getpid()]) - before >= 0.08


def test_the_time_of_children_that_have_ended_counts_for_the_tree_alone() -> None:
    own, tree = cpu_seconds([os.getpid()]), tree_cpu_seconds(os.getpid())
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)

    assert tree_cpu_seconds(os.getpid()) - tree >= 0.25
    assert cpu_seconds([os.getpid()]) - own < 0.25


def test_a_process_that_is_gone_costs_nothing() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    assert cpu_seconds([gone.pid]) == 0
    assert peak_rss_mb(gone.pid) == 0
    assert tree_cpu_seconds(gone.pid) == 0


def test_the_largest_memory_is_kept_after_it_was_given_back() -> None:
    before = peak_rss_mb(os.getpid())
    block = b"x" * (64 + int(before)) * 2**20
    del block

    assert peak_rss_mb(os.getpid()) > before + 30
