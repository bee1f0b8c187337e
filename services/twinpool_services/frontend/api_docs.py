"""What the OpenAPI document says where the code's types cannot."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from twinpool_services.frontend.problems import MEDIA_TYPE

_PROBLEMS = {
    400: "The request was cut short",
    401: "Nobody knows who asks: no token, or one that is not valid",
    403: "The caller lacks the role that this needs",
    404: "There is no such home, module, record, file or pool",
    408: "The body came too slowly",
    409: "Cannot be granted as things stand",
    413: "Larger than allowed",
    415: "Not a media type that this operation takes",
    416: "The range begins behind the end of the file",
    421: "Another pool serves this home: `serving_pool`, `serving_addresses`",
    422: "The request is wrong: `field` names the part",
    429: "Tokens from this address were wrong too often: try again after `Retry-After`",
    503: "Read-only during a failover, or the store does not answer: try again after `Retry-After`",
}

ACCESS = (401, 403, 429)
READS = (*ACCESS, 404, 421, 422, 503)
WRITES = (*ACCESS, 404, 408, 413, 421, 422, 503)

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Document the problems that an operation may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


def answers(document: type[BaseModel], *problem_statuses: int) -> Responses:
    """Document an answer that the operation writes itself, and its problems."""
    return {200: {"model": document}, **problems(*problem_statuses)}


def answers_bytes(*problem_statuses: int, media_type: str = "application/octet-stream") -> Responses:
    """Document an answer of raw bytes."""
    binary = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "The bytes", "content": binary}, **problems(*problem_statuses)}


def body(*media_types: str) -> dict[str, Any]:
    """Document a body that the operation reads itself."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(media_types, schema)}}


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Document a JSON body that the operation reads itself, within bounds."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a principal, or a JWT of the issuer that the deployment trusts",
    }
}

#: What `problems.Problem.document` returns.
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "`urn:twinpool:problem:…`, or `about:blank`"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "What an operator can do about it"},
        "field": {"type": "string", "description": "The part of the request that is to blame"},
        "serving_pool": {"type": "string"},
        "serving_addresses": {"type": "array", "items": {"type": "string"}},
    },
}
