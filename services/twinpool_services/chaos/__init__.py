"""Chaos: scenarios that break a lab, and a verdict from the history of what clients were told.

What other services may use is named here.
"""

from twinpool_services.chaos.commands import app
from twinpool_services.chaos.history import History, Operation, Outcome, read_history
from twinpool_services.chaos.judging import Verdict, violations_of
from twinpool_services.chaos.running import Runner
from twinpool_services.chaos.scenario.stock import find_scenario, stock

__all__ = [
    "History",
    "Operation",
    "Outcome",
    "Runner",
    "Verdict",
    "app",
    "find_scenario",
    "read_history",
    "stock",
    "violations_of",
]
