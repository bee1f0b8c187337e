"""Reads scenario files (TOML), strictly: what is wrong is said with file, line and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from twinpool import toml_lines
from twinpool.errors import InvalidConfiguration
from twinpool.vocabulary.deployment import POSTGRESQL
from twinpool_services.chaos.scenario.model import (
    Expectations,
    Fault,
    FaultKind,
    Load,
    RandomFaults,
    Scenario,
    Topology,
)
from twinpool_services.chaos.scenario.planning import DIRECTIONS, TAMPERINGS, USUAL
from twinpool_services.chaos.scenario.targets import POOL, suits
from twinpool_services.lab import Network, StoreKind

NAME = r"[a-z0-9][a-z0-9-]{0,60}"
LINKS = ("broker", "partner", "store", "all")

#: Which settings a kind knows.
SETTINGS: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.PARTITION: ("direction", "link"),
    FaultKind.LATENCY: ("seconds", "link"),
    FaultKind.BANDWIDTH: ("bytes", "link"),
    FaultKind.RESET: ("link",),
    FaultKind.CLOCK_JUMP: ("seconds",),
    FaultKind.DELETE_QUEUE: ("subject",),
    FaultKind.TAMPER: ("how",),
}

NEED_LINES = (FaultKind.LATENCY, FaultKind.BANDWIDTH, FaultKind.RESET)

Seconds = Annotated[float, Field(ge=0, le=86_400)]


def _pair(given: object) -> object:
    return tuple(given) if isinstance(given, list) else given


Range = Annotated[tuple[Seconds, Seconds], BeforeValidator(_pair)]
Strict = ConfigDict(extra="forbid", frozen=True)


class TopologyTable(BaseModel):
    """`[topology]`."""

    model_config = Strict
    pools: Annotated[int, Field(ge=2, le=8)] = 2
    front_ends: Annotated[int, Field(ge=1, le=4)] = 2
    store: StoreKind = StoreKind.SQLITE
    broker_nodes: Annotated[int, Field(ge=1, le=5)] = 1
    lease_duration: str = Topology().lease_duration
    heartbeat: str = Topology().heartbeat
    ack_timeout: str = Topology().ack_timeout
    partner_query_timeout: str = Topology().partner_query_timeout
    clocks: bool = False
    small_disk: Annotated[str, Field(pattern=f"^{POOL}$")] | None = None
    network: Network = Network.LOOPBACK


class LoadTable(BaseModel):
    """`[load]`."""

    model_config = Strict
    homes: Annotated[list[Annotated[str, Field(pattern=f"^{POOL}$")]], Field(min_length=1)] = ["pool1.lab"]
    clients: Annotated[int, Field(ge=1, le=50)] = 3
    rate: Annotated[float, Field(gt=0, le=1000)] = 10.0
    keys: Annotated[int, Field(ge=1, le=100)] = 4


class FaultTable(BaseModel):
    """An element of `[[fault]]`."""

    model_config = Strict
    kind: FaultKind
    at: Seconds
    target: str = ""
    lasts: Seconds = 0.0
    direction: Literal["both", "in", "out"] | None = None
    link: Literal["broker", "partner", "store", "all"] | None = None
    seconds: Annotated[float, Field(ge=-31_536_000, le=31_536_000)] | None = None
    bytes: Annotated[float, Field(gt=0)] | None = None
    subject: str | None = None
    how: Literal["corrupt", "duplicate", "reorder", "replay", "drop"] | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if not suits(self.kind, self.target):
            raise ValueError(f"{self.kind} cannot be aimed at {self.target!r}")
        known = SETTINGS.get(self.kind, ())
        if alien := sorted(set(self.settings) - set(known)):
            raise ValueError(f"{self.kind} has no {alien[0]}")
        if missing := sorted(set(USUAL.get(self.kind, {})) - set(self.settings)):
            raise ValueError(f"{self.kind} needs {missing[0]}")
        return self

    @property
    def settings(self) -> dict[str, float | str]:
        """What was set besides kind, target and times."""
        given = self.model_dump(exclude={"kind", "at", "target", "lasts"}, exclude_none=True)
        return {str(name): value for name, value in given.items()}


class RandomTable(BaseModel):
    """`[random]`."""

    model_config = Strict
    kinds: Annotated[list[FaultKind], Field(min_length=1)]
    targets: Annotated[list[str], Field(min_length=1)]
    first: Seconds = 1.0
    every: Range = (1.0, 3.0)
    lasts: Range = (0.5, 3.0)

    @model_validator(mode="after")
    def _each_finds_one_that_suits(self) -> Self:
        for kind in self.kinds:
            if not any(suits(kind, target) for target in self.targets):
                raise ValueError(f"{kind} cannot be aimed at any of {', '.join(self.targets)}")
        for target in self.targets:
            if not any(suits(kind, target) for kind in self.kinds):
                raise ValueError(f"nothing of {', '.join(self.kinds)} can be aimed at {target!r}")
        return self


class ExpectTable(BaseModel):
    """`[expect]`."""

    model_config = Strict
    orphans: Literal["none", "allowed", "some"] = "none"
    served_by: dict[str, str] = {}
    writes_at_least: Annotated[int, Field(ge=0)] = 10
    outage_at_most: Seconds = 60.0
    take_overs_at_least: Annotated[int, Field(ge=0)] = 0
    moves: Literal["done", "ended"] = "done"


class ScenarioFile(BaseModel):
    """The whole file."""

    model_config = Strict
    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    seconds: Annotated[float, Field(ge=1, le=86_400)] = 10.0
    topology: TopologyTable = TopologyTable()
    load: LoadTable = LoadTable()
    fault: list[FaultTable] = []
    random: RandomTable | None = None
    expect: ExpectTable = ExpectTable()

    def scenario(self) -> Scenario:
        """Return the value."""
        return Scenario(
            name=self.name,
            title=self.title,
            seconds=self.seconds,
            topology=Topology(**self.topology.model_dump()),
            load=Load(**{**self.load.model_dump(), "homes": tuple(self.load.homes)}),
            faults=tuple(_fault(table) for table in self.fault),
            random=_random(self.random) if self.random else None,
            expect=Expectations(**self.expect.model_dump()),
        )


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises `InvalidConfiguration` naming file, line and key."""
    try:
        return parse_scenario(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"cannot read the scenario {path}: {error}") from error


