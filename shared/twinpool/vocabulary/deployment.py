"""The deployment: which pools there are, who backs up whom, and under which addresses they are reached.

What is wrong in itself, whatever file it came from, is refused here with `InvalidConfiguration`, whose `field` is the
path of the key in the deployment file, for example `pair[1].pools` of the second pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.vocabulary.addresses import without_password
from twinpool.vocabulary.home import OnPartnerSilent
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool.vocabulary.security import Security

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """One process of a pool."""

    name: FrontEndName  #: unique in the whole deployment
    host: str  #: address that it listens on
    port: int
    address: str  #: URL under which others reach it, without a slash at the end

    @property
    def listen(self) -> str:
        """Host and port in one, as the file has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Front ends over one pool store."""

    fqdn: PoolFqdn
    store: str = field(repr=False)  #: URL; the path of an SQLite store is absolute. May hold a password
    content: Path  #: directory of the content store, absolute
    broker_url: str = field(repr=False)  #: the broker as this pool reaches it. May hold a password
    front_ends: tuple[FrontEnd, ...]
    broker_user: str | None = None  #: in place of the one in the URL; the pool's name if only a password is named
    broker_password_file: Path | None = None  #: file of that user's password, absolute
    signing_key: Path | None = None  #: file of the private key that the pool's front ends sign with, absolute
    verify_keys: tuple[str | Path, ...] = ()  #: its public keys: base64, or an absolute path

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an SQLite store, None for any other."""
        scheme, _, path = self.store.partition(":///")
        return Path(path) if scheme == SQLITE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pools that back each other up."""

    first: PoolFqdn
    second: PoolFqdn

    def __iter__(self) -> Iterator[PoolFqdn]:
        return iter((self.first, self.second))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A server outside the pools that hands what it takes to one pool, whoever serves that pool's users."""

    fqdn: str
    next_hop: PoolFqdn  #: pool that it hands everything to


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How RabbitMQ is reached."""

    url: str = field(default="amqp://guest:guest@127.0.0.1:5672/", repr=False)  #: may hold a password
    heartbeat: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Everything that the deployment file says, checked as a whole."""

    name: str = "twinpool"
    cms_master: PoolFqdn  #: pool that serves the Central Management store in the first term
    lease_duration: timedelta = timedelta(seconds=5)
    partner_query_timeout: timedelta = timedelta(
        seconds=10
    )  #: how long a pool that starts waits for its partner's word
    on_partner_silent: OnPartnerSilent = OnPartnerSilent.SERVE  #: what it does then
    #: After so much silence of the partner a pool takes no writes (resiliency mode); None: it goes on for ever.
    backup_store_unavailable_threshold: timedelta | None = None
    broker: Broker = field(default_factory=Broker)
    security: Security = field(default_factory=Security)
    pools: tuple[Pool, ...]
    pairs: tuple[Pair, ...] = ()
    edges: tuple[Edge, ...] = ()

    def __post_init__(self) -> None:
        """Check what no single key can show."""
        _check_pools(self.pools)
        _check_front_ends(self.pools)
        known = {pool.fqdn for pool in self.pools}
        _check_pairs(self.pairs, known)
        _check_edges(self.edges, known)
        if all(pool.fqdn != self.cms_master for pool in self.pools):
            raise InvalidConfiguration(f"there is no pool {self.cms_master}", field="deployment.cms_master")

    def pool(self, fqdn: str) -> Pool:
        """Return a pool by its name in any case. Raises `NotFound`."""
        for pool in self.pools:
            if pool.fqdn == fqdn.lower():
                return pool
        known = ", ".join(pool.fqdn for pool in self.pools)
        raise NotFound(f"there is no pool {fqdn!r:.80} in the deployment file; it has {known}")

    def partner_of(self, pool: str) -> PoolFqdn | None:
        """Return the backup pool of a pool, None if it is not paired. Raises `NotFound`."""
        fqdn = self.pool(pool).fqdn
        for pair in self.pairs:
            if fqdn in pair:
                return pair.second if fqdn == pair.first else pair.first
        return None

    def front_end(self, name: str) -> tuple[Pool, FrontEnd]:
        """Return a front end by its name in any case, and its pool. Raises `NotFound`."""
        for pool in self.pools:
            for front_end in pool.front_ends:
                if front_end.name == name.lower():
                    return pool, front_end
        known = ", ".join(front_end.name for pool in self.pools for front_end in pool.front_ends)
        raise NotFound(f"there is no front end {name!r:.80} in the deployment file; it has {known}")

    @property
    def unpaired(self) -> tuple[PoolFqdn, ...]:
        """Pools without a backup pool: allowed, but nothing of theirs is replicated except the CMS."""
        return tuple(pool.fqdn for pool in self.pools if self.partner_of(pool.fqdn) is None)


def _check_pools(pools: tuple[Pool, ...]) -> None:
    if not pools:
        raise InvalidConfiguration("there is no pool", field="pool")
    _refuse_repetition("pool", ((f"pool[{at}].fqdn", pool.fqdn) for at, pool in enumerate(pools)))
    # Two pools over one store would be one pool under two names, and each would overwrite the other's lease.
    stores = ((f"pool[{at}].store", without_password(pool.store)) for at, pool in enumerate(pools))
    _refuse_repetition("store", stores)
    _refuse_repetition("directory", ((f"pool[{at}].content", str(pool.content)) for at, pool in enumerate(pools)))


def _check_front_ends(pools: tuple[Pool, ...]) -> None:
    placed = [
        (f"pool[{at}].front_ends[{nth}]", front_end)
        for at, pool in enumerate(pools)
        for nth, front_end in enumerate(pool.front_ends)
    ]
    for at, pool in enumerate(pools):
        if not pool.front_ends:
            raise InvalidConfiguration(f"{pool.fqdn} has no front end", field=f"pool[{at}].front_ends")
    _refuse_repetition("front end", ((f"{path}.name", str(front_end.name)) for path, front_end in placed))
    # On several hosts each front end may listen on every address; then their URLs differ, and those are checked too.
    bound = ((f"{path}.listen", one.listen) for path, one in placed if one.host not in {"0.0.0.0", "::"})  # noqa: S104
    _refuse_repetition("listen address", bound)
    _refuse_repetition("address", ((f"{path}.address", front_end.address) for path, front_end in placed))


def _check_pairs(pairs: tuple[Pair, ...], known: set[PoolFqdn]) -> None:
    paired: Counter[PoolFqdn] = Counter()
    for at, pair in enumerate(pairs):
        path = f"pair[{at}].pools"
        for fqdn in pair:
            if fqdn not in known:
                raise InvalidConfiguration(f"there is no pool {fqdn}", field=path)
            if paired[fqdn]:
                raise InvalidConfiguration(f"{fqdn} is already paired; a pool has one backup pool", field=path)
        if pair.first == pair.second:
            raise InvalidConfiguration(f"{pair.first} cannot be paired with itself", field=path)
        paired.update(pair)


def _check_edges(edges: tuple[Edge, ...], known: set[PoolFqdn]) -> None:
    _refuse_repetition("edge", ((f"edge[{at}].fqdn", edge.fqdn) for at, edge in enumerate(edges)))
    for at, edge in enumerate(edges):
        if edge.next_hop not in known:
            raise InvalidConfiguration(f"there is no pool {edge.next_hop}", field=f"edge[{at}].next_hop")


def _refuse_repetition(what: str, placed: Iterable[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for path, name in placed:
        if name in first:
            raise InvalidConfiguration(f"{what} {name} is already used by {first[name]}", field=path)
        first[name] = path
