"""Server-sent events: what is new in the sections of a page, for as long as it is open."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from twinpool_services.dashboard.live.collector import Collector, Watching

LONGEST = 600.0  #: seconds; then the browser asks again by itself, which prolongs the session
CHECKED_EVERY = 2.0  #: seconds after which it is seen whether whoever watches may still do so
SILENT_FOR = 10.0  #: seconds after which something is sent all the same, so that both ends know of each other
RETRY = 1_000  #: milliseconds after which a browser asks again

StillMay = Callable[[], Awaitable[bool]]


async def stream(collector: Collector, watching: Watching, still_may: StillMay) -> AsyncIterator[bytes]:
    """Yield events until the browser goes, the front end stops, or whoever watches may do so no more."""
    began = spoke = time.monotonic()
    yield f"retry: {RETRY}\n\n".encode("ascii")
    try:
        while not watching.ended and time.monotonic() - began < LONGEST:
            news = await watching.news(CHECKED_EVERY)
            if not await still_may():
                yield event("signed-out", "{}")
                return
            if news or time.monotonic() - spoke >= SILENT_FOR:
                spoke = time.monotonic()
                yield event("news", f'{{"at":{time.time():.3f},"sections":{_object(news)}}}')
    finally:
        collector.leave(watching)


def event(name: str, data: str) -> bytes:
    """Write one event; its data is JSON, which has no line ends of its own."""
    return f"event: {name}\ndata: {data}\n\n".encode("ascii")


def _object(members: Mapping[str, str]) -> str:
    """Write an object whose values are JSON already."""
    return "{" + ",".join(f"{json.dumps(name)}:{written}" for name, written in members.items()) + "}"
