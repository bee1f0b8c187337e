"""Passes: how a front end shows one of another pool that it speaks for its own, by the pool's signing key.

A pass is good for a minute and for one pool, so that whoever comes by it can do little with it, and nothing elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json

from twinpool.errors import NotAuthenticated, SignatureRefused
from twinpool.security.key_files import KeyId
from twinpool.security.pool_keys import Purpose, Signature, SigningKey, VerifyKeys
from twinpool.vocabulary.names import Instant, PoolFqdn

PREFIX = "tpp_"
LIFETIME = 60.0  #: seconds
LEEWAY = 30.0  #: seconds by which clocks may differ
LONGEST = 1_000  #: characters


def make_pass(key: SigningKey, to: PoolFqdn, now: Instant) -> str:
    """Make a pass for the front ends of another pool."""
    said = json.dumps({"from": key.pool, "to": to, "until": now + LIFETIME, "key": key.key_id}).encode("ascii")
    return f"{PREFIX}{_text(said)}.{_text(key.sign(Purpose.CALL, said).signature)}"


def read_pass(text: str, keys: VerifyKeys, own: PoolFqdn, now: Instant) -> PoolFqdn:
    """Return the pool that made a pass for ours. Raises `NotAuthenticated`."""
    try:
        said, signature = map(_bytes, text.removeprefix(PREFIX).split("."))
        told = json.loads(said)
        pool, until, key_id = PoolFqdn(str(told["from"])), float(told["until"]), KeyId(str(told["key"]))
        keys.verify(pool, Purpose.CALL, said, Signature(key_id, signature))
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error, SignatureRefused) as error:
        raise NotAuthenticated("the pass is not signed with a key of the pool that it names") from error
    if told.get("to") != own:
        raise NotAuthenticated(f"the pass of {pool} is for another pool")
    if not now - LEEWAY <= until <= now + LIFETIME + LEEWAY:
        raise NotAuthenticated(f"the pass of {pool} has expired, or is of the future; do the clocks agree?")
    return pool


def _text(held: bytes) -> str:
    return base64.urlsafe_b64encode(held).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
