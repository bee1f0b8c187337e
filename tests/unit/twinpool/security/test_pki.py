import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from twinpool.errors import InvalidConfiguration
from twinpool.security.pki import CA, Authority, AuthorityExists, Holder, holders_of
from twinpool.vocabulary.deployment import Broker, Deployment, FrontEnd, Pool
from twinpool.vocabulary.names import FrontEndName, PoolFqdn

FRONT_END = Holder(name="fe1.pool1.lab", kind="front end", hosts=("fe1.pool1.lab", "127.0.0.1", "::1"), calls=True)
POOL = Holder(name="pool1.lab", kind="pool", hosts=(), calls=True)
SERVER = Holder(name="broker", kind="broker", hosts=("rabbit.lab",), calls=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "pki")
    made.create("test", [FRONT_END, POOL, SERVER])
    return made


def certificate(authority: Authority, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.certificate_file(name).read_bytes())


def purposes(authority: Authority, name: str) -> set[x509.ObjectIdentifier]:
    return set(certificate(authority, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_keys_are_for_their_owners_alone_and_certificates_for_all(authority: Authority) -> None:
    for name in (CA, FRONT_END.name, POOL.name, SERVER.name):
        assert stat.S_IMODE(authority.key_file(name).stat().st_mode) == 0o600
        assert stat.S_IMODE(authority.certificate_file(name).stat().st_mode) == 0o644


def test_each_certificate_is_issued_by_the_ca_and_is_none_itself(authority: Authority) -> None:
    own = certificate(authority, CA)

    for name in (FRONT_END.name, POOL.name, SERVER.name):
        issued = certificate(authority, name)
        issued.verify_directly_issued_by(own)
        assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_is_for_what_its_holder_does(authority: Authority) -> None:
    serves, calls = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH

    assert purposes(authority, FRONT_END.name) == {serves, calls}
    assert purposes(authority, POOL.name) == {calls}
    assert purposes(authority, SERVER.name) == {serves}


def test_names_and_addresses_are_each_written_as_what_they_are(authority: Authority) -> None:
    names = certificate(authority, FRONT_END.name).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["fe1.pool1.lab"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_a_ca_is_never_overwritten(authority: Authority) -> None:
    before = authority.key_file(CA).read_bytes()

    with pytest.raises(AuthorityExists):
        authority.create("test", [])
    assert authority.key_file(CA).read_bytes() == before


def test_what_is_valid_for_long_is_kept(authority: Authority) -> None:
    before = certificate(authority, POOL.name)

    assert {one.action for one in authority.renew([FRONT_END, POOL, SERVER])} == {"kept"}
    assert certificate(authority, POOL.name) == before


def test_what_expires_soon_is_renewed_under_the_same_ca(authority: Authority) -> None:
    before, own = certificate(authority, POOL.name), certificate(authority, CA)

    done = {one.name: one.action for one in authority.renew([FRONT_END, POOL], within=timedelta(days=400))}

    assert done == {CA: "kept", FRONT_END.name: "renewed", POOL.name: "renewed"}
    assert certificate(authority, POOL.name).serial_number != before.serial_number
    certificate(authority, POOL.name).verify_directly_issued_by(own)
    assert certificate(authority, POOL.name).not_valid_after_utc > datetime.now(UTC) + timedelta(days=390)


def test_a_ca_that_is_renewed_keeps_its_key_so_that_all_trust_goes_on(authority: Authority) -> None:
    former, issued = certificate(authority, CA), certificate(authority, POOL.name)

    done = authority.renew([], within=timedelta(days=3660))

    assert [(one.name, one.action) for one in done] == [(CA, "renewed")]
    issued.verify_directly_issued_by(certificate(authority, CA))
    assert certificate(authority, CA).serial_number != former.serial_number


def test_who_is_new_or_has_a_new_name_gets_a_certificate(authority: Authority) -> None:
    moved = replace(FRONT_END, hosts=(*FRONT_END.hosts, "10.0.0.1"))
    another = replace(POOL, name="pool9.lab")

    done = {one.name: one.action for one in authority.renew([moved, another, POOL])}

    assert done == {CA: "kept", FRONT_END.name: "renewed", "pool9.lab": "made", POOL.name: "kept"}


def test_without_a_ca_nothing_can_be_renewed(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="twinpool pki init"):
        Authority(tmp_path).renew([POOL])


def test_a_deployment_names_all_who_need_a_certificate() -> None:
    front_end = FrontEnd(
        name=FrontEndName("fe1.pool1.lab"),
        host="0.0.0.0",  # noqa: S104
        port=8101,
        address="https://fe1.example:8101",
    )
    pool = Pool(
        fqdn=PoolFqdn("pool1.lab"),
        store="sqlite:////srv/pool1.db",
        content=Path("/srv/content"),
        broker_url="amqps://one.example:5671,two.example:5671/twin",
        front_ends=(front_end,),
    )
    deployment = Deployment(cms_master=pool.fqdn, pools=(pool,), broker=Broker(url="amqps://u:p@one.example:5671/"))

    holders = {holder.name: holder.hosts for holder in holders_of(deployment)}

    assert holders == {
        "fe1.pool1.lab": ("fe1.pool1.lab", "fe1.example"),
        "pool1.lab": (),
        "operator": (),
        "broker": ("one.example", "two.example"),
    }


def test_a_pool_of_one_may_have_the_name_of_its_front_end(tmp_path: Path) -> None:
    """One certificate serves, and shows the pool to the broker."""
    name = "standard.lab"
    front_end = FrontEnd(name=FrontEndName(name), host="127.0.0.1", port=8101, address=f"https://{name}:8101")
    pool = Pool(
        fqdn=PoolFqdn(name),
        store="sqlite:////srv/pool1.db",
        content=Path("/srv/content"),
        broker_url="amqps://one.example:5671/twin",
        front_ends=(front_end,),
    )
    deployment = Deployment(cms_master=pool.fqdn, pools=(pool,))

    found = [holder for holder in holders_of(deployment) if holder.name == name]

    assert [(holder.hosts, holder.calls) for holder in found] == [((name, "127.0.0.1"), True)]
