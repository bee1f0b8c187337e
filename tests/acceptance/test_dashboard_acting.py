"""What people do in a real browser with a real lab: move users, lose a pool, settle orphans; and who may not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browsers import NARROW, WIDE, Theme, Window, a_window, running_chromium
from tests.labs import CONTACTS, P1, P2, RunningLab, running_lab
from tests.tokens import add_principal
from twinpool.security.roles import VIEWERS

pytestmark = pytest.mark.rabbitmq

OPERATIONS = "/dashboard/operations"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair of pools with a record."""
    with running_lab(request, lease_duration="00:00:02") as running:
        running.put(P1, "contacts/bob", b'{"v": "friend"}')
        running.await_final()
        yield running


@pytest.fixture(scope="module")
def administrator(lab: RunningLab) -> str:
    return lab.headers["Authorization"].removeprefix("Bearer ")


def at(lab: RunningLab, pool: str) -> str:
    """Return the address of the front end of a pool that is not the active one: any of them will do."""
    name = lab.other(pool, lab.active(pool))
    return lab.lab.deployment.front_end(name)[1].address


def begin(window: Window, operation: str, typed: str) -> None:
    """Confirm an operation, and be led to where it is shown."""
    window.open(f"{OPERATIONS}/{operation}")
    window.page.locator("#confirm").fill(typed)
    window.page.locator("main form button").click()
    window.page.wait_for_url("**/operations/*.lab/*")


def comes_to_its_end(window: Window) -> None:
    """Wait, without the page being loaded again, until the receipt is there."""
    window.page.get_by_role("heading", name="Receipt").wait_for()
    window.page.locator("main .state-ok").get_by_text("done", exact=True).wait_for()


def configure(lab: RunningLab, **settings: str) -> None:
    """Change the configuration where the store is served, and wait until everybody knows."""
    words = [word for name, value in settings.items() for word in (f"-{name}", value)]
    done = lab.command("Set-CsBackupServiceConfiguration", *words)
    assert done.returncode == 0, done.stderr

    def known() -> bool:
        told = [lab.at(name).get("/v1/backup-configuration").json() for pool in (P1, P2) for name in lab.names(pool)]
        return all(one["SyncTrigger"] == settings["SyncTrigger"] for one in told)

    lab.eventually(known, f"all know {settings}")


def value_at(lab: RunningLab, pool: str, key: str) -> bytes | None:
    with lab.store(pool) as store:
        records = {record.key: record.value for record in store.scan(CONTACTS, after=None, limit=1_000_000)}
    return records.get(key)


def test_the_store_and_the_users_of_a_pool_are_moved_away_and_home(
    lab: RunningLab, chromium: Browser, administrator: str, pytestconfig: pytest.Config
) -> None:
    with a_window(chromium, at(lab, P2)) as window:
        window.open(OPERATIONS)
        window.sign_in(administrator)

        window.open(f"{OPERATIONS}/failover")
        window.shows("serves the Central Management store, which has to be failed over first")
        window.page.locator("#confirm").fill(P1)
        window.page.locator("main form button").click()
        window.shows("Nothing was done")

        begin(window, "cms", P2)
        comes_to_its_end(window)
        lab.await_final()
        begin(window, "failover", P1)
        for step in ("Decided", "ReadOnly", "Drained", "Verified", "Serving", "Done"):
            window.page.locator(".steps .reached").get_by_text(step, exact=True).wait_for()
        comes_to_its_end(window)
        window.take_picture("failover", pytestconfig)
    lab.await_final(P2)  # The other one serves nobody.
    with a_window(chromium, at(lab, P1)) as window:  # Any front end shows it, and the pool itself takes its users back.
        window.open(OPERATIONS)
        window.sign_in(administrator)
        window.page.get_by_role("row").filter(has_text=P1).filter(has_text="done").first.wait_for()
        begin(window, "failback", P1)
        comes_to_its_end(window)
    lab.await_final()


