"""The tables and keys of the deployment file, as pydantic checks them; `twinpool.options` reads the file itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from twinpool.vocabulary.addresses import (
    parse_broker_url,
    parse_fqdn,
    parse_front_end_name,
    parse_http_url,
    parse_listen,
    parse_store_url,
)
from twinpool.vocabulary.deployment import SQLITE, Broker, Deployment, Edge, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import OnPartnerSilent
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool.vocabulary.security import (
    PRINCIPALS_FILE,
    TOKEN_FILE,
    Authentication,
    OidcIssuer,
    Security,
    Signatures,
    is_base64_key,
)
from twinpool.vocabulary.settings import Span

WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- named to be refused as an address, not to listen on

MOST_VERIFY_KEYS = 10  #: of one pool; a change of its key needs two

NEVER = "never"  #: as a span of time after which something happens

Value = TypeVar("Value")


def _text(parse: Callable[[str], Value]) -> BeforeValidator:
    """Read a value from text, and from nothing else."""

    def read(given: object) -> Value:
        if not isinstance(given, str):
            raise ValueError("must be a text in quotes")
        return parse(given)

    return BeforeValidator(read)


def _one_line(text: str) -> str:
    if not text.isprintable() or not 0 < len(text) <= 100:
        raise ValueError("must be 1 to 100 printable characters")
    return text


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("must be a path")
    return text


def _whole_seconds(text: str) -> timedelta:
    span = Span(timedelta(seconds=1), timedelta(minutes=10)).read(text)
    if span.microseconds:
        raise ValueError("must be whole seconds, for AMQP counts in them")
    return span


def _span_or_never(text: str) -> timedelta | None:
    if text == NEVER:
        return None
    try:
        return Span(timedelta(seconds=1), timedelta(days=1)).read(text)
    except ValueError as error:
        raise ValueError(f"{error}, or {NEVER}") from error


LeaseDuration = Annotated[timedelta, _text(Span(timedelta(seconds=1), timedelta(minutes=5)).read)]
QueryTimeout = Annotated[timedelta, _text(Span(timedelta(0), timedelta(minutes=10)).read)]
FencingThreshold = Annotated[timedelta | None, _text(_span_or_never)]
Heartbeat = Annotated[timedelta, _text(_whole_seconds)]
Fqdn = Annotated[PoolFqdn, _text(parse_fqdn)]
BrokerUrl = Annotated[str, _text(parse_broker_url)]


class Table(BaseModel):
    """A table of the file: no key that we do not know, no value of another type, no value in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FrontEndTable(Table):
    """An element of `front_ends`."""

    name: Annotated[FrontEndName, _text(parse_front_end_name)]
    listen: Annotated[tuple[str, int], _text(parse_listen)]
    address: Annotated[str, _text(parse_http_url)] | None = None

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if self.address is None and self.listen[0] in WILDCARDS:
            raise ValueError("needs an address under which others reach it, for it listens on every one")
        return self

    def front_end(self, scheme: str) -> FrontEnd:
        """Return the value; the address is where it listens unless the file says otherwise."""
        host, port = self.listen
        at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return FrontEnd(name=self.name, host=host, port=port, address=self.address or f"{scheme}://{at}")


def _verify_key(text: str) -> str:
    """Take a public key, or the path of one."""
    if text.endswith("=") and not is_base64_key(text):
        raise ValueError("must be 32 bytes in base64, or the path of a PEM file")
    return _path(text)


class PoolTable(Table):
    """A `[[pool]]`."""

    fqdn: Fqdn
    store: Annotated[str, _text(parse_store_url)]
    content: Annotated[str, _text(_path)] | None = None
    broker_url: BrokerUrl | None = None
    front_ends: list[FrontEndTable]
    broker_user: Annotated[str, _text(_one_line)] | None = None
    broker_password_file: Annotated[str, _text(_path)] | None = None
    signing_key: Annotated[str, _text(_path)] | None = None
    verify_keys: Annotated[list[Annotated[str, _text(_verify_key)]], Field(max_length=MOST_VERIFY_KEYS)] = []

    def pool(self, directory: Path, broker: Broker, scheme: str) -> Pool:
        """Return the value; what is relative is relative to the directory of the file."""
        file = _sqlite_file(self.store, directory)
        beside = file.with_suffix(".content") if file else directory / f"{self.fqdn}.content"
        return Pool(
            fqdn=self.fqdn,
            store=f"{SQLITE}:///{file}" if file else self.store,
            content=(directory / self.content).resolve() if self.content else beside,
            broker_url=self.broker_url or broker.url,
            front_ends=tuple(front_end.front_end(scheme) for front_end in self.front_ends),
            broker_user=self.broker_user or (self.fqdn if self.broker_password_file else None),
            broker_password_file=_beside(directory, self.broker_password_file),
            signing_key=_beside(directory, self.signing_key),
            verify_keys=tuple(key if is_base64_key(key) else (directory / key).resolve() for key in self.verify_keys),
        )


