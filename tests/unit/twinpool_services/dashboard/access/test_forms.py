"""Forms of other sites."""

from __future__ import annotations

import pytest

from twinpool_services.dashboard.access.forms import FormRefused, require_same_origin


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "fe1:8001"},
        {"host": "fe1:8001", "origin": "http://fe1:8001"},
        {"host": "fe1", "origin": "https://fe1", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_form_of_our_own_is_taken(headers: dict[str, str]) -> None:
    require_same_origin(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "fe1:8001", "origin": "http://fe1:8002"},
        {"host": "fe1", "origin": "http://evil"},
        {"host": "fe1", "origin": "null"},
        {"host": "fe1", "origin": "http://fe1", "sec-fetch-site": "cross-site"},
        {"host": "fe1", "sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(FormRefused):
        require_same_origin(headers)
