"""Two different names never reach the same record."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from twinpool_services.frontend.exact_route import exact_parameters

TEMPLATE = "/v1/records/{owner}/{key:path}"


@pytest.mark.parametrize(
    ("path", "owner", "key"),
    [
        (b"/v1/records/ada/contacts/1", "ada", "contacts/1"),
        (b"/v1/records/a%2Fb/c", "a/b", "c"),
        (b"/v1/records/a/b%2Fc", "a", "b/c"),
        (b"/v1/records/%C3%A9/%F0%9F%98%80", "é", "😀"),
        (b"/v1/records/a/%00", "a", "\0"),
        (b"/v1/records/a//", "a", "/"),
        (b"/v1/records/a/%2525", "a", "%25"),
        (b"/v1/records/a/b+c%20d", "a", "b+c d"),
    ],
)
def test_names_are_decoded_segment_by_segment(path: bytes, owner: str, key: str) -> None:
    assert exact_parameters(TEMPLATE, path) == {"owner": owner, "key": key}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/v1/records/%FF/key", 422),
        (b"/v1/records/a/%ED%A0%80", 422),
        (b"/v1/records//key", 404),
        (b"/v1/records/a/", 404),
        (b"/v1/records/a", 404),
        (b"/v1%2Frecords/a/b/c", 404),
        (b"/v1/other/a/b", 404),
    ],
)
def test_what_is_no_name_is_refused(path: bytes, status: int) -> None:
    with pytest.raises(HTTPException) as raised:
        exact_parameters(TEMPLATE, path)

    assert raised.value.status_code == status
