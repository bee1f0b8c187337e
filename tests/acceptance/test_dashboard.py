"""The dashboard of a real lab in a real browser: what happens is seen as it happens, by everybody who may."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browsers import NARROW, WIDE, Theme, Window, a_window, running_chromium
from tests.labs import P1, P2, PRESENCE, RunningLab
from tests.tokens import add_principal
from twinpool.security.principals import changing
from twinpool.security.roles import DATA_CLIENTS

pytestmark = pytest.mark.rabbitmq

MODULE = f"/dashboard/modules/{P1}/{PRESENCE}/{P1}/{P2}"

RICHEST_PAGES = ("/dashboard", MODULE)
ALL_PAGES = (
    *RICHEST_PAGES,
    "/dashboard/modules",
    "/dashboard/nothing",
    "/dashboard/operations",
    "/dashboard/orphans",
    "/dashboard/audit",
    "/dashboard/configuration",
    "/dashboard/trace",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def administrator(lab: RunningLab) -> str:
    return lab.headers["Authorization"].removeprefix("Bearer ")


def address_of(lab: RunningLab, name: str) -> str:
    return lab.lab.deployment.front_end(name)[1].address


def beside(lab: RunningLab, pool: str) -> str:
    """Name a front end of a pool that is not the active one."""
    return lab.other(pool, lab.active(pool))


def open_overview(window: Window, token: str) -> None:
    window.open("/")
    window.sign_in(token)
    window.shows("serves pool1.lab")


def test_a_take_over_is_seen_as_it_happens(
    lab: RunningLab, chromium: Browser, administrator: str, pytestconfig: pytest.Config
) -> None:
    """SIGKILL of the active front end, watched at the other one."""
    active, watcher = lab.active(P1), beside(lab, P1)
    with a_window(chromium, address_of(lab, watcher)) as window:
        open_overview(window, administrator)
        window.shows("standing by")
        window.page.get_by_text("The same as a table").click()
        row = window.page.get_by_role("row").filter(has_text=watcher)
        row.filter(has_text="standing by").wait_for()
        window.take_picture("overview", pytestconfig)

        lab.lab.kill(active)

        window.page.get_by_role("row").filter(has_text=active).filter(has_text="does not answer").wait_for()
        row.filter(has_text="active").wait_for()
        window.take_picture("take-over", pytestconfig)
    lab.start(active)
    lab.await_final()


def test_a_dead_pool_is_shown_as_dead_with_when_it_was_last_heard(
    lab: RunningLab, chromium: Browser, administrator: str, pytestconfig: pytest.Config
) -> None:
    lab.await_final()
    names = lab.names(P2)
    for name in names:
        lab.lab.kill(name)
    with a_window(chromium, address_of(lab, lab.active(P1))) as window:
        open_overview(window, administrator)  # Nobody had looked before: it is known from the ledger.

        window.page.locator("svg.wide .dead").get_by_text("Dead: last heard").wait_for()
        assert "ago" in (window.page.locator("svg.wide .dead [data-age]").first.text_content() or "")
        window.take_picture("dead-pool", pytestconfig)
        lab.start(*names)
        window.page.locator("svg.wide .dead").wait_for(state="detached")
    lab.await_final()


def seconds_shown(window: Window) -> int:
    """Return how long a time the charts on a page show."""
    begins, _, ends = (window.page.locator("[data-shown]").get_attribute("data-shown") or "").partition("-")
    return int(ends) - int(begins)


def test_what_happens_to_a_module_is_seen_and_can_be_looked_at_closer(
    lab: RunningLab, chromium: Browser, administrator: str, pytestconfig: pytest.Config
) -> None:
    with a_window(chromium, address_of(lab, beside(lab, P1))) as window, lab.load(P1) as load:
        window.open(f"{MODULE}?range=60")
        window.sign_in(administrator)
        lab.more(load)
        for chart in ("lag", "throughput", "batches"):
            window.page.locator(f"#chart-{chart} path.series-0[d*=L]").wait_for()
        if pytestconfig.getoption("--pictures"):
            lab.more(load, 40_000)  # A picture shows more than a moment.
        window.take_picture("module", pytestconfig)

        window.page.locator("#chart-lag").focus()
        window.page.keyboard.press("+")
        lab.eventually(lambda: seconds_shown(window) == 30, "half of the time is shown")
        assert window.page.url.endswith("range=30")
        assert window.page.evaluate("document.activeElement.id") == "chart-lag"
        window.page.keyboard.press("-")
        lab.eventually(lambda: seconds_shown(window) == 60, "twice of it is shown")

        # The picture is replaced every other second, so it is asked at a stroke where it is.
        box = window.page.evaluate(
            "(chart => { chart.scrollIntoView(); return chart.getBoundingClientRect().toJSON(); })"
            "(document.querySelector('#chart-lag svg.chart'))"
        )
        window.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        window.page.mouse.down()
        window.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
        window.page.mouse.up()
        window.page.wait_for_url("**range=*-*")
    lab.await_final()


def test_a_role_without_rights_is_refused_in_the_page_and_at_the_api(lab: RunningLab, chromium: Browser) -> None:
    security = lab.lab.deployment.security
    headers = add_principal(security, "mailbox", [DATA_CLIENTS])
    address = address_of(lab, lab.active(P1))
    try:
        with a_window(chromium, address) as window:
            window.open("/dashboard")
            window.sign_in(headers["Authorization"].removeprefix("Bearer "))
            window.shows("mailbox lacks the role View")
            assert window.page.get_by_role("navigation").count() == 0
        assert httpx.get(f"{address}/v1/backup-configuration", headers=headers).status_code == 403
    finally:
        with changing(security.principals) as principals:
            principals[:] = [each for each in principals if each.name != "mailbox"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nobody_is_kept_out(
    lab: RunningLab, chromium: Browser, administrator: str, width: int, theme: Theme, pytestconfig: pytest.Config
) -> None:
    """Every page, by axe; and nothing sticks out at the side."""
    with a_window(chromium, address_of(lab, lab.active(P1)), width=width, theme=theme) as window:
        window.open("/dashboard/sign-in")
        assert window.serious_faults() == []
        open_overview(window, administrator)
        for path in ALL_PAGES if (width, theme) in {(WIDE, "light"), (NARROW, "dark")} else RICHEST_PAGES:
            window.open(path)
            for closed in window.page.locator("summary").all():
                closed.click()
            assert window.serious_faults() == [], path
            assert window.fits(), path
        if (width, theme) == (NARROW, "dark"):
            window.open("/dashboard")
            window.take_picture("overview-narrow-dark", pytestconfig)


def test_the_colours_are_those_that_were_chosen_on_every_page(
    lab: RunningLab, chromium: Browser, administrator: str
) -> None:
    with a_window(chromium, address_of(lab, lab.active(P1))) as window:
        open_overview(window, administrator)
        window.page.get_by_role("button", name="Dark colours").click()
        window.open("/dashboard/modules")

        assert window.page.locator("html").get_attribute("data-theme") == "dark"


def test_everything_is_reached_by_keyboard(lab: RunningLab, chromium: Browser, administrator: str) -> None:
    with a_window(chromium, address_of(lab, lab.active(P1))) as window:
        open_overview(window, administrator)
        window.open("/dashboard")
        window.page.keyboard.press("Tab")
        assert window.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        window.page.keyboard.press("Enter")
        assert window.page.evaluate("document.activeElement.id") == "main"
        window.page.keyboard.press("Tab")
        window.page.keyboard.press("Enter")
        assert window.page.locator("details[open]").count() == 1


def test_a_page_whose_front_end_has_gone_says_that_it_is_not_live_and_goes_on_later(
    lab: RunningLab, chromium: Browser, administrator: str
) -> None:
    watcher = beside(lab, P1)
    with a_window(chromium, address_of(lab, watcher)) as window:
        open_overview(window, administrator)
        window.page.locator("[data-liveness][data-state=ok]").wait_for()
        lab.lab.kill(watcher)
        window.page.locator("[data-liveness][data-state=bad]").wait_for()
        lab.start(watcher)
        window.page.locator("[data-liveness][data-state=ok]").wait_for()
    lab.await_final()
