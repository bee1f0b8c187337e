"""What Prometheus scrapes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.context import Context, Here
from twinpool_services.telemetry import Series
from twinpool_services.telemetry import catalogue as of

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=[requires(Role.METRICS)],
)
async def get_metrics(here: Here, request: Request) -> Response:
    """Return the numbers of this front end, in the format that `Accept` asks for; read from memory alone."""
    here.telemetry.board.tell("front end", _identity(here))
    body, content_type = here.telemetry.board.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


def _identity(here: Context) -> list[Series]:
    about = {"front_end": str(here.front_end.name), "version": here.version}
    return [(of.FRONT_END_INFO, about, 1.0), (of.ACTIVE, {}, float(here.active))]
