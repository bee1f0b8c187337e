"""An experiment: a TOML file of ours or of the user's, checked strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator

from twinpool.errors import InvalidConfiguration, InvalidParameter, NotFound
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool_services.lab import LabPlan, StoreKind
from twinpool_services.load.profile import Profile, Seconds, Table, load_profile
from twinpool_services.load.running import Through


class LabTable(Table):
    """`[lab]`: what the pools stand on."""

    store: StoreKind = StoreKind.SQLITE
    broker_nodes: Annotated[int, Field(ge=1, le=5)] = 1

    def plan(self) -> LabPlan:
        """Return the lab of a run."""
        return LabPlan(store=self.store, broker_nodes=self.broker_nodes)


class Variant(Table):
    """A `[[variant]]`: what differs from the others."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    set: tuple[str, ...] = ()  #: keys of the profile, besides those of the experiment
    settings: Mapping[str, str | int] = {}  #: of the backup service, by their PowerShell names
    lab: LabTable | None = None  #: instead of that of the experiment
    outage: Seconds | None = None  #: for so long there is no broker, from a third of the load on

    @field_validator("settings")
    @classmethod
    def _known(cls, settings: Mapping[str, str | int]) -> Mapping[str, str | int]:
        try:
            BackupServiceConfiguration().changed(**settings)
        except InvalidParameter as error:
            raise ValueError(str(error)) from error
        return settings


class Experiment(Table):
    """The whole file."""

    question: str
    reading: str = ""  #: how its figures are to be read
    profile: str = "steady"
    through: Through = Through.HTTP
    set: tuple[str, ...] = ()
    lab: LabTable = LabTable()
    drain: Seconds = 120.0  #: how long the partner may take for the rest
    variant: Annotated[list[Variant], Field(min_length=2)]

    @field_validator("variant")
    @classmethod
    def _told_apart(cls, variants: list[Variant]) -> list[Variant]:
        if len({each.name for each in variants}) < len(variants):
            raise ValueError("two variants have the same name")
        return variants

    def load_of(self, variant: Variant) -> Profile:
        """Return the load of a variant. Raises `InvalidConfiguration`."""
        return load_profile(self.profile, [*self.set, *variant.set])

    def plan_of(self, variant: Variant) -> LabPlan:
        """Return the lab of a variant."""
        return (variant.lab or self.lab).plan()

    @property
    def seconds(self) -> float:
        """How long all loads of one round last."""
        return sum(self.load_of(each).seconds for each in self.variant)


def load_experiment(name: str) -> Experiment:
    """Read an experiment: a file by its path, else one of the stock by its name.

    Raises `InvalidConfiguration` naming the key, `NotFound`.
    """
    source = _find(name)
    try:
        experiment = Experiment.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidConfiguration(f"cannot read {name}: {error.strerror}", field="experiment") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{name}: {error}", field="experiment") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidConfiguration(f"{name}: {key}: {first['msg']}", field=key) from None
    for variant in experiment.variant:
        experiment.load_of(variant)
    return experiment


def stock() -> Mapping[str, Experiment]:
    """Return the experiments that come with the product, by name."""
    names = sorted(one.name.removesuffix(".toml") for one in _stock_files().iterdir() if one.name.endswith(".toml"))
    return {name: load_experiment(name) for name in names}


def _stock_files() -> Traversable:
    return resources.files("twinpool_services.load.experiments") / "stock"


def _find(name: str) -> Path | Traversable:
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    found = _stock_files() / f"{name}.toml"
    if not found.is_file():
        known = "`twinpool load experiment list` shows them, or name a .toml file"
        raise NotFound(f"there is no experiment {name!r:.80}; {known}")
    return found
