import dataclasses
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.names import FrontEndName, PoolFqdn

ONE, TWO, THREE = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab"), PoolFqdn("pool3.lab")


def pool(fqdn: PoolFqdn, port: int) -> Pool:
    name = FrontEndName(f"fe1.{fqdn}")
    front_end = FrontEnd(name=name, host="127.0.0.1", port=port, address=f"http://127.0.0.1:{port}")
    return Pool(
        fqdn=fqdn,
        store=f"sqlite:////srv/{fqdn}.db",
        content=Path(f"/srv/{fqdn}.content"),
        broker_url="amqp://u:s3cret@host/",
        front_ends=(front_end,),
    )


def three_pools() -> Deployment:
    return Deployment(
        cms_master=ONE,
        pools=(pool(ONE, 8101), pool(TWO, 8201), pool(THREE, 8301)),
        pairs=(Pair(first=ONE, second=TWO),),
    )


def test_pairing_is_symmetric() -> None:
    assert three_pools().partner_of(ONE) == TWO
    assert three_pools().partner_of(TWO) == ONE


def test_a_pool_without_a_partner_is_allowed_and_named() -> None:
    assert three_pools().partner_of(THREE) is None
    assert three_pools().unpaired == (THREE,)


def test_pools_and_front_ends_are_found_in_any_case() -> None:
    assert three_pools().pool("POOL2.Lab").fqdn == TWO
    assert three_pools().front_end("FE1.pool2.lab")[0].fqdn == TWO


def test_what_is_not_there_is_not_found_and_the_message_says_what_is() -> None:
    with pytest.raises(NotFound, match=r"pool1\.lab, pool2\.lab"):
        three_pools().pool("pool9.lab")
    with pytest.raises(NotFound):
        three_pools().partner_of("pool9.lab")
    with pytest.raises(NotFound, match=r"fe1\.pool1\.lab"):
        three_pools().front_end("fe9")


def test_the_file_of_an_sqlite_store_is_known() -> None:
    assert pool(ONE, 1).sqlite_file == Path("/srv/pool1.lab.db")
    assert dataclasses.replace(pool(ONE, 1), store="postgresql:///pool1").sqlite_file is None


def test_a_password_is_not_in_what_is_printed() -> None:
    assert "s3cret" not in repr(three_pools())


@pytest.mark.parametrize(
    ("pairs", "key"),
    [
        ([(ONE, PoolFqdn("pool9.lab"))], "pair[0].pools"),
        ([(ONE, ONE)], "pair[0].pools"),
        ([(ONE, TWO), (THREE, TWO)], "pair[1].pools"),
        ([(ONE, TWO), (TWO, ONE)], "pair[1].pools"),
    ],
)
def test_a_pool_has_one_backup_pool_that_exists_and_is_another(
    pairs: list[tuple[PoolFqdn, PoolFqdn]], key: str
) -> None:
    made = tuple(Pair(first=first, second=second) for first, second in pairs)
    with pytest.raises(InvalidConfiguration) as refused:
        dataclasses.replace(three_pools(), pairs=made)
    assert refused.value.field == key


def test_nothing_is_used_twice() -> None:
    one, two = pool(ONE, 8101), pool(TWO, 8201)
    theirs = one.front_ends[0]
    for wrong, key in [
        (dataclasses.replace(two, fqdn=ONE), "pool[1].fqdn"),
        (dataclasses.replace(two, store=one.store), "pool[1].store"),
        (dataclasses.replace(two, content=one.content), "pool[1].content"),
        (with_front_end(two, name=theirs.name), "pool[1].front_ends[0].name"),
        (with_front_end(two, port=theirs.port), "pool[1].front_ends[0].listen"),
        (with_front_end(two, address=theirs.address), "pool[1].front_ends[0].address"),
    ]:
        with pytest.raises(InvalidConfiguration) as refused:
            Deployment(cms_master=ONE, pools=(one, wrong))
        assert refused.value.field == key


def with_front_end(pool: Pool, **changes: object) -> Pool:
    front_end = dataclasses.replace(pool.front_ends[0], **changes)  # type: ignore[arg-type]  # a test's shorthand
    return dataclasses.replace(pool, front_ends=(front_end,))


def test_front_ends_on_several_hosts_may_all_listen_on_every_address() -> None:
    one, two = pool(ONE, 8101), with_front_end(pool(TWO, 8101), address="http://elsewhere:8101")
    pools = (with_front_end(one, host="::"), with_front_end(two, host="::"))
    assert Deployment(cms_master=ONE, pools=pools).pools == pools


def test_the_cms_master_is_one_of_the_pools() -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        dataclasses.replace(three_pools(), cms_master=PoolFqdn("pool9.lab"))
    assert refused.value.field == "deployment.cms_master"


def test_a_deployment_without_pools_or_a_pool_without_front_ends_is_none() -> None:
    with pytest.raises(InvalidConfiguration):
        Deployment(cms_master=ONE, pools=())
    with pytest.raises(InvalidConfiguration) as refused:
        Deployment(cms_master=ONE, pools=(dataclasses.replace(pool(ONE, 1), front_ends=()),))
    assert refused.value.field == "pool[0].front_ends"
