"""What a lab of containers consists of, and how its parts reach each other."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.lab.plan import StoreKind

MOST_POOLS = 4  #: the image has a place for the secrets of so many
MOST_BROKERS = 9
PORT = 8080  #: that every front end listens on, each in a container of its own
BROKER_PORT = 5672
BROKER_METRICS_PORT = 15692  #: where each node of the broker shows its metrics
VIRTUAL_HOST = "twinpool"
LINES, FIRST_LINE = "lines", 5700  #: host of the lines to the broker, and the port that theirs follow
DATA = "/var/lib/twinpool"  #: where a pool's containers see its store and its files


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """How many of what; names follow from it, and the files in compose/ use the same."""

    pools: int = 2
    front_ends: int = 2  #: of each pool
    store: StoreKind = StoreKind.SQLITE
    brokers: int = 1  #: nodes of the RabbitMQ cluster
    lease_duration: str = "00:00:05"
    lines: bool = False  #: whether each pool has lines of its own to the broker, which can be made bad

    def __post_init__(self) -> None:
        """Refuse what no file in compose/ has."""
        if self.pools not in range(2, MOST_POOLS + 1, 2):
            raise InvalidParameter(f"a lab of containers has 2 or {MOST_POOLS} pools", field="pools")
        if self.front_ends < 1 or not 1 <= self.brokers <= MOST_BROKERS:
            raise InvalidParameter(f"there must be a front end and 1 to {MOST_BROKERS} brokers", field="front-ends")

    @property
    def pool_names(self) -> tuple[PoolFqdn, ...]:
        """The pools: pool1.lab, pool2.lab and so on."""
        return tuple(PoolFqdn(f"pool{number}.lab") for number in range(1, self.pools + 1))

    @property
    def pairs(self) -> tuple[tuple[PoolFqdn, PoolFqdn], ...]:
        """Who backs up whom."""
        return tuple(zip(self.pool_names[::2], self.pool_names[1::2], strict=True))

    def front_end_names(self, pool: PoolFqdn) -> tuple[FrontEndName, ...]:
        """Name the front ends of a pool: fe1.pool1.lab and so on; so are the hosts of their containers."""
        return tuple(FrontEndName(f"fe{number}.{pool}") for number in range(1, self.front_ends + 1))

    @property
    def broker_hosts(self) -> tuple[str, ...]:
        """The hosts of the broker's nodes: rabbitmq alone, or rabbitmq1, rabbitmq2 and so on."""
        if self.brokers == 1:
            return ("rabbitmq",)
        return tuple(f"rabbitmq{number}" for number in range(1, self.brokers + 1))

    def broker_url(self, pool: PoolFqdn) -> str:
        """All nodes of the broker, or a pool's lines to them; who logs in there is told beside it."""
        nodes = [f"{host}:{BROKER_PORT}" for host in self.broker_hosts]
        if self.lines:
            nodes = [f"{LINES}:{port}" for port in self.line_ports(pool)]
        return f"amqp://{','.join(nodes)}/{VIRTUAL_HOST}"

    def line_ports(self, pool: PoolFqdn) -> tuple[int, ...]:
        """Return the ports of a pool's lines, one for each node of the broker: 5711, 5712 and so on for pool1.lab."""
        first = FIRST_LINE + 10 * (self.pool_names.index(pool) + 1)
        return tuple(first + node for node in range(1, self.brokers + 1))

    def store_url(self, pool: PoolFqdn, password: str = "") -> str:
        """Return the store of a pool; the password of a PostgreSQL is only for the pool's own containers."""
        if self.store is StoreKind.SQLITE:
            return f"sqlite:///{DATA}/{pool}.db"
        host = f"postgres.{pool}"
        return f"postgresql://twinpool:{password}@{host}:5432/twinpool" if password else f"postgresql://{host}/twinpool"
