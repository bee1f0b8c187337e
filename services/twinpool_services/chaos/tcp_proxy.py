"""A small TCP proxy that holds back, delays, slows down or resets what passes through it.

One thread serves all lines on an event loop of its own. What is held back is not lost, as TCP would not lose it: it
goes on when the line is whole again, unless the ends have given each other up by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

Result = TypeVar("Result")

LOOPBACK = "127.0.0.1"
PIECE = 64 * 1024
LOOK = 0.02  #: seconds between two looks whether a line that is cut is whole again
RESET = struct.pack("ii", 1, 0)  #: linger for no time: closing sends RST


@dataclass(slots=True)
class Rule:
    """What happens to what passes; out is from the pool, in is to it."""

    cut_out: bool = False
    cut_in: bool = False
    delay: float = 0.0  #: seconds, each way
    rate: float | None = None  #: bytes a second, each way

    def is_cut(self, *, outwards: bool) -> bool:
        """Say whether nothing passes in a direction."""
        return self.cut_out if outwards else self.cut_in


class Line:
    """Everything that goes from one pool to one other place."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        """Lead to a host and port."""
        self.rule = Rule()
        self.port = 0
        self.passed = 0  #: bytes, both ways
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self, at: tuple[str, int] = (LOOPBACK, 0)) -> asyncio.Server:
        """Listen at an address; unless told otherwise on a free port of 127.0.0.1. Raises `OSError`."""
        server = await asyncio.start_server(self._serve, *at)
        self.port = int(server.sockets[0].getsockname()[1])
        return server

    def reset_all(self) -> int:
        """Reset every connection; return how many there were."""
        for writer in list(self._writers):
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return len(self._writers) // 2

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._upstream)
        except OSError:  # Nobody is there: the caller sees the connection end.
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, outwards=True))
                group.create_task(self._pump(far_reader, writer, outwards=False))
        except* OSError:
            pass  # One end is gone; the other is told by closing.
        finally:
            for one in (writer, far_writer):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, outwards: bool) -> None:
        """Pass pieces on in order, each when its time has come."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)

        async def deliver() -> None:
            while True:
                due, piece = await waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                while self.rule.is_cut(outwards=outwards):
                    await asyncio.sleep(LOOK)
                if self.rule.rate:
                    await asyncio.sleep(len(piece) / self.rule.rate)
                if not piece:
                    raise ConnectionError("the other end has closed")
                writer.write(piece)
                await writer.drain()
                self.passed += len(piece)

        delivering = asyncio.create_task(deliver())
        try:
            while not delivering.done():
                piece = await reader.read(PIECE)
                await waiting.put((loop.time() + self.rule.delay, piece))
                if not piece:
                    break
            await delivering
        finally:
            delivering.cancel()


class Proxies:
    """All lines of a lab."""

    def __init__(self) -> None:
        """Start the thread."""
        self.lines: dict[tuple[str, str], list[Line]] = {}  #: by pool, and link: broker, partner, store
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp proxies", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lead(self, pool: str, link: str, upstream: tuple[str, int], at: tuple[str, int] = (LOOPBACK, 0)) -> int:
        """Put a line before an address and return the port to be used instead of it. Raises `OSError`."""
        line = Line(upstream)
        self._servers.append(self._run(line.listen(at)))
        self.lines.setdefault((pool, link), []).append(line)
        return line.port

    def of(self, pool: str, link: str = "all") -> list[Line]:
        """Return the lines of a pool, to one kind of place or to all."""
        return [
            line for (whose, to), lines in self.lines.items() for line in lines if whose == pool and link in {to, "all"}
        ]

    def reset(self, lines: list[Line]) -> int:
        """Reset all connections of lines; return how many."""

        async def reset() -> int:
            return sum(line.reset_all() for line in lines)

        return self._run(reset())

    def heal(self) -> None:
        """Let everything pass again."""
        for lines in self.lines.values():
            for line in lines:
                line.rule = Rule()

    def close(self) -> None:
        """Reset everything and end the thread."""

        async def close() -> None:
            for server in self._servers:
                server.close()
            for lines in self.lines.values():
                for line in lines:
                    line.reset_all()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        if self._loop.is_running():
            self._run(close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)
