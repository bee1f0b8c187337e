"""A real browser without a window: Debian's Chromium, as people have it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

Theme = Literal["light", "dark"]

WIDE, NARROW = 1280, 390  #: pixels
PATIENCE = 60_000  #: milliseconds; a bound for what never happens
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def find_chromium() -> str:
    """Find Chromium; without it the test is skipped, and with CI=true it fails."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("no chromium: install chromium")
    pytest.skip("no chromium: install chromium")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run one until the block is left."""
    program = find_chromium()
    with sync_playwright() as playwright:
        # As root, in a container, it has no sandbox of its own to make; what it looks at is ours.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """A page that is looked at, and what must never happen in it."""

    def __init__(self, page: Page, address: str) -> None:
        """Look at a front end of this address."""
        self.page, self.address = page, address
        page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []  #: of scripts, and of the Content-Security-Policy
        self.elsewhere: list[str] = []  #: addresses of others that were asked for
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._complains(said.type, said.text))
        page.on("request", lambda request: self._asks(request.url))

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.address + path)

    def sign_in(self, token: str) -> None:
        """Sign in, from whatever page leads there."""
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector("h1:not(:text-is('Sign in'))")

    def shows(self, text: str) -> None:
        """Wait until a text stands in the page, and is seen."""
        self.page.locator("main").get_by_text(text).locator("visible=true").first.wait_for()

    def serious_faults(self) -> list[str]:
        """Return what axe finds that keeps people out."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: {[node['html'][:200] for node in each['nodes']]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]

    def fits(self) -> bool:
        """Whether nothing sticks out at the side."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def take_picture(self, name: str, config: pytest.Config) -> None:
        """Take a picture for the docs, if pictures are wanted; in few colours, so that it is small."""
        if config.getoption("--pictures"):
            PICTURES.mkdir(exist_ok=True)
            taken = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
            taken.quantize(128, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)

    def _complains(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text and "net::ERR" not in text:
            self.complaints.append(text)

    def _asks(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.elsewhere.append(url)


@contextmanager
def a_window(
    browser: Browser,
    address: str,
    *,
    width: int = WIDE,
    theme: Theme = "light",
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Window]:
    """Open a window at a front end; in the end nothing may have gone wrong in it, and nobody else have been asked.

    It shows a certificate, with its key, to whoever asks for one. No browser trusts a lab's own CA unless told to.
    """
    shown: list[Any] = []
    if certificate is not None:
        shown = [{"origin": address, "certPath": str(certificate[0]), "keyPath": str(certificate[1])}]
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        client_certificates=shown,
        ignore_https_errors=certificate is not None,
    )
    try:
        window = Window(context.new_page(), address)
        yield window
        assert window.complaints == []
        assert window.elsewhere == []
    finally:
        context.close()
