"""JWTs of an OpenID Connect issuer, checked strictly: signature, algorithm, issuer, audience and times."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt

from twinpool.errors import NotAuthenticated
from twinpool.security.roles import POOLS
from twinpool.vocabulary.security import OidcIssuer
from twinpool_services.frontend.access.callers import Caller, caller_of_groups
from twinpool_services.frontend.access.issuer_keys import IssuerKeys

#: Of the algorithm that a token names only these are taken: never `none`, never one with a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MOST_NAMES = 500  #: groups or homes of one token
LONGEST_NAME = 200


class IssuedTokens:
    """Says who holds a JWT. Blocks where keys have to be fetched."""

    def __init__(self, issuer: OidcIssuer) -> None:
        """Trust an issuer."""
        self._issuer = issuer
        self._keys = IssuerKeys(issuer)

    def read(self, token: str) -> tuple[Caller, float]:
        """Return who holds a token, and the time at which it expires. Raises `NotAuthenticated`."""
        try:
            claims = self._claims(token)
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticated("the token has expired") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise NotAuthenticated("the token is not one that the trusted issuer made for us") from error
        # That front ends of our own pools call is shown by their keys alone.
        groups = tuple(
            one for one in _names(claims.get(self._issuer.groups_claim)) if one.casefold() != POOLS.casefold()
        )
        homes = frozenset(one.lower() for one in _names(claims.get(self._issuer.homes_claim)))
        return caller_of_groups(_name(claims), groups, homes), float(claims["exp"])

    def _claims(self, token: str) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        key = self._keys.find(header.get("kid"))
        if algorithm not in ALGORITHMS or key is None:
            raise jwt.InvalidAlgorithmError("not an algorithm, or not a key, that counts here")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            issuer=self._issuer.issuer,
            audience=self._issuer.audience,
            leeway=self._issuer.leeway,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims


def _name(claims: Mapping[str, Any]) -> str:
    subject = str(claims["sub"])
    return "oidc:" + "".join(each if each.isprintable() else "?" for each in subject)[:LONGEST_NAME]


def _names(claim: object) -> tuple[str, ...]:
    """Read a claim that holds names: a list, or a single one."""
    found = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    names = (one for one in found[:MOST_NAMES] if isinstance(one, str) and 0 < len(one) <= LONGEST_NAME)
    return tuple(one for one in names if one.isprintable())


def is_jwt(token: str) -> bool:
    """Say whether a token has the shape of a JWT."""
    return token.count(".") == 2


def seconds_left(expires: float) -> float:
    """Return how long what expires then may still be taken without another look."""
    return min(expires - time.time(), 60.0)