def parse_scenario(text: str, name: str) -> Scenario:
    """Read the text of a scenario; `name` is what errors call it. Raises `InvalidConfiguration`."""
    try:
        found = ScenarioFile.model_validate(tomllib.loads(text)).scenario()
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(f"{name}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _blame(text, name, first["loc"], first["msg"].removeprefix("Value error, ")) from error
    _check_together(found, text, name)
    return found


def _check_together(scenario: Scenario, text: str, name: str) -> None:
    """Refuse what no single key shows: a fault that its topology has nothing for."""
    topology = scenario.topology
    lacking = {
        FaultKind.CLOCK_JUMP: "" if topology.clocks else "needs topology.clocks = true",
        FaultKind.DISK_FULL: "" if topology.small_disk else "needs topology.small_disk",
        FaultKind.POSTGRESQL_RESTART: "" if topology.store == POSTGRESQL else 'needs topology.store = "postgresql"',
        FaultKind.BROKER_NODE_KILL: "" if topology.broker_nodes > 1 else "needs topology.broker_nodes above 1",
        FaultKind.BROKER_NODE_PARTITION: "" if topology.broker_nodes > 1 else "needs topology.broker_nodes above 1",
    }
    if topology.network is Network.NAMESPACES:
        lacking |= dict.fromkeys(NEED_LINES, 'needs topology.network = "loopback", where lines lead through proxies')
    placed: list[tuple[toml_lines.Path, FaultKind]]
    placed = [(("fault", at, "kind"), fault.kind) for at, fault in enumerate(scenario.faults)]
    placed += [
        (("random", "kinds", at), kind) for at, kind in enumerate(scenario.random.kinds if scenario.random else ())
    ]
    for path, kind in placed:
        if complaint := lacking.get(kind):
            raise _blame(text, name, path, f"{kind} {complaint}")
    for at, fault in enumerate(scenario.faults):
        if fault.at >= scenario.seconds:
            raise _blame(text, name, ("fault", at, "at"), f"is after the end at {scenario.seconds:g} s")
        if "link" in fault.settings and topology.network is Network.NAMESPACES:
            raise _blame(text, name, ("fault", at, "link"), "the kernel parts a pool from everything outside")


def _blame(text: str, name: str, path: toml_lines.Path, complaint: str) -> InvalidConfiguration:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    line = toml_lines.line_of(text, path)
    place = f"{name}, line {line}" if line else name
    return InvalidConfiguration(f"{place}: {key or 'the file'}: {complaint}", field=key)


def _fault(table: FaultTable) -> Fault:
    return Fault(kind=table.kind, target=table.target, at=table.at, lasts=table.lasts, settings=table.settings)


def _random(table: RandomTable) -> RandomFaults:
    given = {name: getattr(table, name) for name in ("first", "every", "lasts")}
    return RandomFaults(kinds=tuple(table.kinds), targets=tuple(table.targets), **given)


__all__ = ["DIRECTIONS", "LINKS", "SETTINGS", "TAMPERINGS", "parse_scenario", "read_scenario"]
