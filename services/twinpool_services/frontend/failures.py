"""How errors become answers: every one a problem document, and nothing unexpected told to clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from twinpool.errors import HomeNotServed, TwinpoolError
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.documents import BulkDocument
from twinpool_services.frontend.problems import MEDIA_TYPE, Problem, plain_problem, problem_of


class BulkEnded(Exception):
    """A bulk request came to an early end; the answer tells what was done until then."""

    def __init__(self, cause: TwinpoolError | HTTPException, done: BulkDocument) -> None:
        """Remember both."""
        super().__init__(str(cause))
        self.cause, self.done = cause, done


def answer_failures(app: FastAPI, context: Context) -> None:
    """Register how each kind of error is answered."""

    def ours(error: TwinpoolError) -> Problem:
        if isinstance(error, HomeNotServed) and error.serving_pool is None:
            error = HomeNotServed(error.home, _likely_server(context, error.home))
        return problem_of(error, context.addresses_of)

    async def on_ours(_request: Request, error: Exception) -> Response:
        assert isinstance(error, TwinpoolError)  # noqa: S101 - registered for it alone
        return _response(ours(error))

    async def on_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)  # noqa: S101 - registered for it alone
        return _response(_of_http(error), error.headers)

    async def on_bulk(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BulkEnded)  # noqa: S101 - registered for it alone
        problem = ours(error.cause) if isinstance(error.cause, TwinpoolError) else _of_http(error.cause)
        return _response(replace(problem, extra=error.done.model_dump()))

    app.add_exception_handler(TwinpoolError, on_ours)
    app.add_exception_handler(StarletteHTTPException, on_http)
    app.add_exception_handler(BulkEnded, on_bulk)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Exception, _on_bug)


async def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    found = error.errors()
    field = ".".join(str(part) for part in found[0]["loc"][1:]) if found else ""
    detail = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in found)
    return _response(plain_problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=field))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    # The server logs the error itself, for it is raised again behind this.
    return _response(plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug; the front end's log says more"))


def _of_http(error: StarletteHTTPException) -> Problem:
    return plain_problem(error.status_code, str(error.detail))


def _likely_server(context: Context, home: str) -> str | None:
    """Say who serves a home that our store does not know: the pool of that name, unless it is not ours to say."""
    return home if context.addresses_of(home) else None


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        problem.body(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), **problem.headers()},
    )