class PairTable(Table):
    """A `[[pair]]`."""

    pools: Annotated[list[Fqdn], Field(min_length=2, max_length=2)]


class EdgeTable(Table):
    """An `[[edge]]`."""

    fqdn: Annotated[str, _text(parse_fqdn)]
    next_hop: Fqdn


class BrokerTable(Table):
    """The `[broker]` table."""

    url: BrokerUrl = Broker().url
    heartbeat: Heartbeat = Broker().heartbeat


class DeploymentTable(Table):
    """The `[deployment]` table."""

    name: Annotated[str, _text(_one_line)] = "twinpool"
    cms_master: Fqdn
    lease_duration: LeaseDuration = timedelta(seconds=5)
    partner_query_timeout: QueryTimeout = timedelta(seconds=10)
    on_partner_silent: OnPartnerSilent = OnPartnerSilent.SERVE
    backup_store_unavailable_threshold: FencingThreshold = None


class OidcTable(Table):
    """The `[security.oidc]` table."""

    issuer: Annotated[str, _text(_one_line)]
    audience: Annotated[str, _text(_one_line)]
    jwks: Annotated[str, _text(_path)]
    groups_claim: Annotated[str, _text(_one_line)] = "groups"
    homes_claim: Annotated[str, _text(_one_line)] = "twinpool_homes"
    leeway: Annotated[timedelta, _text(Span(timedelta(0), timedelta(minutes=10)).read)] = timedelta(seconds=30)

    def oidc(self, directory: Path) -> OidcIssuer:
        """Return the value; a file of keys is looked for in the directory of the deployment file."""
        issuer = OidcIssuer(
            issuer=self.issuer,
            audience=self.audience,
            jwks=self.jwks,
            groups_claim=self.groups_claim,
            homes_claim=self.homes_claim,
            leeway=self.leeway,
        )
        return issuer if issuer.jwks_is_url else replace(issuer, jwks=str((directory / self.jwks).resolve()))


class SecurityTable(Table):
    """The `[security]` table."""

    signatures: Signatures = Security().signatures
    pki: Annotated[str, _text(_path)] | None = None
    client_certificates: bool = False
    authentication: Authentication = Authentication.REQUIRED
    principals: Annotated[str, _text(_path)] = PRINCIPALS_FILE
    token_file: Annotated[str, _text(_path)] = TOKEN_FILE
    open_metrics: bool = True
    open_docs: bool = False
    audit_reads: bool = False
    oidc: OidcTable | None = None

    @model_validator(mode="after")
    def _can_be_asked_for(self) -> Self:
        if self.client_certificates and self.pki is None:
            raise ValueError("client_certificates need a pki, for without one front ends serve plain HTTP")
        return self

    def security(self, directory: Path) -> Security:
        """Return the value; what is relative is relative to the directory of the file."""
        return Security(
            signatures=self.signatures,
            pki=_beside(directory, self.pki),
            client_certificates=self.client_certificates,
            authentication=self.authentication,
            principals=(directory / self.principals).resolve(),
            token_file=(directory / self.token_file).resolve(),
            open_metrics=self.open_metrics,
            open_docs=self.open_docs,
            audit_reads=self.audit_reads,
            oidc=self.oidc.oidc(directory) if self.oidc else None,
        )


class DeploymentFile(Table):
    """The whole file."""

    deployment: DeploymentTable
    broker: BrokerTable = Field(default_factory=BrokerTable)
    security: SecurityTable = Field(default_factory=SecurityTable)
    pool: list[PoolTable]
    pair: list[PairTable] = Field(default_factory=list)
    edge: list[EdgeTable] = Field(default_factory=list)

    def deployment_at(self, directory: Path) -> Deployment:
        """Return the value of a file in this directory. Raises `InvalidConfiguration`."""
        scheme = "http" if self.security.pki is None else "https"
        broker = Broker(url=self.broker.url, heartbeat=self.broker.heartbeat)
        return Deployment(
            name=self.deployment.name,
            cms_master=self.deployment.cms_master,
            lease_duration=self.deployment.lease_duration,
            partner_query_timeout=self.deployment.partner_query_timeout,
            on_partner_silent=self.deployment.on_partner_silent,
            backup_store_unavailable_threshold=self.deployment.backup_store_unavailable_threshold,
            broker=broker,
            security=self.security.security(directory),
            pools=tuple(pool.pool(directory, broker, scheme) for pool in self.pool),
            pairs=tuple(Pair(first=pair.pools[0], second=pair.pools[1]) for pair in self.pair),
            edges=tuple(Edge(fqdn=edge.fqdn, next_hop=edge.next_hop) for edge in self.edge),
        )


def _beside(directory: Path, path: str | None) -> Path | None:
    return (directory / path).resolve() if path else None


def _sqlite_file(url: str, directory: Path) -> Path | None:
    scheme, _, path = url.partition(":///")
    return (directory / path).resolve() if scheme == SQLITE else None
