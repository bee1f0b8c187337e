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


class Failures:
    """Answers errors on behalf of one front end."""

    def __init__(self, context: Context) -> None:
        """Know the addresses of other pools."""
        self._context = context

    def answer_for(self, app: FastAPI) -> None:
        """Register with an application for every kind of error."""
        for kind in (TwinpoolError, StarletteHTTPException, BulkEnded, RequestValidationError, Exception):
            app.add_exception_handler(kind, self._on_error)

    def answer(self, error: Exception) -> Response:
        """Return the answer to any error."""
        problem = self._problem(error)
        headers = error.headers if isinstance(error, StarletteHTTPException) else None
        return problem_response(problem, headers)

    async def _on_error(self, _request: Request, error: Exception) -> Response:
        return self.answer(error)

    def _problem(self, error: Exception) -> Problem:
        match error:
            case HomeNotServed(serving_pool=None, home=home) if self._context.addresses_of(home):
                # Our store does not know the home; the pool of that name does.
                return problem_of(HomeNotServed(home, home), self._context.addresses_of)
            case TwinpoolError():
                return problem_of(error, self._context.addresses_of)
            case BulkEnded():
                return replace(self._problem(error.cause), extra=error.done.model_dump())
            case StarletteHTTPException():
                return plain_problem(error.status_code, str(error.detail))
            case RequestValidationError():
                return _of_validation(error)
            case _:
                # Who calls us logs the error itself; a client is not told what is inside.
                return plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug; the front end's log says more")


def _of_validation(error: RequestValidationError) -> Problem:
    found = [(".".join(str(part) for part in one["loc"][1:]), one["msg"]) for one in error.errors()]
    detail = "; ".join(f"{field}: {message}" for field, message in found)
    return plain_problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=found[0][0] if found else "")


def problem_response(problem: Problem, headers: Mapping[str, str] | None) -> Response:
    """Return a problem as an answer."""
    return Response(
        problem.body(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), **problem.headers()},
    )
