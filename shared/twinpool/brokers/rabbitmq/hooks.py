"""What the halves of a link's life need of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Hooks(Protocol):
    """Answers to what may happen on a channel."""

    def contained(self, call: Callable[..., None]) -> Callable[..., None]:
        """Keep the errors of a callback from pika: they end the life, with the traceback in the log."""

    def channel_gone(self, channel: Any, error: Exception) -> None:
        """End the life: a channel that it lives on was closed."""

    def prepared(self) -> None:
        """Hear that a half is ready."""
