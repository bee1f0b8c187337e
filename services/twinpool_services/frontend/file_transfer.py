"""Files in and out, a piece at a time: memory is flat whatever their size, and a slow client holds no thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import BinaryIO

from fastapi import HTTPException
from fastapi.responses import StreamingResponse
from starlette.types import Send

from twinpool.content.incoming import Incoming, Stored
from twinpool.vocabulary.names import Digest
from twinpool_services.frontend.byte_ranges import ByteRange
from twinpool_services.frontend.context import Context

PIECE_BYTES = 1024 * 1024


async def receive_content(context: Context, pieces: AsyncIterator[bytes], expected: Digest | None = None) -> Stored:
    """Write a body into the content store, its digest computed meanwhile; durable when this returns.

    Raises `MalformedMessage`, and keeps nothing, if another digest was expected.
    """
    incoming = await context.in_thread(context.opened.content.incoming)
    gathered = bytearray()
    try:
        async for piece in pieces:
            gathered += piece
            if len(gathered) >= PIECE_BYTES:
                await context.in_thread(incoming.write, bytes(gathered))
                gathered.clear()
        return await context.in_thread(_finish, incoming, bytes(gathered), expected)
    finally:
        await asyncio.shield(context.in_thread(incoming.__exit__, None, None, None))


def _finish(incoming: Incoming, rest: bytes, expected: Digest | None) -> Stored:
    incoming.write(rest)
    return incoming.keep(expected)


class StreamedResponse(StreamingResponse):
    """Sends pieces as they come; `on_end` is called once, however that ends.

    A client that takes nothing for too long loses its connection, and with it this.
    """

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        *,
        on_end: Callable[[], None],
        status_code: int = 200,
        headers: Mapping[str, str],
        media_type: str | None = None,
    ) -> None:
        """Take the pieces over."""
        self._on_end = on_end
        super().__init__(pieces, status_code=status_code, headers=headers, media_type=media_type)

    async def stream_response(self, send: Send) -> None:
        """Send, and see to the end."""
        try:
            await super().stream_response(send)
        finally:
            self._on_end()


class ContentResponse(StreamedResponse):
    """Sends a part of an open file and closes it."""

    def __init__(
        self, context: Context, file: BinaryIO, part: ByteRange, *, status_code: int, headers: Mapping[str, str]
    ) -> None:
        """Take the file over."""
        self._context, self._file = context, file
        super().__init__(self._pieces(part), on_end=file.close, status_code=status_code, headers=headers)

    async def _pieces(self, part: ByteRange) -> AsyncIterator[bytes]:
        at = part.first
        while at < part.end:
            piece = await self._context.in_thread(os.pread, self._file.fileno(), min(PIECE_BYTES, part.end - at), at)
            if not piece:
                raise HTTPException(500, "the content is shorter than its record says")
            at += len(piece)
            yield piece
