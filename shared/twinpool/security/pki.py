"""A certificate authority for labs and small deployments: a CA, and a certificate for each who speaks.

Everything lies in one directory: `ca.crt`, `ca.key`, and for each name `NAME.crt` and `NAME.key`. A front end's
certificate serves and shows who calls; a pool's shows it to the broker, by its common name; the broker's serves; the
operator's is shown by commands. Keys are for their owners alone. Where there is a CA already, its certificates do as
well: only the names of files count.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from twinpool.errors import InvalidConfiguration, Refused
from twinpool.security.private_files import write_private, write_public
from twinpool.security.tls import OPERATOR
from twinpool.vocabulary.deployment import Deployment

CA = "ca"
BROKER = "broker"
CA_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=397)
SKEW = timedelta(minutes=5)  #: by how much clocks may differ
RENEW_WITHIN = timedelta(days=30)


class AuthorityExists(Refused):
    """There is a CA already."""

    hint = "Certificates that are missing or expire soon are made by: twinpool pki renew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who needs a certificate."""

    name: str  #: its common name, and the name of its files
    kind: str  #: for people
    hosts: tuple[str, ...]  #: under which it is reached; none for who only calls
    calls: bool  #: whether it shows the certificate to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate, and what was done about it."""

    name: str
    kind: str
    hosts: tuple[str, ...]
    expires: datetime
    action: str  #: `made`, `renewed` or `kept`


def holders_of(deployment: Deployment) -> tuple[Holder, ...]:
    """Name all who need a certificate in a deployment."""
    holders = []
    for pool in deployment.pools:
        for one in pool.front_ends:
            reached = (one.name, one.host, urlsplit(one.address).hostname or "")
            holders.append(Holder(name=one.name, kind="front end", hosts=_distinct(reached), calls=True))
        if pool.fqdn not in {str(one.name) for one in pool.front_ends}:  # A pool of one may have its front end's name.
            holders.append(Holder(name=pool.fqdn, kind="pool", hosts=(), calls=True))
    urls = [deployment.broker.url, *(pool.broker_url for pool in deployment.pools)]
    hosts = _distinct([host for url in urls for host in _hosts_of(url)])
    operator = Holder(name=OPERATOR, kind="commands", hosts=(), calls=True)
    return (*holders, operator, broker_holder(hosts))


def broker_holder(hosts: Iterable[str]) -> Holder:
    """Name the broker, which is reached under these hosts."""
    return Holder(name=BROKER, kind="broker", hosts=tuple(hosts), calls=False)


