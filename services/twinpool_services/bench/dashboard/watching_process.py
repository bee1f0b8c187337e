"""The process that watches: some streams of events, read as fast as they come.

It is a process of its own so that what it spends is not spent by whoever writes and measures.
"""

from __future__ import annotations

import asyncio
import os
import sys

COOKIE = "TWINPOOL_BENCH_COOKIE"  #: in the environment, where nobody else reads it
BEGUN, NEWS = "begun\n", "news\n"  #: what it tells: of each stream once, and of each event
LONGEST_LINE = 4 * 1024 * 1024  #: bytes; an event is one line


async def watch(host: str, port: int, path: str, cookie: str) -> None:
    """Read a stream until it ends; raise `ConnectionError` if it is none."""
    reader, writer = await asyncio.open_connection(host, port, limit=LONGEST_LINE)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n\r\n".encode("ascii"))
    if b" 200 " not in await reader.readline():
        raise ConnectionError(f"{path} was refused")
    print(BEGUN, end="", flush=True)
    while line := await reader.readline():
        if line.startswith(b"event: news"):
            print(NEWS, end="", flush=True)


async def watch_all(host: str, port: int, paths: list[str]) -> None:
    """Read all of them at the same time."""
    await asyncio.gather(*(watch(host, port, path, os.environ[COOKIE]) for path in paths))


if __name__ == "__main__":
    asyncio.run(watch_all(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
