"""Sessions of people: sealed in the cookie, so that any front end of the pool knows them and none has to keep them.

A session says by which token it was begun. The token itself is not in it, and counts anew at each request: who is taken
out of the principals file is out of the dashboard a second later.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from twinpool.errors import NotAuthenticated

IDLE = 3_600.0  #: seconds that a session lasts after the last page was looked at
RENEWED_AFTER = 300.0  #: seconds after which a page that is looked at prolongs it
LONGEST = 12 * 3_600.0  #: seconds that it lasts at most
LARGEST = 3_500  #: characters of a sealed session, for a browser keeps no cookie of more than 4,096
MOST_ENDED = 10_000  #: sessions that were ended before their time and are remembered for it


class SessionTooLarge(NotAuthenticated):
    """A token names so many groups and homes that no cookie holds them."""

    hint = "Let the issuer put only the groups that twinpool knows into the token."


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who has signed in."""

    number: str  #: at random; what forms and the list of those that were ended go by
    since: float  #: in seconds since 1970
    until: float
    latest: float  #: it is never prolonged beyond this
    token_digest: str  #: of a token of the principals file; empty for a JWT, whose words are kept here
    name: str
    groups: tuple[str, ...] = ()  #: of a JWT
    homes: tuple[str, ...] = ()  #: of a JWT


class Sessions:
    """Seals sessions and opens them. Used from the event loop alone."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        """Seal by a secret that the front ends of a pool share."""
        self._secret, self._clock = secret, clock
        self._ended: OrderedDict[str, float] = OrderedDict()

    def begin(self, name: str, *, token_digest: str, expires: float, **words: tuple[str, ...]) -> Session:
        """Begin a session that ends with its token, `expires`, at the latest."""
        now = self._clock()
        latest = min(expires, now + LONGEST)
        return Session(
            number=secrets.token_hex(16),
            since=now,
            until=min(now + IDLE, latest),
            latest=latest,
            token_digest=token_digest,
            name=name,
            **words,
        )

    def renewed(self, session: Session) -> Session | None:
        """Return a prolonged session; None if it is young enough, or cannot be."""
        until = min(self._clock() + IDLE, session.latest)
        return replace(session, until=until) if until - session.until >= RENEWED_AFTER else None

    def end(self, session: Session) -> None:
        """Take it no more at this front end."""
        self._ended[session.number] = session.latest
        while len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def seal(self, session: Session) -> str:
        """Return what a cookie holds. Raises `SessionTooLarge`."""
        said = json.dumps(asdict(session), separators=(",", ":")).encode("ascii")
        sealed = f"{_text(said)}.{_text(self._mac(b'session', said))}"
        if len(sealed) > LARGEST:
            raise SessionTooLarge(f"the token of {session.name!r:.80} names too many groups and homes")
        return sealed

    def open(self, sealed: str) -> Session | None:
        """Return the session of a cookie; None if it is none of ours, or not any more."""
        try:
            said, mac = map(_bytes, sealed.split("."))
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(mac, self._mac(b"session", said)):
            return None
        told = json.loads(said)
        session = Session(**{**told, "groups": tuple(told["groups"]), "homes": tuple(told["homes"])})
        if session.number in self._ended or self._clock() >= session.until:
            return None
        return session

    def form_token(self, number: str) -> str:
        """Return what every form of a session, or of a visit before any, has to bring back."""
        return _text(self._mac(b"form", number.encode("utf-8")))

    def is_form_token(self, number: str, shown: str) -> bool:
        """Say whether a form was made for this session."""
        return hmac.compare_digest(self.form_token(number).encode("ascii"), shown.encode("utf-8", "replace"))

    def _mac(self, what: bytes, said: bytes) -> bytes:
        return hmac.digest(self._secret, what + b"\0" + said, "sha256")


def _text(held: bytes) -> str:
    return base64.urlsafe_b64encode(held).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
