"""How a pool vouches for its messages, and makes sure of those of others.

What is signed is the digest over our headers and the body, together with the content type: so everything that a
receiver goes by, the addresses and the place in the stream above all. A broker that is not to be trusted can withhold
messages, double them, or show them late; what the protocol makes of that is told in decision 0009.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinpool.errors import SignatureRefused, UntrustedMessage
from twinpool.security.key_files import KeyId
from twinpool.security.pool_keys import PoolKeys, Purpose, Signature, VerifyKeys
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import Signatures
from twinpool.wire.headers import DIGEST, Headers

KEY, SIGNATURE = "key", "signature"  #: headers: the key id, and what was signed with the key, in base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """The keys, and what is asked of whom."""

    keys: PoolKeys
    signatures: Signatures

    def demands(self, pool: PoolFqdn) -> bool:
        """Say whether the messages of a pool have to be signed."""
        known = self.signatures is Signatures.WITH_KEYS and self.keys.verify.has(pool)
        return known or self.signatures is Signatures.REQUIRED

    def undemanded(self, pools: Iterable[PoolFqdn]) -> tuple[PoolFqdn, ...]:
        """Name those pools whose messages are taken as they come."""
        return tuple(pool for pool in pools if not self.demands(pool))

    def sign(self, headers: Headers, content_type: str) -> Headers:
        """Return the headers of a sealed message with our signature, if we have a key and use it."""
        key = self.keys.signing
        if key is None or self.signatures is Signatures.OFF:
            return headers
        made = key.sign(Purpose.MESSAGE, _said(content_type, str(headers[DIGEST])))
        return {**headers, KEY: made.key_id, SIGNATURE: base64.b64encode(made.signature).decode("ascii")}

    def check(self, pool: PoolFqdn, headers: Mapping[str, object], content_type: str) -> None:
        """Make sure that a pool has vouched for the digest in the headers. Raises `UntrustedMessage`."""
        if not self.demands(pool):
            return
        key, signature, digest = headers.get(KEY), headers.get(SIGNATURE), headers.get(DIGEST)
        if key is None or signature is None:
            raise UntrustedMessage(f"is not signed, and {pool} signs what it says", speaker=pool, field=SIGNATURE)
        made = Signature(KeyId(str(key)), _decoded(signature, pool))
        try:
            self.keys.verify.verify(pool, Purpose.MESSAGE, _said(content_type, str(digest)), made)
        except SignatureRefused as error:
            raise UntrustedMessage(str(error), speaker=pool, field=SIGNATURE) from error


#: Neither signs nor checks: for what has no keys, and for what reads messages without acting on them.
UNVOUCHED = Vouching(keys=PoolKeys(signing=None, verify=VerifyKeys({})), signatures=Signatures.OFF)


def _said(content_type: str, digest: str) -> bytes:
    return f"{content_type}\0{digest}".encode("utf-8", "surrogatepass")


def _decoded(signature: object, speaker: PoolFqdn) -> bytes:
    try:
        return base64.b64decode(str(signature), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UntrustedMessage("has a signature that is none", speaker=speaker, field=SIGNATURE) from error
