"""The words of states, as people read them."""

from __future__ import annotations

WORDS_OF = {
    "FinalState": "Final",
    "SteadyState": "Steady",
    "NonSteadyState": "Not steady",
    "ErrorState": "Error",
    "NotInitialized": "Not initialized",
    "NormalState": "Normal",
    "unknown": "Not known",
}
