"""How many management calls a front end answers at the same time: the setting `MaxConcurrentCalls`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import Depends, HTTPException

from twinpool_services.frontend.context import Here


async def _one_of_the_calls(here: Here) -> AsyncIterator[None]:
    """Count a call in and out. Raises `HTTPException` 503 when there are too many."""
    if here.calls >= here.max_concurrent_calls:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{here.calls} management calls are being answered, more than MaxConcurrentCalls allows",
            headers={"Retry-After": "1"},
        )
    here.calls += 1
    try:
        here.max_concurrent_calls = await here.in_thread(here.configured_calls)  # for those after us
        yield
    finally:
        here.calls -= 1


OneOfTheCalls = Depends(_one_of_the_calls)
