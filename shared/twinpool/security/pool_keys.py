"""The keys by which pools know each other's words: each signs with its own, and knows those of all to verify.

Both sides name the purpose, and it is signed with the words: what was signed for one purpose is worth nothing for
another. Several verify keys of a pool count at the same time, so that its key can be changed while it speaks.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twinpool.errors import InvalidConfiguration, SignatureRefused
from twinpool.security.key_files import KeyId, key_id_of, public_key_of, read_private_key, read_public_keys
from twinpool.vocabulary.deployment import Deployment, Pool
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import Signatures

SIGNATURE_BYTES = 64


class Purpose(enum.StrEnum):
    """What is signed."""

    MESSAGE = "twinpool message v1"  #: a message to another pool, by the broker
    CALL = "twinpool call v1"  #: a call to a front end of another pool, by HTTP
    DASHBOARD = "twinpool dashboard v1"  #: sessions of people who look at a pool; derived from its key, never signed


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and the key that it was made with."""

    key_id: KeyId
    signature: bytes = field(repr=False)


class SigningKey:
    """A pool's own key. Safe to use from any thread."""

    def __init__(self, pool: PoolFqdn, private: Ed25519PrivateKey) -> None:
        """Sign as this pool."""
        self.pool = pool
        self.public = private.public_key()
        self.key_id = key_id_of(self.public)
        self._private = private

    def sign(self, purpose: Purpose, said: bytes) -> Signature:
        """Sign what this pool says for a purpose."""
        return Signature(self.key_id, self._private.sign(_framed(purpose, said)))

    def secret_for(self, purpose: Purpose) -> bytes:
        """Derive 32 bytes that the front ends of this pool know and nobody else: the same from the same key."""
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode("ascii"))
        return derivation.derive(self._private.private_bytes_raw())


class VerifyKeys:
    """The public keys of every pool. Safe to use from any thread."""

    def __init__(self, keys: Mapping[PoolFqdn, Iterable[Ed25519PublicKey]]) -> None:
        """Know the keys of each pool; a pool may have none, and then nothing is taken for its word."""
        self._keys = {pool: {key_id_of(key): key for key in its} for pool, its in keys.items()}

    def key_ids(self, pool: PoolFqdn) -> tuple[KeyId, ...]:
        """Name the keys of a pool."""
        return tuple(self._keys.get(pool, ()))

    def has(self, pool: PoolFqdn) -> bool:
        """Say whether anything could be verified to come from a pool."""
        return bool(self._keys.get(pool))

    def verify(self, pool: PoolFqdn, purpose: Purpose, said: bytes, signature: Signature) -> None:
        """Make sure that a pool said this for this purpose. Raises `SignatureRefused`."""
        key = self._keys.get(pool, {}).get(signature.key_id)
        if key is None:
            raise SignatureRefused(f"is signed with key {signature.key_id!r:.40}, which is not known as one of {pool}")
        try:
            key.verify(signature.signature, _framed(purpose, said))
        except InvalidSignature as error:
            raise SignatureRefused(f"has a signature that is not that of key {signature.key_id} of {pool}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolKeys:
    """What a front end knows of keys: that of its own pool, and those of all pools."""

    signing: SigningKey | None
    verify: VerifyKeys


def load_pool_keys(deployment: Deployment, pool: Pool) -> PoolKeys:
    """Load what a front end of a pool needs.

    Raises `InvalidConfiguration` for a key that cannot be read, one that is missing although signatures are required,
    and a signing key whose words no other pool would take.
    """
    keys = PoolKeys(signing=_signing_key(deployment, pool), verify=load_verify_keys(deployment))
    if deployment.security.signatures is not Signatures.OFF:
        _check_own(deployment, pool, keys)
    if deployment.security.signatures is Signatures.REQUIRED:
        _require_all(deployment, pool, keys)
    return keys


def load_verify_keys(deployment: Deployment) -> VerifyKeys:
    """Load the public keys of every pool. Raises `InvalidConfiguration`."""
    return VerifyKeys({pool.fqdn: [*_public_keys(deployment, pool)] for pool in deployment.pools})


def _framed(purpose: Purpose, said: bytes) -> bytes:
    # No purpose holds a zero byte, so none is the beginning of another's words.
    return purpose.encode("ascii") + b"\0" + said


def _signing_key(deployment: Deployment, pool: Pool) -> SigningKey | None:
    if pool.signing_key is None:
        return None
    try:
        return SigningKey(pool.fqdn, read_private_key(pool.signing_key))
    except InvalidConfiguration as error:
        error.field = f"{_place(deployment, pool)}.signing_key"
        raise


def _public_keys(deployment: Deployment, pool: Pool) -> Iterable[Ed25519PublicKey]:
    for at, source in enumerate(pool.verify_keys):
        try:
            yield from read_public_keys(source) if isinstance(source, Path) else (public_key_of(source),)
        except InvalidConfiguration as error:
            error.field = f"{_place(deployment, pool)}.verify_keys[{at}]"
            raise


def _check_own(deployment: Deployment, pool: Pool, keys: PoolKeys) -> None:
    """Refuse to speak where nobody would listen."""
    place, known = _place(deployment, pool), keys.verify.key_ids(pool.fqdn)
    if keys.signing is None and known:
        what = f"{pool.fqdn} has verify keys but no signing_key, so that its partner would refuse all that it says"
        raise InvalidConfiguration(what, field=f"{place}.signing_key")
    if keys.signing is not None and known and keys.signing.key_id not in known:
        what = (
            f"the signing key {keys.signing.key_id} of {pool.fqdn} is not among its verify_keys ({', '.join(known)}), "
            "so that its partner would refuse all that it says"
        )
        raise InvalidConfiguration(what, field=f"{place}.signing_key")


def _require_all(deployment: Deployment, pool: Pool, keys: PoolKeys) -> None:
    for each in deployment.pools:
        if not keys.verify.has(each.fqdn):
            what = f'{each.fqdn} has no verify_keys, and signatures = "{Signatures.REQUIRED}"'
            raise InvalidConfiguration(what, field=f"{_place(deployment, each)}.verify_keys")
    if keys.signing is None:
        what = f'{pool.fqdn} has no signing_key, and signatures = "{Signatures.REQUIRED}"'
        raise InvalidConfiguration(what, field=f"{_place(deployment, pool)}.signing_key")


def _place(deployment: Deployment, pool: Pool) -> str:
    return f"pool[{deployment.pools.index(pool)}]"
