"""A front end for tests: the real application on a real server, over a store of the test's choice."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.tokens import security_in
from twinpool.content.store import ContentStore
from twinpool.modules.registry import load_modules
from twinpool.ports.store import Store
from twinpool.security.credentials import authorization
from twinpool.stores.commit_group import CommitGroup
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, Home, PoolFqdn, Stream, Term
from twinpool_services.backup import Configurations, initial_homes
from twinpool_services.frontend.app import create_app
from twinpool_services.frontend.context import Context, OpenPool
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.server import Server, listen

MODULES = load_modules()
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  #: of clients in clear, which need no list of whom to trust

POOL1, POOL2, POOL3 = (PoolFqdn(f"pool{number}.lab") for number in (1, 2, 3))


def deployment_in(folder: Path, *, store_of_pool1: str | None = None, ports: tuple[int, ...] = (0, 0, 0)) -> Deployment:
    """Three pools: the first two are a pair, the first is the CMS master, the third stands alone."""
    pools = []
    for number, fqdn in enumerate((POOL1, POOL2, POOL3), start=1):
        store = store_of_pool1 if number == 1 and store_of_pool1 else f"sqlite:///{folder / fqdn}.db"
        front_end = FrontEnd(
            name=FrontEndName(f"fe{number}.lab"),
            host=f"127.0.0.{number}",
            port=ports[number - 1],
            address=f"http://127.0.0.{number}:800{number}",
        )
        pools.append(
            Pool(
                fqdn=fqdn,
                store=store,
                content=folder / f"{fqdn}.content",
                broker_url="amqp://127.0.0.1:1/",
                front_ends=(front_end,),
            )
        )
    return Deployment(
        cms_master=POOL1,
        security=security_in(folder),
        pools=tuple(pools),
        pairs=(Pair(first=POOL1, second=POOL2),),
    )


class Idle:
    """The backup service of a front end that was never elected."""

    active = False

    def view(self) -> None:
        return None

    def doubt(self, _home: Home) -> str:
        return ""


class FrontEndInTest:
    """One front end that serves, and what a test may do behind its back."""

    def __init__(self, context: Context, client: httpx.Client, port: int) -> None:
        self.context, self.client, self.port = context, client, port

    @property
    def store(self) -> Store:
        return self.context.opened.store

    @property
    def headers(self) -> dict[str, str]:
        """What shows that a request is the administrator's."""
        return authorization(self.context.deployment, {})

    @property
    def header_line(self) -> str:
        """The same, for tests that write their requests by hand."""
        return f"Authorization: {self.headers['Authorization']}\r\n"


@contextmanager
def front_end_on(
    store: Store | None, deployment: Deployment, *, pool: PoolFqdn = POOL1, limits: Limits | None = None
) -> Iterator[FrontEndInTest]:
    """Serve a pool on a free port; a store of None is one that could not be opened."""
    described = deployment.pool(pool)
    context = Context(
        deployment=deployment,
        pool=described,
        front_end=described.front_ends[0],
        modules=MODULES,
        limits=limits or Limits(),
    )
    if store is not None:
        context.open(opened_pool(store, deployment, described))
    listener = listen(described.front_ends[0])
    port = listener.getsockname()[1]
    server = Server(create_app(context), listener, context.limits, lambda: None)
    server.start()
    try:
        address, headers = f"http://{described.front_ends[0].host}:{port}", authorization(deployment, {})
        with httpx.Client(base_url=address, timeout=30, verify=NO_TLS, headers=headers) as client:
            yield FrontEndInTest(context, client, port)
    finally:
        server.stop()
        context.close()


def opened_pool(store: Store, deployment: Deployment, pool: Pool) -> OpenPool:
    """Declare the homes, and put together what the process would."""
    for home, serving in initial_homes(deployment, pool.fqdn):
        store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=serving, mode=Mode.READ_WRITE))
    cms = MODULES["CMSMaster"].name
    return OpenPool(
        store=store,
        commits=CommitGroup(store),
        content=ContentStore(pool.content),
        configurations=Configurations(store, Stream(CMS_HOME, cms)),
        backup=Idle(),
    )