def test_a_pool_is_lost_its_losses_are_named_and_its_orphans_are_replayed(
    lab: RunningLab, chromium: Browser, administrator: str, pytestconfig: pytest.Config
) -> None:
    lab.await_final()
    configure(lab, SyncTrigger="Interval", SyncInterval="03:00:00")  # What is written now is not sent.
    lab.put(P1, "contacts/carol", b'{"v": "lost"}')
    for name in lab.names(P1):
        lab.lab.kill(name)
    with a_window(chromium, at(lab, P2)) as window:
        window.open(f"{OPERATIONS}/disaster-failover")
        window.sign_in(administrator)
        window.open(f"{OPERATIONS}/disaster-failover")
        window.shows("a disaster loses what had not been sent")
        window.page.get_by_role("row").filter(has_text="UserServices.PresenceFocus").wait_for()
        window.take_picture("disaster-plan", pytestconfig)
        window.page.locator("#confirm").fill(P1)
        window.page.locator("main form button").click()
        window.page.wait_for_url("**/operations/*.lab/*")
        comes_to_its_end(window)
        window.shows("What the plan said would be missing")
        lab.start(*lab.names(P1))
        agreed = window.page.locator(".figures div").filter(has_text="Both pools agree")
        agreed.get_by_text("yes").wait_for()  # The receipt is completed while it is looked at.

    configure(lab, SyncTrigger="Event", SyncInterval="00:02:00")
    lab.await_final(P2)
    assert value_at(lab, P2, "contacts/carol") is None
    with a_window(chromium, at(lab, P1)) as window:
        window.open("/dashboard/orphans")
        window.sign_in(administrator)
        window.open("/dashboard/orphans")
        row = window.page.get_by_role("row").filter(has_text="contacts/carol")
        row.get_by_text("SafeToReplay").wait_for()
        row.get_by_role("link").click()
        window.shows("The orphan")
        window.take_picture("orphan", pytestconfig)
        window.page.locator("#replay-confirm").check()
        window.page.get_by_role("button", name="Replay").click()
        window.shows("replayed by administrator")
        window.open("/dashboard/audit?verify=1")
        window.shows("each as it was written")
        window.page.get_by_role("row").filter(has_text="replay_orphan").first.wait_for()
        assert value_at(lab, P2, "contacts/carol") == b'{"v": "lost"}'
        lab.await_final(P2)
        begin(window, "failback", P1)
        comes_to_its_end(window)
    lab.await_final()


def test_a_sync_a_verification_and_a_drill_are_begun_and_seen_to_their_ends(
    lab: RunningLab, chromium: Browser, administrator: str
) -> None:
    lab.await_final()
    with a_window(chromium, at(lab, P1)) as window:
        window.open(OPERATIONS)
        window.sign_in(administrator)
        ask(window, "sync", P1)
        window.shows("UserServices.PresenceFocus")
        window.page.locator("main .state-ok").get_by_text("none waits").wait_for()

        ask(window, "verification", P1)
        window.page.locator("main .state-ok").get_by_text("both pools hold the same").wait_for()
        assert window.page.get_by_role("row").filter(has_text="Equal").count() > 0
        verified_at = window.page.url

        ask(window, "drill", P1)
        window.page.locator("main .state-ok").get_by_text(f"{P1} could have served {P2}").wait_for()

        window.open(OPERATIONS)
        listed = window.page.get_by_role("region", name="Verifications")
        listed.locator(".state-ok").get_by_text("equal").first.wait_for()
        listed.get_by_role("link").first.click()
        window.page.wait_for_url(verified_at)


def ask(window: Window, task: str, typed: str) -> None:
    """Confirm what moves nothing, and be led to where it is shown."""
    window.open(f"{OPERATIONS}/{task}")
    window.page.locator("#confirm").fill(typed)
    window.page.locator("main form button").click()
    window.page.wait_for_url("**/operations/sync?asked=*" if task == "sync" else f"**/{task}s/*/*")


def test_who_may_only_look_is_offered_nothing_and_refused_in_the_page_and_at_the_api(
    lab: RunningLab, chromium: Browser
) -> None:
    headers = add_principal(lab.lab.deployment.security, "eve", [VIEWERS])
    address = at(lab, P2)
    with a_window(chromium, address) as window:
        window.open(OPERATIONS)
        window.sign_in(headers["Authorization"].removeprefix("Bearer "))
        window.shows("You may look, and begin nothing.")
        assert window.page.locator(f"a[href='{OPERATIONS}/failover']").count() == 0
        window.open(f"{OPERATIONS}/failover")
        window.shows("eve lacks the role Administer")
    assert httpx.post(f"{address}/v1/pools/{P2}/failovers", json={"Home": P1}, headers=headers).status_code == 403


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nobody_is_kept_out(lab: RunningLab, chromium: Browser, administrator: str, width: int, theme: Theme) -> None:
    """Every page, by axe; and nothing sticks out at the side."""
    with a_window(chromium, at(lab, P1), width=width, theme=theme) as window:
        window.open(OPERATIONS)
        window.sign_in(administrator)
        window.page.locator("tbody a").first.wait_for()
        operation = window.page.locator("tbody a").first.get_attribute("href")
        for path in (
            OPERATIONS,
            f"{OPERATIONS}/sync",
            f"{OPERATIONS}/disaster-failover",
            operation,
            "/dashboard/orphans?show=all",
            "/dashboard/orphans/1",
            "/dashboard/audit?verify=1",
            "/dashboard/configuration",
            "/dashboard/trace?owner=alice@lab&key=contacts/bob",
        ):
            window.open(str(path))
            assert window.serious_faults() == [], path
            assert window.fits(), path
