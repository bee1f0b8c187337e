"""What the pages show: a real front end over HTTP, whose backup service is told of as if it worked."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.dashboards import a_browser_at, administrator, sign_in, token_for
from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.security.roles import ADMINISTRATORS
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import Generation, Home, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import BatchSent, SessionOpened
from twinpool_services.frontend.measuring import read_now

PRESENCE = ModuleName("UserServices.PresenceFocus")
ROUTE = Route(Stream(Home(POOL1), PRESENCE), PoolFqdn("pool2.lab"))
SESSION = SessionId(term=Term(1), generation=Generation(1), number=1)
MODULE = f"/dashboard/modules/{POOL1}/{PRESENCE}/{POOL1}/pool2.lab"


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path_factory.mktemp("pool"))) as serving:
        yield serving


@pytest.fixture
def browser(front_end: FrontEndInTest) -> Iterator[httpx.Client]:
    with a_browser_at(front_end) as client:
        sign_in(client, administrator(front_end))
        yield client


def remember(front_end: FrontEndInTest) -> None:
    """Have a session opened and a batch sent a moment ago, as the backup service would tell."""
    chronicle = front_end.context.telemetry.chronicle
    chronicle._began = chronicle._ticks() - (time.time() - chronicle.since) + 6
    chronicle.note(SessionOpened(ROUTE, SESSION, "take-over"))
    chronicle.note(
        BatchSent(
            route=ROUTE,
            session=SESSION,
            number=1,
            after=Position(0),
            last=Position(1),
            changes=40,
            payload_bytes=100,
            wire_bytes=50,
        )
    )
    read_now(front_end.context)
    chronicle.sample(None)


def test_every_module_of_a_pool_has_its_row_and_its_page(browser: httpx.Client) -> None:
    listed = browser.get("/dashboard/modules").text
    links = re.findall(r'href="(/dashboard/modules/[^"]+)"', listed)

    assert MODULE in links
    assert {link.split("/")[4] for link in links} == {PRESENCE, "ConfServices.DataConf", "CentralMgmt.CMSMaster"}
    for link in links:
        assert browser.get(link).status_code == 200


def test_a_module_that_was_never_heard_of_says_what_holds_it_back_and_what_to_do(browser: httpx.Client) -> None:
    text = browser.get(MODULE).text

    assert "Not initialized" in text
    assert "What holds it back: nothing of pool1.lab is exported: no front end holds the lease" in text
    assert "What to do:" in text


def test_the_last_hour_is_drawn_from_what_is_remembered(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    remember(front_end)

    text = browser.get(MODULE, params={"range": "600"}).text  # Of the usual range an answer is kept for a moment.

    assert "Remembered by fe1.lab" in text
    assert "40 changes" in text
    assert "</b> of them: take-over" in text
    assert "Session opened" in text
    assert browser.get(MODULE, params={"range": "3600"}).text.count("<svg") > 8


def test_a_time_of_which_nothing_is_known_says_so(browser: httpx.Client) -> None:
    long_ago = int(time.time()) - 3_000

    text = browser.get(MODULE, params={"range": f"{long_ago}-{long_ago + 60}"}).text

    assert "Nothing of this happened in this time." in text
    assert "No session was opened in this time." in text


@pytest.mark.parametrize("path", [f"/dashboard/modules/{POOL1}/{PRESENCE}/{POOL1}/pool9.lab", MODULE + "/more"])
def test_a_module_that_is_not_there_is_said_to_be_unknown(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404 or "Nothing is known of this module between these pools now." in answer.text


def test_the_last_hour_is_for_those_who_may_call_the_backup_service(front_end: FrontEndInTest) -> None:
    with a_browser_at(front_end) as browser:
        sign_in(browser, token_for(front_end, "bob", ADMINISTRATORS))

        text = browser.get(MODULE).text

        assert "The last hour is shown to those with the role BackupService." in text
        assert "What holds it back" not in text
        assert (
            browser.get(f"/dashboard/live?show=charts:{MODULE.removeprefix('/dashboard/modules/')}/300").status_code
            == 403
        )


def test_what_is_remembered_is_told_at_the_api_within_bounds(front_end: FrontEndInTest, tmp_path: Path) -> None:
    remember(front_end)
    now = int(time.time())
    path = f"/v1/homes/{POOL1}/modules/PresenceFocus/series"

    told = front_end.client.get(path, params={"begins": now - 60, "ends": now + 1, "step": 1}).json()

    (route,) = told["Routes"]
    assert route["Destination"] == "pool2.lab"
    assert sum(number or 0 for number in route["Numbers"]["SentChanges"]) >= 40
    assert len(route["Numbers"]["State"]) == 61
    assert front_end.client.get(path, params={"begins": 0, "ends": now}).status_code == 422
