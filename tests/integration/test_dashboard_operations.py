"""Operations on pages: what they mean is shown first, they are confirmed by a name, and the API does them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.dashboards import a_browser_at, administrator, form_token, sign_in, token_for
from tests.front_ends import POOL1, POOL2, FrontEndInTest, deployment_in, front_end_on
from twinpool.security.roles import ADMINISTRATORS, VIEWERS
from twinpool.stores.memory import MemoryStore

OPERATIONS = "/dashboard/operations"


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    """The pool that is to take over; its partner is not there."""
    deployment = deployment_in(tmp_path_factory.mktemp("pool"))
    with front_end_on(MemoryStore(POOL2), deployment, pool=POOL2) as serving:
        yield serving


@pytest.fixture
def browser(front_end: FrontEndInTest) -> Iterator[httpx.Client]:
    with a_browser_at(front_end) as client:
        sign_in(client, administrator(front_end))
        yield client


def post(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    token = form_token(browser.get(OPERATIONS))
    return browser.post(path, data={"form-token": token, **fields})


def in_words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def failovers(front_end: FrontEndInTest) -> list[dict[str, object]]:
    found: list[dict[str, object]] = front_end.client.get(f"/v1/pools/{POOL2}/failovers").json()["Failovers"]
    return found


def audited(front_end: FrontEndInTest) -> list[tuple[str, str, str, int]]:
    entries = front_end.client.get(f"/v1/pools/{POOL2}/audit").json()["Entries"]
    return [(each["Action"], each["Target"], each["Principal"], each["Status"]) for each in entries]


def test_a_disaster_is_shown_with_its_named_losses_before_anything_is_done(browser: httpx.Client) -> None:
    page = browser.get(f"{OPERATIONS}/disaster-failover")

    text = in_words(page)
    assert f"{POOL2} is to serve the users of {POOL1} instead of {POOL1}" in text
    assert "UserServices.PresenceFocus" in text
    assert "Missing, changes" in text
    assert re.search(r'name="plan" value="[0-9a-f]+"', page.text)
    assert f"To confirm, type {POOL1}" in text


def test_a_move_whose_checks_fail_is_refused_with_what_to_do(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    answer = post(browser, f"{OPERATIONS}/failover", confirm=POOL1, wait="60")

    assert answer.status_code == 422
    assert f"{POOL1} does not answer" in in_words(answer)
    assert "Start its front ends; if it is gone, use -DisasterMode" in in_words(answer)
    assert failovers(front_end) == []


@pytest.mark.parametrize("typed", ["", POOL2, "pool"])
def test_a_move_that_is_not_confirmed_by_its_name_is_not_made(
    front_end: FrontEndInTest, browser: httpx.Client, typed: str
) -> None:
    answer = post(browser, f"{OPERATIONS}/disaster-failover", confirm=typed, plan="0" * 32)

    assert answer.status_code == 422
    assert f"type {POOL1} to confirm" in in_words(answer)
    assert failovers(front_end) == []


def test_what_cannot_be_says_why_and_what_to_do(browser: httpx.Client) -> None:
    answer = browser.get(f"{OPERATIONS}/disaster-failback")

    assert answer.status_code == 409
    assert f"{POOL2} is not failed over: it serves its users itself" in in_words(answer)
    assert "twinpool failover status" in in_words(answer)


def test_an_operation_is_found_again_shown_step_by_step_and_aborted(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    begun = front_end.client.post(f"/v1/pools/{POOL2}/failovers", json={"Home": POOL1}).json()["Failover"]
    place = f"{OPERATIONS}/{POOL2}/{begun}"

    assert place in browser.get(OPERATIONS).text
    text = in_words(browser.get(place))
    assert "under way" in text
    assert f"{POOL2} is to serve {POOL1} from term 2 on" in text
    assert "Drained still to come" in text

    assert post(browser, f"{place}/abort", confirm="no", reason="a mistake").status_code == 409
    assert "aborting" not in str(failovers(front_end))
    answer = post(browser, f"{place}/abort", confirm=begun, reason="a mistake")

    assert (answer.status_code, answer.headers["location"]) == (303, place)
    target = f"POST /v1/pools/{POOL2}/failovers/{begun}/abort"
    assert ("abort_failover", target, "administrator", 202) in audited(front_end)


def test_a_synchronisation_is_done_by_the_api_in_the_name_of_who_signed_in(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    answer = post(browser, f"{OPERATIONS}/sync", module="All", confirm=POOL2)

    assert answer.status_code == 303
    assert "not yet under way" in in_words(browser.get(answer.headers["location"]))
    noted = [each for each in audited(front_end) if each[0] == "request_sync"]
    assert noted == [("request_sync", f"POST /v1/pools/{POOL2}/sync", "administrator", 202)], "and not twice"


def test_a_verification_and_a_drill_are_begun_and_followed(browser: httpx.Client) -> None:
    for task in ("verification", "drill"):
        answer = post(browser, f"{OPERATIONS}/{task}", module="All", home=POOL1, confirm=POOL2)
        assert answer.status_code == 303
        assert "under way" in in_words(browser.get(answer.headers["location"]))
        again = post(browser, f"{OPERATIONS}/{task}", module="All", home=POOL1, confirm=POOL2)
        assert again.status_code == 409
        assert "Nothing was done" in in_words(again)
    listed = browser.get(OPERATIONS).text
    assert "Drills, newest first" in listed
    assert "Verifications, newest first" in listed
    assert f"/dashboard/verifications/{POOL2}/" in listed


def test_a_form_without_its_token_does_nothing(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    before = len(front_end.store.sync_requests(0))

    for path in ("sync", "verification", "drill", "failover", "disaster-failover", "cms"):
        assert browser.post(f"{OPERATIONS}/{path}", data={"confirm": POOL2}).status_code == 409
    assert len(front_end.store.sync_requests(0)) == before


def test_who_may_only_look_is_offered_nothing_and_refused_everything(front_end: FrontEndInTest) -> None:
    token = token_for(front_end, "eve", VIEWERS)
    with a_browser_at(front_end) as browser:
        sign_in(browser, token)
        listed = browser.get(OPERATIONS)

        assert "You may look, and begin nothing." in in_words(listed)
        assert f"{OPERATIONS}/failover" not in listed.text
        for name in ("failover", "failback", "disaster-failover", "cms", "drill", "verification", "sync"):
            assert browser.get(f"{OPERATIONS}/{name}").status_code == 403
            assert post(browser, f"{OPERATIONS}/{name}", confirm=POOL2).status_code == 403
    headers = {"Authorization": f"Bearer {token}"}
    wish = {"Home": POOL1}
    assert front_end.client.post(f"/v1/pools/{POOL2}/failovers", json=wish, headers=headers).status_code == 403


def test_the_store_is_moved_by_server_administrators_alone(front_end: FrontEndInTest) -> None:
    with a_browser_at(front_end) as browser:
        sign_in(browser, token_for(front_end, "carl", ADMINISTRATORS))

        assert f'"{OPERATIONS}/failover"' in browser.get(OPERATIONS).text
        assert f'"{OPERATIONS}/cms"' not in browser.get(OPERATIONS).text
        assert post(browser, f"{OPERATIONS}/cms", confirm=POOL2).status_code == 403


def test_a_pool_without_a_partner_says_so(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    alone = deployment.pools[2].fqdn
    with front_end_on(MemoryStore(alone), deployment, pool=alone) as serving, a_browser_at(serving) as browser:
        sign_in(browser, administrator(serving))
        for name in ("failover", "sync"):
            answer = browser.get(f"{OPERATIONS}/{name}")
            assert answer.status_code == 409
            assert "has no backup pool" in in_words(answer)
            assert "Pair the pool in the deployment file." in in_words(answer)
