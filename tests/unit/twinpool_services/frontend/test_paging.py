"""Page tokens come back as they went, and nothing else passes for one."""

from __future__ import annotations

import base64

import pytest

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.change import Record, RecordKey
from twinpool_services.frontend.paging import page_token, read_token


@pytest.mark.parametrize("key", ["contacts/1", "é😀", 'a\\b"c'])
def test_a_token_leads_to_the_record_after_which_it_was_made(key: str) -> None:
    assert read_token(page_token(Record("ada", key, b""))) == RecordKey("ada", key)


def test_the_first_page_has_no_token() -> None:
    assert read_token(None) is None


@pytest.mark.parametrize(
    "token",
    ["", "!", "é", *(base64.b64encode(text).decode() for text in (b"[1,2]", b"{}", b'["a"]', b'["a","\\u0000"]'))],
)
def test_what_was_never_handed_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        read_token(token)

    assert raised.value.field == "after"
