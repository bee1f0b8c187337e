"""Who gets to see the dashboard, and what a browser is told: real front ends over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.dashboards import SIGN_IN, a_browser_at, administrator, form_token, sign_in, token_for
from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from tests.pairs import eventually
from twinpool.security.principals import changing
from twinpool.security.roles import ADMINISTRATORS, DATA_CLIENTS, VIEWERS, Role
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.security import Authentication
from twinpool_services.dashboard.pages.registry import PAGES, SECTIONS
from twinpool_services.frontend.access.attempts import AT_MOST


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path_factory.mktemp("pool"))) as serving:
        yield serving


@pytest.fixture
def browser(front_end: FrontEndInTest) -> Iterator[httpx.Client]:
    with a_browser_at(front_end) as client:
        yield client


def audited(front_end: FrontEndInTest) -> list[tuple[str, str, int]]:
    entries = front_end.client.get(f"/v1/pools/{POOL1}/audit").json()["Entries"]
    return [(entry["Action"], entry["Principal"], entry["Status"]) for entry in entries]


# ── signing in and out ──────────────────────────────────────────────────────────────────────────────────────────


def test_browsers_are_led_to_the_dashboard_and_there_to_signing_in(browser: httpx.Client) -> None:
    first = browser.get("/", headers={"Accept": "text/html"})
    page = browser.get(first.headers["location"])

    assert first.status_code == page.status_code == 303
    assert page.headers["location"] == f"{SIGN_IN}?to=/dashboard"
    assert browser.get("/").status_code == 401, "programs are told as before"


def test_a_token_opens_the_dashboard_and_is_not_kept_in_the_browser(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    token = administrator(front_end)
    answer = sign_in(browser, token, to="/dashboard")

    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    (session,) = [each for each in answer.headers.get_list("set-cookie") if "twinpool-session" in each]
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(session.split("; "))
    assert token not in session
    page = browser.get("/dashboard")
    assert page.status_code == 200
    assert 'aria-current="page">Overview' in page.text
    assert "sign_in" in {action for action, name, _ in audited(front_end) if name == "administrator"}


def test_under_tls_cookies_are_for_tls_and_for_this_host_alone(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    first = deployment.pools[0]
    ours = replace(first.front_ends[0], address="https://fe1.lab")
    secured = replace(deployment, pools=(replace(first, front_ends=(ours,)), *deployment.pools[1:]))
    with front_end_on(MemoryStore(POOL1), secured) as serving, a_browser_at(serving) as browser:
        (visit,) = browser.get(SIGN_IN).headers.get_list("set-cookie")

    assert visit.startswith("__Host-twinpool-visit-")
    assert "Secure" in visit.split("; ")


@pytest.mark.parametrize("token", ["", "tp_wrong", "tpp_e30.e30", "ä" * 20, "x" * 20_000])
def test_a_wrong_token_is_refused_as_at_the_api_and_noted(
    front_end: FrontEndInTest, browser: httpx.Client, token: str
) -> None:
    answer = sign_in(browser, token)

    assert answer.status_code == 401
    assert "Not signed in" in answer.text
    assert "twinpool-session" not in str(answer.headers)
    assert audited(front_end)[0][0] == "sign_in" or ("sign_in", "", 401) in audited(front_end)


def test_who_tries_too_often_is_asked_to_wait(tmp_path: Path) -> None:
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path)) as serving, a_browser_at(serving) as browser:
        shown = form_token(browser.get(SIGN_IN))
        for _ in range(AT_MOST):
            assert browser.post(SIGN_IN, data={"form-token": shown, "token": "tp_wrong"}).status_code == 401
        answer = browser.post(SIGN_IN, data={"form-token": shown, "token": administrator(serving)})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= 61


def test_after_signing_out_the_session_is_worth_nothing(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    sign_in(browser, administrator(front_end))
    kept = dict(browser.cookies)
    answer = browser.post("/dashboard/sign-out", data={"form-token": form_token(browser.get("/dashboard"))})

    assert answer.headers["location"] == SIGN_IN
    assert browser.get("/dashboard").status_code == 303
    with a_browser_at(front_end) as thief:
        thief.cookies.update(kept)
        assert thief.get("/dashboard").status_code == 303


def test_who_is_taken_out_of_the_principals_is_out_of_the_dashboard(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    sign_in(browser, token_for(front_end, "brief", VIEWERS))
    assert browser.get("/dashboard").status_code == 200

    with changing(front_end.context.deployment.security.principals) as principals:
        principals[:] = [each for each in principals if each.name != "brief"]

    eventually(lambda: browser.get("/dashboard").status_code == 303, "the session has ended")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/dashboard//evil", "/v1/homes", ""])
def test_signing_in_leads_to_no_other_place(front_end: FrontEndInTest, browser: httpx.Client, elsewhere: str) -> None:
    assert sign_in(browser, administrator(front_end), to=elsewhere).headers["location"] == "/dashboard"


def test_where_nobody_is_asked_nobody_has_to_sign_in_but_forms_are_checked(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    open_to_all = replace(deployment, security=replace(deployment.security, authentication=Authentication.OFF))
    with front_end_on(MemoryStore(POOL1), open_to_all) as serving, a_browser_at(serving) as browser:
        assert browser.get("/dashboard").status_code == 200
        assert browser.post("/dashboard/sign-out", data={"form-token": "x"}).status_code == 409


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shown", [None, "", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_form_that_none_of_our_pages_made_is_refused(
    front_end: FrontEndInTest, browser: httpx.Client, shown: str | None
) -> None:
    sign_in(browser, administrator(front_end))

    answer = browser.post("/dashboard/sign-out", data={} if shown is None else {"form-token": shown})

    assert answer.status_code == 409
    assert browser.get("/dashboard").status_code == 200, "nothing was done"


def test_a_form_of_somebody_else_is_refused(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    sign_in(browser, administrator(front_end))
    with a_browser_at(front_end) as other:
        sign_in(other, administrator(front_end))
        theirs = form_token(other.get("/dashboard"))

    assert browser.post("/dashboard/sign-out", data={"form-token": theirs}).status_code == 409


def test_a_form_that_another_site_sends_is_refused(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    sign_in(browser, administrator(front_end))
    ours = {"form-token": form_token(browser.get("/dashboard"))}

    assert browser.post("/dashboard/sign-out", data=ours, headers={"Origin": "https://evil"}).status_code == 409
    assert browser.post("/dashboard/sign-out", content=b"x" * 70_000).status_code == 413


# ── what is refused, and what goes with every answer ────────────────────────────────────────────────────────────


def test_every_page_asks_for_a_role_and_changes_nothing_without_a_form() -> None:
    open_pages = {page.path for page in PAGES if page.role is Role.OPEN}

    assert open_pages == {"/sign-in", "/sign-out"}
    assert all(section.role is not Role.OPEN for section in SECTIONS.values())


def test_a_role_without_rights_sees_nothing_here_and_at_the_api(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    token = token_for(front_end, "mailbox", DATA_CLIENTS)
    sign_in(browser, token)

    page = browser.get("/dashboard")

    assert page.status_code == 403
    assert "mailbox lacks the role View" in page.text
    assert "docs/how-to/grant-access.md" in page.text
    assert "Overview</a>" not in page.text
    assert browser.get("/dashboard/live?show=pairs").status_code == 403
    api = httpx.get(
        f"{front_end.client.base_url}/v1/pools/{POOL1}/backup-relationship",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert api.status_code == 403


def test_strangers_are_told_nothing(browser: httpx.Client) -> None:
    assert browser.get("/dashboard/live?show=pairs").status_code == 401
    assert browser.get("/dashboard/nothing").status_code == 303
    assert browser.post("/dashboard/nothing").status_code == 405


def test_what_is_not_there_is_said_on_a_page(front_end: FrontEndInTest, browser: httpx.Client) -> None:
    sign_in(browser, administrator(front_end))

    assert browser.get("/dashboard/nothing").status_code == 404
    assert browser.get("/dashboard/static/nothing.js").status_code == 404
    assert browser.get("/dashboard/live?show=nothing").status_code == 404


@pytest.mark.parametrize("path", [SIGN_IN, "/dashboard", "/dashboard/nothing", "/dashboard/static/app.js"])
def test_every_answer_forbids_what_no_page_needs(front_end: FrontEndInTest, browser: httpx.Client, path: str) -> None:
    sign_in(browser, administrator(front_end))

    headers = browser.get(path).headers

    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store" or path.endswith(".js")


def test_no_page_holds_scripts_or_styles_or_addresses_of_others(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    sign_in(browser, administrator(front_end))
    for path in (SIGN_IN, "/dashboard", "/dashboard/nothing"):
        text = browser.get(path).text

        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=", text)
        assert not re.search(r'(?:src|href|action)="(?!/|#)', text)


# ── what is live ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_section_is_told_at_once_and_by_the_roles_of_who_looks(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    sign_in(browser, token_for(front_end, "wall", ADMINISTRATORS))

    with browser.stream("GET", "/dashboard/live?show=pairs") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        lines = stream.iter_lines()
        news = next(line for line in lines if line.startswith("data: "))

    told = json.loads(news.removeprefix("data: "))
    assert set(told["sections"]) == {"pairs"}
    assert "pool2.lab" in told["sections"]["pairs"]
    assert "The reason is told to those with the role BackupService" in told["sections"]["pairs"]


def test_a_section_that_cannot_be_shown_keeps_no_other_from_being_shown(
    front_end: FrontEndInTest, browser: httpx.Client
) -> None:
    sign_in(browser, administrator(front_end))

    with browser.stream("GET", "/dashboard/live?show=module:nonsense&show=pairs") as stream:
        news = next(line for line in stream.iter_lines() if line.startswith("data: "))

    told = json.loads(news.removeprefix("data: "))["sections"]
    assert "no module is called &#39;nonsense&#39;" in told["module:nonsense"]
    assert "pool2.lab" in told["pairs"]
