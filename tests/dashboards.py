"""A browser without a window: what signs in to the dashboard of a front end, for tests."""

from __future__ import annotations

import json
import re

import httpx

from tests.front_ends import NO_TLS, FrontEndInTest
from tests.tokens import add_principal

SIGN_IN = "/dashboard/sign-in"


def a_browser_at(front_end: FrontEndInTest) -> httpx.Client:
    return httpx.Client(base_url=front_end.client.base_url, timeout=30, verify=NO_TLS)


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def sign_in(browser: httpx.Client, token: str, to: str = "/dashboard") -> httpx.Response:
    shown = form_token(browser.get(SIGN_IN))
    return browser.post(SIGN_IN, data={"form-token": shown, "token": token, "to": to})


def live(browser: httpx.Client, section: str) -> str:
    """Return a section that keeps itself up to date, as it is told first."""
    with browser.stream("GET", "/dashboard/live", params={"show": section}) as stream:
        news = next(line for line in stream.iter_lines() if line.startswith("data: "))
    return str(json.loads(news.removeprefix("data: "))["sections"][section])


def token_for(front_end: FrontEndInTest, name: str, *groups: str) -> str:
    headers = add_principal(front_end.context.deployment.security, name, list(groups))
    return headers["Authorization"].removeprefix("Bearer ")


def administrator(front_end: FrontEndInTest) -> str:
    return front_end.headers["Authorization"].removeprefix("Bearer ")
