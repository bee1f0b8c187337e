"""Forms: read within bounds, and only if one of our own pages has sent them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from twinpool.errors import InvalidParameter, Refused
from twinpool_services.frontend.bodies import BodyLimits, read_body

FORM_TOKEN = "form-token"  # noqa: S105 - the name of a field
LARGEST = 64 * 1024  #: bytes
MOST_FIELDS = 200


class FormRefused(Refused):
    """A form was not sent by a page of ours, or by one that is out of date."""

    hint = "Go back, load the page again, and send the form once more."


async def read_form(request: Request, idle: float) -> dict[str, str]:
    """Return the fields of a form, the last of each name. Raises `InvalidParameter`, and as `read_body` does."""
    body = await read_body(request, BodyLimits(bytes=LARGEST, idle=idle))
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidParameter("the body is no form") from error


def require_same_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a browser says another site has sent. Raises `FormRefused`."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise FormRefused("the form was sent by a page of another site")
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormRefused("the form was sent by a page of another site")
