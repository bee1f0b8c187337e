"""Orphans over HTTP: judged by what the serving pool holds, replayed through it, every decision noted once."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.streams import HOME, OTHER_STREAM, STREAM, committed, put, records
from tests.front_ends import POOL1, POOL2, deployment_in, front_end_on
from tests.orphans import EXPECTED, ORPHANS, PartedPair, front_ends_of, part, stores_in
from twinpool.modules.data_conf import FileEntry, encode_entry
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Digest, Instant
from twinpool.vocabulary.orphan import fingerprint

PROBLEM = "application/problem+json"
BY = {"By": "ada", "Note": "after the storm"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[PartedPair]:
    with stores_in(tmp_path) as stores, front_ends_of(part(*stores), tmp_path) as serving:
        yield serving


@pytest.fixture
def client(pair: PartedPair) -> httpx.Client:
    return pair.first.client


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[httpx.Client]:
    """The returned pool, while the serving one does not answer."""
    with stores_in(tmp_path) as stores:
        part(*stores)
        with front_end_on(stores[0], deployment_in(tmp_path)) as serving:
            yield serving.client


def held(pair: PartedPair, owner: str) -> bytes | None:
    """What the serving pool holds."""
    return pair.sides.second.store.read(STREAM, RecordKey(owner, "k"))


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_orphan_is_classified_by_what_the_serving_pool_holds(client: httpx.Client, pair: PartedPair) -> None:
    page = client.get(ORPHANS).json()

    older, *last = page["Orphans"]
    assert {row["Owner"]: row["Classification"] for row in last} == EXPECTED
    assert (older["Owner"], older["Classification"]) == ("safe", "Overtaken")
    assert older["OvertakenBy"] == pair.sides.number("safe")
    assert (page["PoolFqdn"], page["Total"], page["Undecided"], page["Next"]) == (POOL1, 8, 8, None)
    assert last[0]["Home"] == HOME
    assert (last[0]["BackupModule"], last[0]["Term"], last[0]["Operation"]) == (STREAM.module, 1, "put")
    assert (last[-1]["Owner"], last[-1]["Operation"], last[-1]["Size"]) == ("gone", "delete", None)
    assert all(row["Why"] for row in last)


def test_orphans_are_listed_page_by_page(client: httpx.Client) -> None:
    whole = client.get(ORPHANS).json()["Orphans"]
    numbers, after = [], 0
    for _ in range(5):
        page = client.get(ORPHANS, params={"limit": 2, "after": after}).json()
        numbers += [row["Number"] for row in page["Orphans"]]
        after = page["Next"]
        if after is None:
            break

    assert numbers == [row["Number"] for row in whole]


@pytest.mark.parametrize(
    ("parameters", "owners"),
    [
        ({"classification": "SafeToReplay"}, ["safe", "new", "gone"]),
        ({"classification": "Deleted"}, ["deleted"]),
        ({"classification": "Overtaken", "limit": 1}, ["safe"]),
        ({"home": "POOL1.lab", "module": "presencefocus", "limit": 1}, ["safe"]),
        ({"module": "DataConf"}, []),
        ({"home": POOL2}, []),
    ],
)
def test_some_orphans_are_listed(client: httpx.Client, parameters: dict[str, str], owners: list[str]) -> None:
    assert [row["Owner"] for row in client.get(ORPHANS, params=parameters).json()["Orphans"]] == owners


def test_what_is_decided_is_listed_with_its_decision_or_left_out(client: httpx.Client, pair: PartedPair) -> None:
    client.post(f"{pair['deleted']}/discard", json=BY)

    rows = {row["Number"]: row for row in client.get(ORPHANS).json()["Orphans"]}
    undecided = client.get(ORPHANS, params={"undecided": True}).json()

    row = rows[pair.sides.number("deleted")]
    assert (row["Decision"], row["DecidedBy"], row["Note"]) == ("discarded", "ada", "after the storm")
    assert row["Classification"] is None
    assert (len(rows), len(undecided["Orphans"]), undecided["Undecided"]) == (8, 7, 7)


def test_an_orphan_is_shown_beside_what_the_serving_pool_holds(client: httpx.Client, pair: PartedPair) -> None:
    shown = client.get(pair["conflict"]).json()

    assert (shown["ServingPool"], shown["Classification"]) == (POOL2, "Conflict")
    assert "changed the record" in shown["Why"]
    assert (shown["DifferenceKind"], shown["DifferenceLeftOut"]) == ("Json", 0)
    assert shown["Difference"] == [
        {"Where": "v", "Orphan": '"orphan"', "Present": '"newer"'},
        {"Where": "w", "Orphan": None, "Present": "1"},
    ]
    assert (shown["Present"], shown["PresentSize"]) == (True, 22)


def test_what_the_serving_pool_changes_later_is_seen(client: httpx.Client, pair: PartedPair) -> None:
    committed(pair.sides.second.store, put("safe", value=b"newer"))

    assert client.get(pair["safe"]).json()["Classification"] == "Conflict"


def test_while_the_serving_pool_does_not_answer_orphans_are_listed_without_judgement(alone: httpx.Client) -> None:
    rows = alone.get(ORPHANS).json()["Orphans"]

    assert {row["Classification"] for row in rows} == {None}
    assert all("pool2.lab, which serves the home, cannot be asked now" in row["Why"] for row in rows)


@pytest.mark.parametrize(("method", "path", "body"), [("GET", "", None), ("POST", "/replay", BY)])
def test_nobody_judges_while_the_serving_pool_does_not_answer(
    alone: httpx.Client, method: str, path: str, body: dict[str, str] | None
) -> None:
    number = alone.get(ORPHANS).json()["Orphans"][0]["Number"]

    answer = alone.request(method, f"{ORPHANS}/{number}{path}", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert alone.get(ORPHANS, params={"classification": "SafeToReplay"}).status_code == 503
    assert alone.get(ORPHANS).json()["Undecided"] == 8


# ── replaying ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("owner", "value"), [("safe", b'{"v": "orphan"}'), ("new", b'{"v": "orphan"}'), ("gone", None)]
)
def test_a_safe_orphan_is_written_where_its_home_is_served_and_noted(
    client: httpx.Client, pair: PartedPair, owner: str, value: bytes | None
) -> None:
    head = pair.sides.second.store.head(STREAM)

    replayed = client.post(f"{pair[owner]}/replay", json=BY).json()

    assert held(pair, owner) == value
    assert (replayed["ServingPool"], replayed["Committed"]["Position"]) == (POOL2, head + 1)
    orphan = pair.sides.first.store.orphan(pair.sides.number(owner))
    assert orphan is not None
    assert orphan.verdict is not None
    assert (orphan.verdict.decision, orphan.verdict.by, orphan.verdict.note) == ("replayed", "ada", "after the storm")
    assert replayed["Orphan"]["Decision"] == "replayed"


def test_what_is_already_there_is_only_noted(client: httpx.Client, pair: PartedPair) -> None:
    head = pair.sides.second.store.head(STREAM)

    replayed = client.post(f"{pair['there']}/replay", json=BY)

    assert (replayed.status_code, replayed.json()["Committed"]) == (200, None)
    assert pair.sides.second.store.head(STREAM) == head


@pytest.mark.parametrize("owner", ["conflict", "deleted", "late"])
def test_what_takes_something_newer_away_is_replayed_only_by_force(
    client: httpx.Client, pair: PartedPair, owner: str
) -> None:
    before = held(pair, owner)

    refused = client.post(f"{pair[owner]}/replay", json=BY)
    assert (refused.status_code, held(pair, owner)) == (409, before)
    assert EXPECTED[owner] in refused.json()["detail"]
    assert "--force" in refused.json()["hint"]
    forced = client.post(f"{pair[owner]}/replay", json=BY | {"Force": True})

    assert (forced.status_code, held(pair, owner)) == (200, b'{"v": "orphan"}')


def test_an_overtaken_orphan_is_not_replayed_and_stays_so_after_the_later_one(
    client: httpx.Client, pair: PartedPair
) -> None:
    older = client.get(ORPHANS).json()["Orphans"][0]["Number"]
    assert client.post(f"{ORPHANS}/{older}/replay", json=BY).status_code == 409

    client.post(f"{pair['safe']}/replay", json=BY)

    assert client.get(f"{ORPHANS}/{older}").json()["Classification"] == "Overtaken"


@pytest.mark.parametrize(("first", "second"), [("replay", "replay"), ("discard", "replay"), ("replay", "discard")])
def test_what_is_decided_is_decided(client: httpx.Client, pair: PartedPair, first: str, second: str) -> None:
    assert client.post(f"{pair['safe']}/{first}", json=BY).status_code == 200

    again = client.post(f"{pair['safe']}/{second}", json={"By": "bob"})

    assert again.status_code == 409
    assert "by 'ada'" in again.json()["detail"]


def test_of_many_who_replay_at_once_one_is_noted(client: httpx.Client, pair: PartedPair) -> None:
    path, url = f"{pair['safe']}/replay", client.base_url
    statuses: list[int] = []

    def replay(name: str) -> None:
        with httpx.Client(base_url=url, timeout=30, headers=client.headers) as own:
            statuses.append(own.post(path, json={"By": name}).status_code)

    threads = [threading.Thread(target=replay, args=(f"operator {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, *[409] * 5]
    assert held(pair, "safe") == b'{"v": "orphan"}'


def test_a_replay_waits_for_a_home_that_takes_no_writes(client: httpx.Client, pair: PartedPair) -> None:
    second = pair.sides.second
    second.store.set_mode(HOME, Mode.READ_ONLY, generation=second.generation)

    answer = client.post(f"{pair['safe']}/replay", json=BY)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert client.get(pair["safe"]).json()["Decision"] is None


def test_after_a_failback_a_replay_is_our_own_write(client: httpx.Client, pair: PartedPair) -> None:
    first, second = pair.sides.first, pair.sides.second
    first.import_from(second.store)
    second.give_up(3, to=POOL1)
    first.take_over(3)

    shown = client.get(pair["safe"]).json()
    replayed = client.post(f"{pair['safe']}/replay", json=BY).json()

    assert (shown["ServingPool"], shown["Classification"]) == (POOL1, "SafeToReplay")
    assert (replayed["ServingPool"], replayed["Committed"]["Term"]) == (POOL1, 3)
    assert Record("safe", "k", b'{"v": "orphan"}') in records(first.store)


# ── content ─────────────────────────────────────────────────────────────────────────────────────────────────────


def file_orphan(pair: PartedPair, content: bytes, *, kept: bool) -> str:
    """Make an orphan of a file; return its path."""
    with pair.first.context.opened.content.incoming() as incoming:
        incoming.write(content)
        stored = incoming.keep(None)
    entry = encode_entry(
        FileEntry(digest=Digest(stored.digest), size=len(content), content_type="a/b", modified_at=Instant(1.0))
    )
    first, second = pair.sides.first, pair.sides.second
    first.import_from(second.store)
    second.give_up(3, to=POOL1)
    first.take_over(3, STREAM.module, OTHER_STREAM.module)
    committed(first.store, put("weekly", "slides", entry, stream=OTHER_STREAM))
    second.take_over(4, STREAM.module, OTHER_STREAM.module)
    first.demote_to(second)
    if not kept:
        pair.first.context.opened.content.remove(stored.digest)
    return f"{ORPHANS}/{pair.sides.number('weekly')}"


def test_a_replayed_file_comes_with_its_content(client: httpx.Client, pair: PartedPair) -> None:
    orphan = file_orphan(pair, b"slides" * 500_000, kept=True)

    assert client.post(f"{orphan}/replay", json=BY | {"Force": True}).status_code == 200

    answer = pair.second.client.get(f"/v1/homes/{HOME}/conferences/weekly/files/slides")
    assert answer.content == b"slides" * 500_000


def test_a_file_whose_content_is_gone_is_not_replayed(client: httpx.Client, pair: PartedPair) -> None:
    orphan = file_orphan(pair, b"slides", kept=False)

    refused = client.post(f"{orphan}/replay", json=BY | {"Force": True})

    assert refused.status_code == 409
    assert "needs content" in refused.json()["detail"]
    assert "Upload the file again" in refused.json()["hint"]
    assert client.get(orphan).json()["Decision"] is None


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [{}, {"By": ""}, {"By": "a", "Force": "perhaps"}, {"By": "a", "Surprise": 1}])
def test_a_decision_needs_a_name_and_nothing_unknown(
    client: httpx.Client, pair: PartedPair, body: dict[str, object]
) -> None:
    answer = client.post(f"{pair['safe']}/replay", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{ORPHANS}/999", 404),
        ("GET", f"{ORPHANS}/0", 422),
        ("GET", f"{ORPHANS}/x", 422),
        ("GET", f"{ORPHANS}/{2**63}", 422),
        ("GET", f"{ORPHANS}?limit=0", 422),
        ("GET", f"{ORPHANS}?module=Nothing", 404),
        ("GET", f"{ORPHANS}?classification=Nothing", 422),
        ("POST", f"{ORPHANS}/999/discard", 404),
        ("GET", f"/v1/pools/{POOL2}/orphans", 421),
        ("GET", f"/v1/pools/{POOL2}/orphans/1", 421),
        ("POST", f"/v1/pools/{POOL2}/orphans/1/replay", 421),
    ],
)
def test_what_cannot_be_asked_is_a_problem(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, json=BY if method == "POST" else None)

    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


# ── looking records up ──────────────────────────────────────────────────────────────────────────────────────────

LOOKUP = f"/v1/homes/{HOME}/modules/{STREAM.module}/lookup"


def test_records_are_looked_up_by_their_places(pair: PartedPair) -> None:
    places = [{"Owner": "safe", "Key": "k"}, {"Owner": "deleted", "Key": "k"}]

    found = pair.second.client.post(LOOKUP, json={"Records": places, "Values": True}).json()["Records"]

    shared = b'{"v": "shared"}'
    assert found[0] == {
        "Fingerprint": fingerprint(shared).hex(),
        "Size": len(shared),
        "Value": base64.b64encode(shared).decode(),
    }
    assert found[1] == {"Fingerprint": None, "Size": None, "Value": None}
    without = pair.second.client.post(LOOKUP, json={"Records": places}).json()["Records"]
    assert without == [{**found[0], "Value": None}, found[1]]


def test_only_the_serving_pool_says_what_counts(client: httpx.Client) -> None:
    answer = client.post(LOOKUP, json={"Records": [{"Owner": "safe", "Key": "k"}]})

    assert (answer.status_code, answer.json()["serving_pool"]) == (421, POOL2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Records": []},
        {"Records": [{"Owner": "a"}]},
        {"Records": [{"Owner": "a", "Key": "\0"}]},
        {"Records": [{"Owner": "a", "Key": "k"}] * 17, "Values": True},
        {"Records": [{"Owner": "a", "Key": "k"}] * 1_001},
    ],
    ids=["nothing", "none", "no key", "bad key", "many values", "too many"],
)
def test_a_lookup_that_cannot_be_is_refused(pair: PartedPair, body: dict[str, object]) -> None:
    assert pair.second.client.post(LOOKUP, json=body).status_code == 422
