"""One simple range is understood, and everything else is all of the file."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from twinpool_services.frontend.byte_ranges import ByteRange, requested_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-9", ByteRange(0, 10)),
        ("bytes=10-", ByteRange(10, 100)),
        ("bytes=-5", ByteRange(95, 100)),
        ("bytes=-500", ByteRange(0, 100)),
        ("bytes=90-500", ByteRange(90, 100)),
    ],
)
def test_a_range_is_cut_to_the_file(header: str, part: ByteRange) -> None:
    assert requested_range(header, 100) == part


@pytest.mark.parametrize("header", [None, "", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=٣-٤"])
def test_what_is_no_simple_range_is_ignored(header: str | None) -> None:
    assert requested_range(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=0-", 0), ("bytes=-0", 100)])
def test_a_range_behind_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(HTTPException) as raised:
        requested_range(header, size)

    assert raised.value.status_code == 416
    assert raised.value.headers == {"Content-Range": f"bytes */{size}"}
