"""The collector: looks at the deployment while anybody watches, and not at all when nobody does.

However many watch, there is one look at a time, and each section is rendered once for all who may see the same of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Mapping

from twinpool.errors import StoreUnavailable, TooManyAttempts, TwinpoolError
from twinpool_services.dashboard.live.gathering import Gathering
from twinpool_services.dashboard.live.history import History
from twinpool_services.dashboard.live.scene import Scene
from twinpool_services.dashboard.live.sections import Look, Wanted
from twinpool_services.dashboard.rendering import Renderer
from twinpool_services.frontend.context import Context

log = logging.getLogger(__name__)

EVERY = 0.7  #: seconds between two looks
LINGER = 5.0  #: seconds that it goes on after the last one has gone, who may just be turning a page
PATIENCE = 10.0  #: seconds that a page waits for the first look
MOST_WATCHERS = 100

News = Mapping[Wanted, str]  #: HTML of sections as JSON, which is the same for all who watch and so is written once


class TooManyWatch(TooManyAttempts):
    """This front end shows no more people what changes."""

    hint = "Close pages that nobody looks at, or look at another front end."


class Watching:
    """Somebody who watches. Used from the event loop alone."""

    def __init__(self, wanted: frozenset[Wanted]) -> None:
        """Want some sections."""
        self.wanted = wanted
        self.ended = False
        self._news: dict[str, str] = {}
        self._told = asyncio.Event()

    def tell(self, news: News) -> None:
        """Keep what is new until it is fetched; of each section only the newest."""
        found = {wanted.name: written for wanted, written in news.items() if wanted in self.wanted}
        self._news |= found
        if found:
            self._told.set()

    def end(self) -> None:
        """There will be no news any more."""
        self.ended = True
        self._told.set()

    async def news(self, seconds: float) -> dict[str, str]:
        """Wait for news, JSON by the names of sections; nothing if there is none in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return {}
        self._told.clear()
        news, self._news = self._news, {}
        return news


class Collector:
    """One for each front end."""

    def __init__(self, here: Context, renderer: Renderer) -> None:
        """Look at nothing yet."""
        self._here, self._renderer = here, renderer
        self.history = History(here)
        self._guard = threading.Condition()
        self._watching: set[Watching] = set()
        self._shown: dict[Wanted, str] = {}
        self._scene: Scene | None = None
        self._thread: threading.Thread | None = None
        self._keep_until = 0.0

    async def scene(self) -> Scene:
        """Return a scene that is not old, for a page; what is watched next finds the collector at work.

        Raises `StoreUnavailable` if there is none in time.
        """
        self._start(asyncio.get_running_loop())
        return await self._here.in_thread(self._await_scene)

    def watch(self, wanted: frozenset[Wanted]) -> Watching:
        """Tell somebody what is new, from now on until `leave`. Raises `TooManyWatch`."""
        if len(self._watching) >= MOST_WATCHERS:
            raise TooManyWatch(f"{MOST_WATCHERS} pages are kept up to date by this front end, and no more")
        watching = Watching(wanted)
        with self._guard:
            self._watching.add(watching)
            watching.tell({each: json.dumps(self._shown[each]) for each in wanted if each in self._shown})
        self._start(asyncio.get_running_loop())
        return watching

    def rendered(self, wanted: Wanted, scene: Scene) -> str:
        """Render a section of a scene. Blocks."""
        look = Look(
            here=self._here,
            scene=scene,
            history=self.history,
            renderer=self._renderer,
            argument=wanted.argument,
            sees=wanted.sees,
        )
        return wanted.section.render(look)

    def leave(self, watching: Watching) -> None:
        """Tell somebody nothing more."""
        with self._guard:
            self._watching.discard(watching)
            self._keep_until = time.monotonic() + LINGER

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._guard:
            self._keep_until = time.monotonic() + LINGER
            if self._thread is None and not self._here.stopping.requested:
                self._thread = threading.Thread(target=self._run, args=(loop,), name="dashboard", daemon=True)
                self._thread.start()
            self._guard.notify_all()

    def _await_scene(self) -> Scene:
        with self._guard:
            if not self._guard.wait_for(lambda: self._scene is not None, PATIENCE) or self._scene is None:
                raise StoreUnavailable(f"nothing was seen of the deployment within {PATIENCE:.0f} s")
            return self._scene

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        gathering = Gathering(self._here)
        try:
            with self._here.stopping.calling(self._wake):
                while self._is_wanted():
                    began = time.monotonic()
                    self._look(gathering, loop)
                    self._pause(began)
        except Exception:
            log.exception("the dashboard cannot be kept up to date", extra={"event": "dashboard.failed"})
        finally:
            gathering.close()
            self.history.close()
            self._end(loop)

    def _look(self, gathering: Gathering, loop: asyncio.AbstractEventLoop) -> None:
        scene = gathering.gather()
        with self._guard:
            self._scene = scene
            self._guard.notify_all()
            wanted = frozenset().union(*(each.wanted for each in self._watching))
        texts = {each: self._rendered_or_why_not(each, scene) for each in wanted}
        with self._guard:
            changed = [each for each, text in texts.items() if self._shown.get(each) != text]
        news = {each: json.dumps(texts[each]) for each in changed}
        with self._guard:
            self._shown = texts
            watching = list(self._watching)
        if news:
            loop.call_soon_threadsafe(_tell_all, watching, news)

    def _rendered_or_why_not(self, wanted: Wanted, scene: Scene) -> str:
        """Render a section; what one of them cannot show must not keep others from being shown."""
        try:
            return self.rendered(wanted, scene)
        except TwinpoolError as error:
            problem, todo = str(error), error.hint
        except Exception as error:
            problem, todo = "This cannot be shown: it is a bug, and the front end's log says more.", ""
            if wanted not in self._shown or problem not in self._shown[wanted]:
                log.error("a section failed", exc_info=error, extra={"event": "dashboard.failed"})
        return self._renderer.page("problem_section.html.j2", {"problem": problem, "todo": todo})

    def _pause(self, began: float) -> None:
        """Rest for as long as the look took at least, so that a machine that is busy is not kept busier."""
        took = time.monotonic() - began
        with self._guard:
            if not self._here.stopping.requested:
                self._guard.wait(max(EVERY - took, took))

    def _is_wanted(self) -> bool:
        with self._guard:
            wanted = bool(self._watching) or time.monotonic() < self._keep_until
            if not wanted or self._here.stopping.requested:
                self._thread = None  # From here on whoever comes starts another one.
                self._scene, self._shown = None, {}
                return False
            return True

    def _wake(self) -> None:
        with self._guard:
            self._guard.notify_all()

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._guard:
            if self._thread is threading.current_thread():  # Somebody may have come, and have started another.
                self._thread, self._scene, self._shown = None, None, {}
            watching = list(self._watching) if self._here.stopping.requested else []
        if watching:
            loop.call_soon_threadsafe(_end_all, watching)


def _tell_all(watching: list[Watching], news: News) -> None:
    for each in watching:
        each.tell(news)


def _end_all(watching: list[Watching]) -> None:
    for each in watching:
        each.end()
