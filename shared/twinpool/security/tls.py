"""What a deployment's certificates are used for: by its servers, its clients, and its links to the broker."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from twinpool.errors import InvalidConfiguration
from twinpool.security.key_files import require_private
from twinpool.vocabulary.deployment import Deployment, Pool

CA_FILE = "ca.crt"
OPERATOR = "operator"  #: whose certificate commands show to front ends that ask for one


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """With what a front end serves HTTPS."""

    certificate: Path
    key: Path
    ca: Path
    asks_callers: bool  #: whether callers have to show a certificate of the CA


def trust_of(deployment: Deployment, caller: str | None = None) -> ssl.SSLContext:
    """Return what a client checks servers by: the deployment's CA if it has one, else the system's.

    `caller` names whose certificate is shown to servers that ask for one. Raises `InvalidConfiguration`.
    """
    return _trust(deployment.security.pki, caller)


def broker_tls(deployment: Deployment, pool: Pool) -> ssl.SSLContext | None:
    """Return what an amqps broker is checked by, and shown, by a pool; None where the URL says all.

    Raises `InvalidConfiguration`.
    """
    if deployment.security.pki is None or not pool.broker_url.startswith("amqps:"):
        return None
    return trust_of(deployment, pool.fqdn)


def server_tls(deployment: Deployment, name: str) -> ServerTls | None:
    """Return with what a front end serves; None for plain HTTP. Raises `InvalidConfiguration` if it cannot be used."""
    directory = deployment.security.pki
    if directory is None:
        return None
    tls = ServerTls(
        certificate=directory / f"{name}.crt",
        key=directory / f"{name}.key",
        ca=directory / CA_FILE,
        asks_callers=deployment.security.client_certificates,
    )
    _show(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), directory, name)
    _read_ca(tls.ca)
    return tls


def own_certificate(deployment: Deployment, name: str) -> str | None:
    """Return the name if its certificate and key lie on this machine, so that it may be shown; else None."""
    directory = deployment.security.pki
    return name if directory is not None and (directory / f"{name}.key").exists() else None


@cache
def _trust(directory: Path | None, caller: str | None) -> ssl.SSLContext:
    """Make it once: reading the system's certificates is slow."""
    if directory is None:
        return ssl.create_default_context()
    context = _read_ca(directory / CA_FILE)
    if caller is not None:
        _show(context, directory, caller)
    return context


def _read_ca(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except OSError as error:  # ssl.SSLError is one
        raise _unusable(path, error) from error


def _show(context: ssl.SSLContext, directory: Path, name: str) -> None:
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    try:
        require_private(key, key.stat())
        context.load_cert_chain(str(certificate), str(key))
    except OSError as error:
        raise _unusable(certificate if key.exists() else key, error) from error


def _unusable(path: Path, error: OSError) -> InvalidConfiguration:
    what = f"{path} cannot be used: {error.strerror or error}; see: twinpool pki renew"
    return InvalidConfiguration(what, field="security.pki")
