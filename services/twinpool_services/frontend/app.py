"""The HTTP application of one front end."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from twinpool.security.roles import Role
from twinpool.vocabulary.security import Security
from twinpool_services.frontend.access.gate import Gate
from twinpool_services.frontend.access.requirements import requirement_of
from twinpool_services.frontend.access.trail import AuditTrail
from twinpool_services.frontend.api_docs import PROBLEM_SCHEMA, SECURITY_SCHEMES
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.crowd import Crowd
from twinpool_services.frontend.dashboard_door import DashboardDoor
from twinpool_services.frontend.failures import Failures
from twinpool_services.frontend.fast_lane import FastLane
from twinpool_services.frontend.routes import (
    audit,
    bulk,
    cms_documents,
    cms_replication,
    configuration,
    diagnosis,
    drills,
    failovers,
    files,
    health,
    lookup,
    metrics,
    orphans,
    pools,
    records,
    transactions,
    user_data,
    verifications,
)
from twinpool_services.frontend.watched_app import WatchedApp

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
    audit,
    diagnosis,
    health,
    metrics,
)


def routes_of_all() -> list[BaseRoute]:
    """Return every route, for those who describe them."""
    return [route for routes in ROUTES for route in routes.router.routes]


class FrontEndApp(FastAPI):
    """FastAPI, with the problem document in its schema."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; made once."""
        made = self.openapi_schema is not None
        document = super().openapi()
        if not made:
            document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
            document["components"]["securitySchemes"] = SECURITY_SCHEMES
            document["security"] = [dict.fromkeys(SECURITY_SCHEMES, ())]
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
    trail = AuditTrail(context.front_end.name, context)
    gate = Gate(FastLane(app, context, failures), context.doorkeeper, trail, failures)
    gate.open_for_all(open_paths(app, context.deployment.security))
    door = DashboardDoor(gate, context, trail)
    return WatchedApp(Crowd(door, context.limits), context.telemetry)


def open_paths(app: FastAPI, security: Security) -> frozenset[str]:
    """Return the paths that are answered without a token."""
    roles = {Role.OPEN, *([Role.METRICS] if security.open_metrics else [])}
    docs = {path for path in (app.docs_url, app.openapi_url, app.redoc_url) if path and security.open_docs}
    routes = (route for route in routes_of_all() if isinstance(route, APIRoute))
    return frozenset(docs | {route.path for route in routes if requirement_of(route) in roles})
