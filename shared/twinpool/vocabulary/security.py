"""How a deployment knows who speaks to its pools, and to their front ends."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

PRINCIPALS_FILE = "twinpool.principals.toml"
TOKEN_FILE = "twinpool.token"  # noqa: S105 - the name of a file
_BASE64_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


class Signatures(enum.StrEnum):
    """What a pool asks of the messages that it reads from the broker."""

    REQUIRED = "Required"  #: each is signed by its pool; a deployment in which a key is missing does not start
    WITH_KEYS = "WithKeys"  #: those of pools whose verify keys are known are signed; others are taken as they come
    OFF = "Off"  #: none is signed and none is checked


class Authentication(enum.StrEnum):
    """Whether front ends ask who calls."""

    REQUIRED = "Required"
    OFF = "Off"  #: everybody may do everything; for benches and for what nobody else can reach


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcIssuer:
    """An OpenID Connect issuer whose tokens are taken."""

    issuer: str  #: as the claim `iss` has it
    audience: str  #: as the claim `aud` has it
    jwks: str  #: where its public keys are: a URL, or the path of a file
    groups_claim: str = "groups"
    homes_claim: str = "twinpool_homes"  #: names the homes of a data client
    leeway: timedelta = timedelta(seconds=30)  #: by how much clocks may differ

    @property
    def jwks_is_url(self) -> bool:
        """Whether the keys are fetched over HTTP."""
        return self.jwks.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What the `[security]` table says."""

    signatures: Signatures = Signatures.WITH_KEYS
    pki: Path | None = None  #: directory of certificates, absolute; with it front ends serve HTTPS
    client_certificates: bool = False  #: whether front ends ask callers for a certificate of the same CA
    authentication: Authentication = Authentication.REQUIRED
    principals: Path = Path(PRINCIPALS_FILE)
    token_file: Path = Path(TOKEN_FILE)  #: where commands on this machine find their token unless told otherwise
    open_metrics: bool = True  #: whether metrics are answered without a token
    open_docs: bool = False  #: likewise the API's documentation
    audit_reads: bool = False  #: whether management calls that change nothing are audited as well
    oidc: OidcIssuer | None = None

    @property
    def required(self) -> bool:
        """Whether front ends ask who calls."""
        return self.authentication is Authentication.REQUIRED


def is_base64_key(text: str) -> bool:
    """Say whether a text is a public Ed25519 key (32 bytes in base64) rather than the path of one."""
    return _BASE64_KEY.fullmatch(text) is not None
