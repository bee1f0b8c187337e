"""Every list of the API, as its own description has it: it takes a page size and a cursor, and pages cover it once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.front_ends import POOL1, POOL3, FrontEndInTest, deployment_in, front_end_on
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import FrontEndName, Generation, Home, Position, Stream, Term
from twinpool.vocabulary.session import SessionId

OpenApi = dict[str, Any]
KNOWN = {"home": POOL1, "fqdn": POOL1, "module": "PresenceFocus", "conference": "conf"}
LONGEST_PAGE = 1_000
SEEDED = {
    f"list_{name}" for name in ("records", "files", "documents", "homes", "sync_requests", "audit", "backup_data")
}
#: What answers with several things and is no list, by what keeps it short.
BOUNDED = {
    "get_backup_status": "a row a module",
    "get_cms_replication": "a row a pool",
    "get_failover": "a row a step, and a module",
    "get_failover_plan": "a row a module",
    "get_drill": "a row a probe, and a module",
    "get_standing": "a row a term since the pools last agreed",
    "get_verification": "a row a module; of differences the first",
    "get_replication_facts": "a row a stream",
    "examine_front_end": "a row a disk",
    "trace_record": "a row an event of one record, of a journal of bounded size",
    "get_orphan": "one orphan",
    "get_series": "a row a measure; the points of an hour at most",
}


@pytest.fixture(scope="module")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEndInTest]:
    """A front end that has several of whatever can be listed without a partner."""
    store = MemoryStore(POOL1)
    with front_end_on(store, deployment_in(tmp_path_factory.mktemp("pool"))) as serving:
        client = serving.client
        for name in "abc":
            client.put(f"/v1/homes/{POOL1}/modules/PresenceFocus/records/{name}/k", content=b"v")
            client.put(f"/v1/homes/{POOL1}/conferences/conf/files/{name}", content=b"v")
            client.put(f"/v1/cms/documents/policy/{name}", content=b"{}")
            client.post(f"/v1/pools/{POOL1}/sync", json={"BackupModule": "PresenceFocus"})
            leave_something(store, Home(f"former-{name}.lab"))
        yield serving
    store.close()


def leave_something(store: MemoryStore, home: Home) -> None:
    """Let the pool have imported a record of a home with which it has nothing to do any more."""
    generation = store.acquire_lease(FrontEndName("fe1.lab"), timedelta(hours=1)).generation
    store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=POOL3, mode=Mode.READ_WRITE))
    stream, session = Stream(home, PresenceFocus.name), SessionId(Term(1), Generation(9), 1)
    store.note_session(stream, session, generation=generation)
    store.begin(stream, session=session, generation=generation)
    after, upto, changes = Position(0), Position(1), [Change("eve@lab", "k", b"v")]
    store.apply(stream, changes, session=session, after=after, upto=upto, generation=generation)


@pytest.fixture(scope="module")
def described(front_end: FrontEndInTest) -> OpenApi:
    document: OpenApi = front_end.client.get("/openapi.json").json()
    return document


def reads(described: OpenApi) -> Iterator[tuple[str, str, OpenApi]]:
    """Every operation that reads: its function's name, its path, and what it is."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method == "get":
                suffix = "".join(letter if letter.isalnum() else "_" for letter in path) + "_get"
                yield operation["operationId"].removesuffix(suffix), path, operation


def lists(described: OpenApi) -> Iterator[tuple[str, str, OpenApi]]:
    return (found for found in reads(described) if found[0].startswith("list_"))


def answered(described: OpenApi, operation: OpenApi) -> OpenApi:
    """The schema of what an operation answers; empty if that is no JSON."""
    content = operation["responses"].get("200", {}).get("content", {})
    return resolved(described, content.get("application/json", {}).get("schema", {}))


def resolved(described: OpenApi, schema: OpenApi) -> OpenApi:
    found: OpenApi = (
        described["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    )
    return found


def things_in(described: OpenApi, schema: OpenApi) -> list[str]:
    """The properties that hold any number of documents."""
    found = {name: one for name, one in schema.get("properties", {}).items() if one.get("type") == "array"}
    objects = [name for name, one in found.items() if resolved(described, one["items"]).get("type") == "object"]
    return [*objects, *(["the answer itself"] if schema.get("type") == "array" else [])]


def test_every_list_takes_a_page_size_and_a_cursor_and_says_where_to_go_on(described: OpenApi) -> None:
    found = {name: (path, operation) for name, path, operation in lists(described)}

    assert len(found) >= 10
    for name, (_, operation) in found.items():
        parameters = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        limit = parameters["limit"]["schema"]
        assert (limit["minimum"], limit["maximum"]) == (1, LONGEST_PAGE), name
        assert "after" in parameters, name
        assert answered(described, operation)["properties"].keys() & {"next", "Next"}, name


def test_whatever_else_answers_with_several_things_is_known_to_stay_short(described: OpenApi) -> None:
    several = {
        name
        for name, _, operation in reads(described)
        if not name.startswith("list_") and things_in(described, answered(described, operation))
    }

    assert several == BOUNDED.keys()


def pages(client: httpx.Client, path: str, items: str, limit: int) -> Iterator[list[Any]]:
    params: dict[str, Any] = {"limit": limit}
    while True:
        page: Mapping[str, Any] = client.get(path, params=params).raise_for_status().json()
        yield page[items]
        following = page["next"] if "next" in page else page["Next"]
        if following is None:
            return
        params["after"] = following


def test_pages_of_every_list_cover_it_once_and_in_the_same_order(described: OpenApi, front_end: FrontEndInTest) -> None:
    longest: dict[str, int] = {}
    for name, path, operation in lists(described):
        (items,) = things_in(described, answered(described, operation))
        asked = path.format_map(KNOWN)
        (whole,) = pages(front_end.client, asked, items, LONGEST_PAGE)

        one_by_one = list(pages(front_end.client, asked, items, 1))

        assert all(len(page) <= 1 for page in one_by_one), name
        assert [one for page in one_by_one for one in page] == whole, name
        longest[name] = len(whole)
    assert {name for name, count in longest.items() if count >= 3} >= {*SEEDED, "list_backup_data"}


def test_a_cursor_that_was_never_handed_out_is_refused(described: OpenApi, front_end: FrontEndInTest) -> None:
    for name, path, _ in lists(described):
        for wrong in ("!", "WzFd", "-1", "bnVsbA=="):
            answer = front_end.client.get(path.format_map(KNOWN), params={"after": wrong})
            assert answer.status_code in {404, 422}, (name, wrong)
