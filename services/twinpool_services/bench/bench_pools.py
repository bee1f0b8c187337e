"""The deployment of a bench: a source pool and its partner, one front end each."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Homes
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import FrontEndName, Home, PoolFqdn, Route, Stream, Term
from twinpool_services.backup import initial_homes

SOURCE, PARTNER = PoolFqdn("source.bench"), PoolFqdn("partner.bench")
STREAM = Stream(Home(SOURCE), PresenceFocus.name)  #: whose changes are drained
ROUTE = Route(STREAM, PARTNER)
#: From the partner to the source; nothing is ever written to it.
ROUTE_BACK = Route(Stream(Home(PARTNER), PresenceFocus.name), SOURCE)


class Places(TypedDict):
    """Where everything is, as JSON carries it to the processes of the pools."""

    source_store: str
    partner_store: str
    broker: str
    directory: str  #: for content


def bench_deployment(places: Places) -> Deployment:
    """Lay out two pools that back each other up."""
    stores = {SOURCE: places["source_store"], PARTNER: places["partner_store"]}
    pools = tuple(
        Pool(
            fqdn=fqdn,
            store=store,
            content=Path(places["directory"]) / f"{fqdn}.content",
            broker_url=places["broker"],
            front_ends=(_front_end(fqdn, port),),
        )
        for port, (fqdn, store) in enumerate(stores.items(), 1)
    )
    return Deployment(name="bench", cms_master=SOURCE, pools=pools, pairs=(Pair(first=SOURCE, second=PARTNER),))


def declare_homes(store: Homes, deployment: Deployment, pool: PoolFqdn) -> None:
    """Note who serves what in the first term."""
    for home, serving in initial_homes(deployment, pool):
        store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=serving, mode=Mode.READ_WRITE))


def _front_end(pool: PoolFqdn, port: int) -> FrontEnd:
    """Name a front end; the port only tells it from the other, for nobody listens there."""
    return FrontEnd(name=FrontEndName(f"fe1.{pool}"), host="127.0.0.1", port=port, address=f"http://127.0.0.1:{port}")
