"""Orphans, the audit log, the configuration and traces on pages: real front ends of a pair that was parted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.streams import STREAM
from tests.dashboards import a_browser_at, administrator, form_token, live, sign_in, token_for
from tests.front_ends import POOL1, POOL2
from tests.orphans import PartedPair, front_ends_of, part, stores_in
from twinpool.security.roles import ADMINISTRATORS, VIEWERS
from twinpool.vocabulary.change import RecordKey
from twinpool_services.dashboard.pages.runs import REPORT_POLICY


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartedPair]:
    folder = tmp_path_factory.mktemp("pair")
    with stores_in(folder) as stores, front_ends_of(part(*stores), folder) as serving:
        yield serving


@pytest.fixture
def browser(pair: PartedPair) -> Iterator[httpx.Client]:
    with a_browser_at(pair.first) as client:
        sign_in(client, administrator(pair.first))
        yield client


def post(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    token = form_token(browser.get("/dashboard/configuration"))
    return browser.post(f"/dashboard{path}", data={"form-token": token, **fields})


def in_words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def orphan(pair: PartedPair, owner: str) -> str:
    return f"/orphans/{pair.sides.number(owner)}"


# ── orphans ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_orphan_is_shown_side_by_side_with_what_replaying_it_would_mean(
    pair: PartedPair, browser: httpx.Client
) -> None:
    text = in_words(browser.get(f"/dashboard{orphan(pair, 'conflict')}"))

    assert "Replaying takes a newer value away" in text
    assert f"Field The orphan {POOL2} now" in text
    assert "v &#34;orphan&#34; &#34;newer&#34; w nothing 1" in text


def test_an_orphan_is_replayed_in_the_name_of_who_signed_in(pair: PartedPair, browser: httpx.Client) -> None:
    place = orphan(pair, "safe")

    assert post(browser, f"{place}/replay").status_code == 422, "nobody has confirmed"
    answer = post(browser, f"{place}/replay", confirm="on", note="after the storm", By="somebody else")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/dashboard{place}")
    assert pair.sides.second.store.read(STREAM, RecordKey("safe", "k")) == b'{"v": "orphan"}'
    assert "replayed by administrator" in in_words(browser.get(f"/dashboard{place}"))
    assert "replayed by administrator" in in_words(browser.get("/dashboard/orphans?show=all"))


def test_a_newer_value_is_taken_away_only_if_that_is_wanted(pair: PartedPair, browser: httpx.Client) -> None:
    place = orphan(pair, "conflict")

    refused = post(browser, f"{place}/replay", confirm="on")

    assert refused.status_code == 409
    assert "Nothing was done: orphan" in in_words(refused)
    assert "discard it" in in_words(refused)
    assert post(browser, f"{place}/replay", confirm="on", force="on").status_code == 303


def test_an_orphan_is_discarded_once(pair: PartedPair, browser: httpx.Client) -> None:
    place = orphan(pair, "deleted")

    assert post(browser, f"{place}/discard", confirm="on", note="old").status_code == 303
    assert "discarded by administrator" in in_words(browser.get(f"/dashboard{place}"))
    assert post(browser, f"{place}/discard", confirm="on").status_code == 409


def test_orphans_are_listed_by_what_they_are(browser: httpx.Client) -> None:
    assert "new/k" in browser.get("/dashboard/orphans?show=SafeToReplay").text
    assert "conflict/k" not in browser.get("/dashboard/orphans?show=SafeToReplay").text
    assert browser.get("/dashboard/orphans/999").status_code == 404
    assert browser.get("/dashboard/orphans?after=x").status_code == 422


def test_a_list_that_has_become_old_says_so_by_itself(pair: PartedPair, browser: httpx.Client) -> None:
    told = re.search(r'data-live="(orphan-news:([0-9]+)/([0-9]+))">\s*</div>', browser.get("/dashboard/orphans").text)

    assert told, "a list that was just made is not old"
    assert live(browser, told[1]).strip() == ""
    assert f"there are {told[2]} in all now, {told[3]} not decided" in live(browser, f"orphan-news:{told[2]}/999")


def test_who_may_only_look_sees_the_list_and_settles_nothing(pair: PartedPair) -> None:
    place = orphan(pair, "new")
    token = token_for(pair.first, "eve", VIEWERS)
    with a_browser_at(pair.first) as browser:
        sign_in(browser, token)

        assert "new/k" in browser.get("/dashboard/orphans").text
        assert f'href="/dashboard{place}"' not in browser.get("/dashboard/orphans").text
        assert browser.get(f"/dashboard{place}").status_code == 403
        assert post(browser, f"{place}/replay", confirm="on").status_code == 403
        assert browser.get("/dashboard/audit").status_code == 403
        assert ">Audit</a>" not in browser.get("/dashboard/orphans").text
    refused = pair.first.client.post(pair["new"] + "/replay", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403


# ── the audit log ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_audit_log_names_who_did_what_and_is_checked(pair: PartedPair, browser: httpx.Client) -> None:
    post(browser, f"{orphan(pair, 'new')}/discard", confirm="on")

    text = in_words(browser.get("/dashboard/audit?verify=1"))

    assert f"administrator discard_orphan POST {pair['new']}/discard" in text
    assert "each as it was written" in text
    head = pair.first.client.get(f"/v1/pools/{POOL1}/audit").json()["HeadNumber"]
    assert "sign_in" in in_words(browser.get("/dashboard/audit?to=1"))
    assert head > 1
    assert browser.get("/dashboard/audit?to=x").status_code == 422


def test_entries_that_came_since_are_announced_on_the_page(pair: PartedPair, browser: httpx.Client) -> None:
    told = re.search(r'data-live="audit-news:([0-9]+)">\s*</div>', browser.get("/dashboard/audit").text)
    assert told, "what was just shown is the newest"

    post(browser, f"{orphan(pair, 'new')}/discard", confirm="on")

    assert "1 newer entry" in live(browser, f"audit-news:{told[1]}")
    with a_browser_at(pair.first) as other:
        sign_in(other, token_for(pair.first, "viewer", VIEWERS))
        assert other.get("/dashboard/live?show=audit-news:1").status_code == 403


# ── the configuration ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_setting_is_changed_within_its_range(pair: PartedPair, browser: httpx.Client) -> None:
    page = browser.get("/dashboard/configuration").text
    assert re.search(r'id="Window"[^>]*min="1" max="1000"', page)

    answer = post(browser, "/configuration", Window="9", Linger="00:00:00.0300000")

    assert answer.headers["location"] == "/dashboard/configuration?changed=Linger,Window"
    assert pair.first.client.get("/v1/backup-configuration").json()["Window"] == 9


@pytest.mark.parametrize(("name", "value"), [("Window", "0"), ("SyncInterval", "9.00:00:00"), ("AckTimeout", "soon")])
def test_a_setting_out_of_its_range_is_refused_with_the_reason(
    pair: PartedPair, browser: httpx.Client, name: str, value: str
) -> None:
    before = pair.first.client.get("/v1/backup-configuration").json()

    answer = post(browser, "/configuration", **{name: value})

    assert answer.status_code == 422
    assert "Nothing was changed" in in_words(answer)
    assert re.search(rf'id="{name}"[^>]*aria-invalid="true"', answer.text)
    assert pair.first.client.get("/v1/backup-configuration").json() == before


def test_who_may_call_the_backup_service_is_for_server_administrators_to_say(pair: PartedPair) -> None:
    with a_browser_at(pair.first) as browser:
        sign_in(browser, token_for(pair.first, "carl", ADMINISTRATORS))

        page = browser.get("/dashboard/configuration").text

        assert re.search(r'id="AuthorizedUniversalGroups"[^>]* disabled', page)
        assert not re.search(r'id="Window"[^>]* disabled', page)
        assert post(browser, "/configuration", AuthorizedUniversalGroups="Everybody").status_code == 403


# ── traces ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_write_is_traced_at_both_pools(pair: PartedPair, browser: httpx.Client) -> None:
    text = in_words(browser.get("/dashboard/trace?owner=late&key=k"))

    assert f"{POOL2} to {POOL1}" in text
    assert "Captured known" in text
    assert f"{POOL1} keeps orphan {pair.sides.number('late')} of it" in text


def test_a_record_that_nobody_knows_says_so_and_a_question_without_a_key_is_refused(browser: httpx.Client) -> None:
    assert "No pool has such a record" in in_words(browser.get("/dashboard/trace?owner=nobody&key=k"))
    assert browser.get("/dashboard/trace?owner=nobody").status_code == 422


def test_records_are_traced_by_those_who_may_read_them(pair: PartedPair) -> None:
    with a_browser_at(pair.first) as browser:
        sign_in(browser, token_for(pair.first, "vera", VIEWERS))

        assert "by those with the role ReadData" in in_words(browser.get("/dashboard/trace"))
        assert browser.get("/dashboard/trace?owner=late&key=k").status_code == 403


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_runs_are_listed_and_their_reports_can_do_nothing(
    browser: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "This front end was not told where the results of runs lie." in in_words(browser.get("/dashboard/runs"))
    run = tmp_path / "torn-7"
    run.mkdir()
    (run / "history.jsonl").write_text("")
    (run / "report.html").write_text("<p>all is well")
    monkeypatch.setenv("TWINPOOL_RUNS", str(tmp_path))

    assert "torn-7 Chaos in progress" in in_words(browser.get("/dashboard/runs"))
    report = browser.get("/dashboard/runs/torn-7")
    assert report.text == "<p>all is well"
    assert report.headers.get_list("content-security-policy") == [REPORT_POLICY]
    assert REPORT_POLICY.startswith("sandbox; default-src 'none'")
    assert browser.get("/dashboard/runs/other").status_code == 404
