"""Messages in a few words, for traces."""

from __future__ import annotations

from twinpool.protocol.messages import Acknowledgement, Batch, Open, Opened, Piece, Refused, Reopen, StreamMessage


def told(message: StreamMessage) -> str:
    """Say a message in a few words."""
    what = f"{type(message).__name__} {message.session}"
    match message:
        case Open():
            return f"{what} (log from {message.oldest} to {message.head})"
        case Opened():
            return f"{what} at {message.cursor}, {message.staging}"
        case Batch():
            kind = "canary" if message.is_canary else "staged" if message.staged else "batch"
            return f"{what} #{message.number} {kind} {message.after}→{message.last}"
        case Piece():
            return f"{what} #{message.number} {message.walked_from}→{message.walked_to} settles {message.settles_at}"
        case Acknowledgement():
            return f"{what} #{message.number} at {message.cursor}"
        case Reopen() | Refused():
            return f"{what}: {message.reason}"
