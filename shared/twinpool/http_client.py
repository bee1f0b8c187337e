"""HTTP clients for the front ends of a deployment: here alone it is said whom they trust and what they show.

A command, a lab, a load or a bench that makes its clients here works whether the deployment serves HTTP or HTTPS, and
whether or not its front ends ask callers for a certificate.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from twinpool.security.credentials import authorization
from twinpool.security.tls import OPERATOR, own_certificate, trust_of
from twinpool.vocabulary.deployment import Deployment


def client_of(
    deployment: Deployment,
    *,
    timeout: httpx.Timeout | float,
    headers: Mapping[str, str] | None = None,
    base_url: str = "",
) -> httpx.Client:
    """Make a client for the front ends of a deployment, to be closed by who asked for it.

    It trusts the deployment's CA and shows the operator's certificate, as far as there are any; `headers` are those
    with which this command shows its token, unless others are given. Front ends are reached directly: a proxy of the
    environment is for the world outside. Raises `InvalidConfiguration` for what cannot be read.
    """
    return httpx.Client(
        base_url=base_url,
        timeout=timeout,
        trust_env=False,
        headers=authorization(deployment) if headers is None else headers,
        verify=trust_of(deployment, own_certificate(deployment, OPERATOR)),
    )
