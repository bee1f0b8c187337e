"""What a lab of containers consists of, and how its parts reach each other."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.lab.plan import StoreKind

MOST_POOLS = 4  #: the image has a place for the secrets of so many
PORT = 8080  #: that every front end listens on, each in a container of its own
DATA = "/var/lib/twinpool"  #: where a pool's containers see its store and its files


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """How many of what; names follow from it, and the files in compose/ use the same."""

    pools: int = 2
    front_ends: int = 2  #: of each pool
    store: StoreKind = StoreKind.SQLITE
    brokers: int = 1  #: nodes of the RabbitMQ cluster
    lease_duration: str = "00:00:05"

    def __post_init__(self) -> None:
        """Refuse what no file in compose/ has."""
        if self.pools not in range(2, MOST_POOLS + 1, 2):
            raise InvalidParameter(f"a lab of containers has 2 or {MOST_POOLS} pools", field="pools")
        if self.front_ends < 1 or self.brokers < 1:
            raise InvalidParameter("there must be a front end and a broker at least", field="front-ends")

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

    def store_url(self, pool: PoolFqdn, password: str = "") -> str:
        """Return the store of a pool; the password of a PostgreSQL is only for the pool's own containers."""
        if self.store is StoreKind.SQLITE:
            return f"sqlite:///{DATA}/{pool}.db"
        host = f"postgres.{pool}"
        return f"postgresql://twinpool:{password}@{host}:5432/twinpool" if password else f"postgresql://{host}/twinpool"
