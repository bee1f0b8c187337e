"""The CA of a lab with TLS, and its certificates: for front ends, pools, the broker, and whoever types commands."""

from __future__ import annotations

import shutil
from pathlib import Path

from twinpool.brokers.private_address import NodeTls
from twinpool.security.pki import BROKER, CA, Authority, broker_holder, holders_of
from twinpool.vocabulary.deployment import Deployment

PKI = "pki"  #: directory, beside the deployment file
NAME = "lab"


def broker_certificate(directory: Path, host: str) -> NodeTls:
    """Make the CA and the broker's certificate, unless they are there: the broker starts before all else is known."""
    authority = Authority(directory / PKI)
    if not authority.certificate_file(CA).exists():
        authority.create(NAME, [broker_holder([host])])
    return node_tls(directory)


def node_tls(directory: Path) -> NodeTls:
    """Name the files with which the broker serves amqps, whether they are there yet or not."""
    authority = Authority(directory / PKI)
    return NodeTls(
        ca=authority.certificate_file(CA),
        certificate=authority.certificate_file(BROKER),
        key=authority.key_file(BROKER),
    )


def make_certificates(directory: Path, deployment: Deployment) -> None:
    """Make what is missing, expires soon or lacks a name."""
    Authority(directory / PKI).renew(holders_of(deployment))


def pki_lines(*, tls: bool) -> list[str]:
    """Return what the deployment file says of certificates."""
    return [f'pki = "{PKI}"', "client_certificates = true"] if tls else []


def erase_certificates(directory: Path) -> None:
    """Delete the CA of a lab, and all that it has made."""
    shutil.rmtree(directory / PKI, ignore_errors=True)
