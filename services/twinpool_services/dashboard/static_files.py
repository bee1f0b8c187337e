"""Style sheets and scripts: read once, and found by the digest of what they hold, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.responses import Response

PREFIX = "/dashboard/static/"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class StaticFiles:
    """The files of `static/`."""

    def __init__(self) -> None:
        """Read them."""
        folder = files("twinpool_services.dashboard") / "static"
        self._held = {each.name: each.read_bytes() for each in folder.iterdir() if _suffix(each.name) in _TYPES}

    def address(self, name: str) -> str:
        """Return where a page finds a file."""
        return f"{PREFIX}{name}?{hashlib.sha256(self._held[name]).hexdigest()[:12]}"

    def answer(self, name: str) -> Response:
        """Return a file. Raises `HTTPException` 404."""
        if name not in self._held:
            raise HTTPException(404, "there is no such file")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": _TYPES[_suffix(name)]}
        return Response(self._held[name], headers=headers)


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"
