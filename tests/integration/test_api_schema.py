"""The API against its own description: generated requests to every operation of a real front end over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.stores.opening import open_store

EXAMPLES = 6  #: of each operation
#: Names that are there; without them hardly a request would come further than to a 404.
KNOWN = {"home": POOL1, "fqdn": POOL1, "module": "PresenceFocus"}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/x-ndjson", "application/msgpack")
def as_it_is(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send what was generated; whether it is of the type that it claims is for the front end to find out."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    deployment = deployment_in(tmp_path)
    store = open_store(deployment.pool(POOL1).store, POOL1)
    with closing(store), front_end_on(store, deployment) as serving:
        yield serving


def test_no_request_makes_a_front_end_stumble_or_answer_otherwise_than_it_says(front_end: FrontEndInTest) -> None:
    url = str(front_end.client.base_url.join("/openapi.json"))
    description = schemathesis.openapi.from_url(url, headers=front_end.headers)
    failures: list[str] = []
    answered: set[int] = set()

    for found in description.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @hypothesis.given(case=operation.as_strategy(), known=hypothesis.strategies.booleans())
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        def conforms(case: schemathesis.Case[Any], known: bool) -> None:
            if known:
                case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters.keys() & KNOWN.keys()})
            response = case.call(headers=front_end.headers)
            answered.add(response.status_code)
            if response.status_code == 503:  # Described: what cannot be done now can be tried again.
                assert "retry-after" in response.headers
                return
            case.validate_response(response, checks=CHECKS)

        try:
            conforms()
        except Exception as error:  # noqa: BLE001 - all that is wrong is told at once
            failures.append(f"{operation.label}: {error}")

    assert not failures, "\n\n".join(failures)
    assert {200, 404, 422} <= answered
