from __future__ import annotations

from pathlib import Path

from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, Home, ModuleName, PoolFqdn, Route, Stream, Term
from twinpool_services.backup.roles import ExportRole, ImportRole, initial_homes, roles_of

P1, P2, P3 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab"), PoolFqdn("pool3.lab")
USER, CMS = ModuleName("UserServices.PresenceFocus"), ModuleName("CentralMgmt.CMSMaster")


def pool(fqdn: PoolFqdn, number: int) -> Pool:
    front_end = FrontEnd(
        name=FrontEndName(f"fe1.{fqdn}"),
        host="127.0.0.1",
        port=8000 + number,
        address=f"http://127.0.0.1:{8000 + number}",
    )
    return Pool(
        fqdn=fqdn,
        store=f"sqlite:////nowhere/{fqdn}",
        content=Path(f"/nowhere/{fqdn}"),
        broker_url="amqp://nowhere",
        front_ends=(front_end,),
    )


DEPLOYMENT = Deployment(
    cms_master=P1, pools=(pool(P1, 1), pool(P2, 2), pool(P3, 3)), pairs=(Pair(first=P1, second=P2),)
)


def homes(**serving: PoolFqdn) -> list[HomeStatus]:
    """Who serves what, in the first term, seen by a pool of the pair."""
    served = {Home(P1): P1, Home(P2): P2, CMS_HOME: P1} | {
        Home(name.replace("_", ".")): by for name, by in serving.items()
    }
    return [HomeStatus(home=home, term=Term(1), serving_pool=by, mode=Mode.READ_WRITE) for home, by in served.items()]


def test_a_pool_exports_its_own_home_and_imports_its_partners() -> None:
    roles = roles_of(DEPLOYMENT, P2, homes(), [USER], [CMS])

    assert roles.exports == (ExportRole(Route(Stream(Home(P2), USER), P1), Term(1)),)
    assert roles.imports == (
        ImportRole(Stream(Home(P1), USER), P1, Term(1)),
        ImportRole(Stream(CMS_HOME, CMS), P1, Term(1)),
    )


def test_the_cms_master_feeds_every_other_pool() -> None:
    roles = roles_of(DEPLOYMENT, P1, homes(), [USER], [CMS])

    cms = [role.route.destination for role in roles.exports if role.route.stream.module == CMS]
    assert cms == [P2, P3]


def test_an_unpaired_pool_exports_nothing_and_imports_the_cms() -> None:
    own = [
        HomeStatus(home=home, term=Term(1), serving_pool=by, mode=Mode.READ_WRITE)
        for home, by in initial_homes(DEPLOYMENT, P3)
    ]

    roles = roles_of(DEPLOYMENT, P3, own, [USER], [CMS])

    assert roles.exports == ()
    assert roles.imports == (ImportRole(Stream(CMS_HOME, CMS), P1, Term(1)),)


def test_a_pool_that_serves_both_homes_exports_both() -> None:
    roles = roles_of(DEPLOYMENT, P2, homes(pool1_lab=P2), [USER], [CMS])

    assert [str(role.route.stream.home) for role in roles.exports] == [P1, P2]


def test_initially_each_pool_serves_itself_and_the_cms_master_the_cms() -> None:
    assert initial_homes(DEPLOYMENT, P2) == [(Home(P2), P2), (Home(P1), P1), (CMS_HOME, P1)]
    assert initial_homes(DEPLOYMENT, P3) == [(Home(P3), P3), (CMS_HOME, P1)]


def test_what_is_left_of_a_former_backup_pool_has_no_role() -> None:
    left = HomeStatus(home=Home(P3), term=Term(4), serving_pool=P3, mode=Mode.READ_WRITE)
    taken_over = HomeStatus(home=Home("old.lab"), term=Term(2), serving_pool=P2, mode=Mode.READ_WRITE)

    assert roles_of(DEPLOYMENT, P2, [*homes(), left, taken_over], [USER], [CMS]) == roles_of(
        DEPLOYMENT, P2, homes(), [USER], [CMS]
    )
