"""What a `Child` says and hears: one JSON object a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any


def hear() -> Mapping[str, Any]:
    """Return what we are told next; nothing once nobody tells us anything any more."""
    line = sys.stdin.readline()
    told: Mapping[str, Any] = json.loads(line) if line else {}
    return told


def say(word: str, **more: object) -> None:
    """Say something to whoever started us."""
    sys.stdout.write(json.dumps({"word": word, **more}) + "\n")
    sys.stdout.flush()


def keep_others_from_speaking() -> None:
    """Send what foreign code prints to standard error, so that only `say` is heard."""
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
