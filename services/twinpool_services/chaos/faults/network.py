"""Lines that are cut, slow, narrow or torn."""

from __future__ import annotations

import threading

from twinpool_services.chaos.faults.fault import Active, TakenBackBy
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import Stage
from twinpool_services.chaos.tcp_proxy import Line, Proxies

RESET_EVERY = 0.5  #: seconds


def partition(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Let nothing pass in a direction, to everything outside the pool or to one kind of place."""
    direction = fault.settings.get("direction", "both")
    if (namespaces := stage.lab.servers.namespaces) is not None:
        namespaces.part(fault.target, outwards=direction in {"both", "out"}, inwards=direction in {"both", "in"})
        return TakenBackBy(lambda: namespaces.join(fault.target), f"{direction}, by the kernel")
    lines = _lines(stage, fault, without_store=True)
    for line in lines:
        line.rule.cut_out = direction in {"both", "out"}
        line.rule.cut_in = direction in {"both", "in"}

    def join() -> None:
        for line in lines:
            line.rule.cut_out = line.rule.cut_in = False

    return TakenBackBy(join, f"{direction}, {len(lines)} lines")


def latency(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Let everything take longer."""
    lines = _lines(stage, fault)
    for line in lines:
        line.rule.delay = float(fault.settings["seconds"])

    def quicken() -> None:
        for line in lines:
            line.rule.delay = 0.0

    return TakenBackBy(quicken, f"{len(lines)} lines")


def bandwidth(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Let only so many bytes a second pass."""
    lines = _lines(stage, fault)
    for line in lines:
        line.rule.rate = float(fault.settings["bytes"])

    def widen() -> None:
        for line in lines:
            line.rule.rate = None

    return TakenBackBy(widen, f"{len(lines)} lines")


class _Resetting(threading.Thread):
    """Resets connections again and again."""

    def __init__(self, proxies: Proxies, lines: list[Line]) -> None:
        super().__init__(name="resets", daemon=True)
        self._proxies, self._lines, self._ending = proxies, lines, threading.Event()
        self.count = proxies.reset(lines)

    def run(self) -> None:
        while not self._ending.wait(RESET_EVERY):
            self.count += self._proxies.reset(self._lines)

    def take_back(self) -> str:
        self._ending.set()
        self.join()
        return f"{self.count} connections reset"


def reset(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Reset all connections, and those that are made anew, until it is taken back."""
    resetting = _Resetting(stage.proxies, _lines(stage, fault))
    resetting.start()
    return resetting


def _lines(stage: Stage, fault: Fault, *, without_store: bool = False) -> list[Line]:
    """Return the lines of a pool; its store is at its own site, so no partition goes through there unasked."""
    link = str(fault.settings.get("link", "all"))
    proxies: Proxies = stage.proxies
    if link == "all" and without_store:
        return proxies.of(fault.target, "broker") + proxies.of(fault.target, "partner")
    return proxies.of(fault.target, link)
