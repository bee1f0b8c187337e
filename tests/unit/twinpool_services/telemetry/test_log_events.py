"""The catalogue of the log's words and the code agree, both ways."""

from __future__ import annotations

import re
from pathlib import Path

from twinpool_services.telemetry.log_events import EVENTS

SOURCES = [Path(__file__).parents[4] / folder for folder in ("shared", "services")]

_SAID = re.compile(r'"event": "([a-z_.]+)"|_say\(\s*"([a-z_.]+)"|[Pp]olicy\(\s*name="([a-z_.]+)"')


def said() -> set[str]:
    """Find the words in the code; the retries of a policy are told by its name."""
    words = set()
    for folder in SOURCES:
        for file in folder.rglob("*.py"):
            for event, told, policy in _SAID.findall(file.read_text(encoding="utf-8")):
                words.add(event or told or f"{policy}.retry")
    return words


def test_every_word_of_the_log_is_explained() -> None:
    missing = sorted(said() - EVENTS.keys())

    assert not missing, f"explain them in telemetry/log_events.py, then run scripts/docs: {missing}"


def test_no_word_is_explained_that_nobody_says() -> None:
    gone = sorted(EVENTS.keys() - said())

    assert not gone, f"take them out of telemetry/log_events.py, then run scripts/docs: {gone}"
