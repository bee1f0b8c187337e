"""The HTTP application of one front end."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from twinpool_services.frontend.api_docs import PROBLEM_SCHEMA
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.failures import Failures
from twinpool_services.frontend.fast_lane import FastLane
from twinpool_services.frontend.routes import (
    bulk,
    cms_documents,
    cms_replication,
    configuration,
    drills,
    failovers,
    files,
    health,
    lookup,
    orphans,
    pools,
    records,
    transactions,
    user_data,
    verifications,
)

ROUTES = (
    records,
    lookup,
    transactions,
    bulk,
    files,
    cms_documents,
    pools,
    configuration,
    user_data,
    verifications,
    failovers,
    drills,
    cms_replication,
    orphans,
    health,
)


class FrontEndApp(FastAPI):
    """FastAPI, with the problem document in its schema."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; made once."""
        made = self.openapi_schema is not None
        document = super().openapi()
        if not made:
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        return document


def create_app(context: Context) -> ASGIApp:
    """Build the application on a context, whose store may still be closed."""
    app = FrontEndApp(
        title="Twinpool front end",
        version=version("twinpool"),
        summary="Module data and management of one pool.",
        redirect_slashes=False,
    )
    app.state.context = context
    for routes in ROUTES:  # As they are: to include a router is to analyse each of its operations a second time.
        app.router.routes.extend(routes.router.routes)
    failures = Failures(context)
    failures.answer_for(app)
    return FastLane(app, context, failures)
