"""Names in paths, exactly as the client meant them.

The server hands on a path that is already decoded, leniently: `%2F` has become a slash and bytes that are not UTF-8 a
replacement character, so two different names could reach the same record. These routes decode the raw path instead.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute


class ExactRoute(APIRoute):
    """A route whose path parameters are taken from the raw path, each segment decoded on its own and strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler that FastAPI makes."""
        handle = super().get_route_handler()
        if not self.param_convertors:
            return handle

        async def exactly(request: Request) -> Response:
            request.scope["path_params"] = exact_parameters(self.path, request.scope["raw_path"])
            return await handle(request)

        return exactly


def exact_parameters(template: str, raw_path: bytes) -> dict[str, str]:
    """Match a raw path with a route's template. Raises `HTTPException` 404 or 422."""
    pattern = _segments(template)
    segments = raw_path.split(b"/", len(pattern) - 1)
    if len(segments) != len(pattern):
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing at this path")
    parameters = {}
    for (name, literal), segment in zip(pattern, segments, strict=True):
        if name:
            parameters[name] = decoded(name, segment)
        elif segment != literal:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing at this path")
    return parameters


@cache
def _segments(template: str) -> tuple[tuple[str, bytes], ...]:
    """Split a template into (name of the parameter, "") and ("", literal segment)."""
    parts = template.split("/")
    return tuple((p[1:-1].split(":")[0], b"") if p.startswith("{") else ("", p.encode()) for p in parts)


def decoded(name: str, segment: bytes) -> str:
    """Decode one segment, which `name` is the parameter of. Raises `HTTPException` 404 or 422."""
    try:
        value = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} is not UTF-8") from None
    if not value:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{name} is empty")
    return value