class Authority:
    """A CA in a directory."""

    def __init__(self, directory: Path) -> None:
        """Use the CA of a directory, whether there is one yet or not."""
        self.directory = directory

    def certificate_file(self, name: str) -> Path:
        """Return where a certificate lies."""
        return self.directory / f"{name}.crt"

    def key_file(self, name: str) -> Path:
        """Return where its key lies."""
        return self.directory / f"{name}.key"

    def create(self, name: str, holders: Iterable[Holder], *, validity: timedelta = VALIDITY) -> list[Issued]:
        """Make the CA and all certificates. Raises `AuthorityExists`, `InvalidConfiguration`."""
        if self.key_file(CA).exists() or self.certificate_file(CA).exists():
            raise AuthorityExists(f"there is a CA in {self.directory}")
        key = generate_private_key(SECP256R1())
        write_private(self.key_file(CA), _pem(key))
        own = self._issue_ca(f"Twinpool CA of {name}", key)
        made = Issued(name=CA, kind="CA", hosts=(), expires=own.not_valid_after_utc, action="made")
        return [made, *(self._issue(holder, own, key, validity, "made") for holder in holders)]

    def renew(
        self, holders: Iterable[Holder], *, within: timedelta = RENEW_WITHIN, validity: timedelta = VALIDITY
    ) -> list[Issued]:
        """Make what is missing, what expires soon, and what lacks a name. The CA keeps its key, so all trust goes on.

        Raises `InvalidConfiguration` if there is no CA here.
        """
        key, own = self._key(CA), self._certificate(CA)
        soon = datetime.now(UTC) + within
        action = "kept"
        if own.not_valid_after_utc <= soon:
            own, action = self._issue_ca(_common_name(own), key), "renewed"
        issued = [Issued(name=CA, kind="CA", hosts=(), expires=own.not_valid_after_utc, action=action)]
        for holder in holders:
            there = self.certificate_file(holder.name).exists() and self.key_file(holder.name).exists()
            former = self._certificate(holder.name) if there else None
            if former is not None and former.not_valid_after_utc > soon and set(_names_in(former)) >= set(holder.hosts):
                issued.append(self._kept(holder, former))
            else:
                issued.append(self._issue(holder, own, key, validity, "renewed" if former else "made"))
        return issued

    def found(self, holders: Iterable[Holder]) -> list[Issued]:
        """Tell of the certificates that there are. Raises `InvalidConfiguration` if there is no CA."""
        everybody = [Holder(name=CA, kind="CA", hosts=(), calls=False), *holders]
        there = [each for each in everybody if each.name == CA or self.certificate_file(each.name).exists()]
        return [self._kept(each, self._certificate(each.name)) for each in there]

    def _kept(self, holder: Holder, certificate: x509.Certificate) -> Issued:
        expires = certificate.not_valid_after_utc
        return Issued(name=holder.name, kind=holder.kind, hosts=holder.hosts, expires=expires, action="kept")

    def _issue_ca(self, name: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        usage = _usage(signs_others=True)
        builder = (
            _builder(subject, subject, key, CA_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        certificate = builder.sign(key, SHA256())
        write_public(self.certificate_file(CA), certificate.public_bytes(Encoding.PEM).decode("ascii"))
        return certificate

    def _issue(
        self,
        holder: Holder,
        issuer: x509.Certificate,
        issuer_key: EllipticCurvePrivateKey,
        validity: timedelta,
        action: str,
    ) -> Issued:
        key = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _shortened(holder.name))])
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH] if holder.hosts else []
        purposes += [ExtendedKeyUsageOID.CLIENT_AUTH] if holder.calls else []
        builder = (
            _builder(subject, issuer.subject, key, validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_others=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_alternative(host) for host in holder.hosts or (holder.name,)]),
                critical=False,
            )
        )
        certificate = builder.sign(issuer_key, SHA256())
        # The key last: whoever finds a new key finds its certificate.
        write_public(self.certificate_file(holder.name), certificate.public_bytes(Encoding.PEM).decode("ascii"))
        write_private(self.key_file(holder.name), _pem(key))
        expires = certificate.not_valid_after_utc
        return Issued(name=holder.name, kind=holder.kind, hosts=holder.hosts, expires=expires, action=action)

    def _certificate(self, name: str) -> x509.Certificate:
        path = self.certificate_file(name)
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except OSError as error:
            raise InvalidConfiguration(f"cannot read {path}: {error.strerror}; see: twinpool pki init") from error
        except ValueError as error:
            raise InvalidConfiguration(f"{path} holds no certificate") from error

    def _key(self, name: str) -> EllipticCurvePrivateKey:
        path = self.key_file(name)
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise InvalidConfiguration(f"cannot read {path}: {error.strerror}; see: twinpool pki init") from error
        except (ValueError, TypeError) as error:
            raise InvalidConfiguration(f"{path} holds no private key in PEM without a passphrase") from error
        if not isinstance(key, EllipticCurvePrivateKey):
            raise InvalidConfiguration(f"{path} is not a CA's key that was made here")
        return key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, validity: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _shortened(name: str) -> str:
    """Return a common name; X.509 takes 64 characters."""
    if len(name) > 64:
        raise InvalidConfiguration(f"{name} is longer than the 64 characters of a common name")
    return name


def _common_name(certificate: x509.Certificate) -> str:
    (found,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found.value)


def _alternatives(holder: Holder) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_alternative(host) for host in holder.hosts or (holder.name,)])


def _names_in(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts_of(url: str) -> list[str]:
    """Return the hosts of a URL, which may name several, parted by commas."""
    places = urlsplit(url).netloc.rpartition("@")[2].split(",")
    return [urlsplit(f"//{place}").hostname or "" for place in places]


def _distinct(hosts: Iterable[str]) -> tuple[str, ...]:
    unreachable = {"", "0.0.0.0", "::"}  # noqa: S104 - nobody is reached under these
    return tuple(dict.fromkeys(host for host in hosts if host not in unreachable))
