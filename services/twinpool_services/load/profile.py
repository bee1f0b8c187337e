"""A load profile: a TOML file of ours or of the user's, checked strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.data_conf import DataConf
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.vocabulary.names import ModuleName
from twinpool_services.load.choosing import Chooser, Sequential, Uniform, Zipf
from twinpool_services.load.shapes import Burst, Diurnal, Ramp, Shape, Steady, Steps, total_seconds
from twinpool_services.load.values import Fixed, Lognormal, Sizes, UniformSizes

MODULES: Mapping[str, ModuleName] = {one.short_name: one.name for one in (PresenceFocus, DataConf, CmsMaster)}
MOST_RECORDS = 10_000_000
MOST_BYTES = 1_048_576

Rate = Annotated[float, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Size = Annotated[int, Field(ge=1, le=MOST_BYTES)]


class Table(BaseModel):
    """A table of the file: no key that we do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SteadyPhase(Table):
    """`kind = "steady"`."""

    kind: Literal["steady"]
    rate: Rate
    seconds: Seconds

    def shape(self) -> Shape:
        """Return the load of the phase."""
        return Steady(self.rate, self.seconds)


class RampPhase(Table):
    """`kind = "ramp"`."""

    kind: Literal["ramp"]
    start: Rate
    end: Rate
    seconds: Seconds

    def shape(self) -> Shape:
        """Return the load of the phase."""
        return Ramp(self.start, self.end, self.seconds)


class StepsPhase(Table):
    """`kind = "steps"`."""

    kind: Literal["steps"]
    rates: Annotated[list[Rate], Field(min_length=1)]
    each: Seconds

    def shape(self) -> Shape:
        """Return the load of the phase."""
        return Steps(tuple(self.rates), self.each)


class BurstPhase(Table):
    """`kind = "burst"`."""

    kind: Literal["burst"]
    base: Rate
    peak: Rate
    every: Seconds
    length: Seconds
    seconds: Seconds

    @field_validator("length")
    @classmethod
    def _ends_before_the_next(cls, length: float, info: Any) -> float:
        if length > info.data.get("every", length):
            raise ValueError("a burst must end before the next one begins, so not be longer than `every`")
        return length

    def shape(self) -> Shape:
        """Return the load of the phase."""
        return Burst(self.base, self.peak, self.every, self.length, self.seconds)


class DiurnalPhase(Table):
    """`kind = "diurnal"`."""

    kind: Literal["diurnal"]
    low: Rate
    high: Rate
    period: Seconds
    seconds: Seconds

    def shape(self) -> Shape:
        """Return the load of the phase."""
        return Diurnal(self.low, self.high, self.period, self.seconds)


Phase = Annotated[SteadyPhase | RampPhase | StepsPhase | BurstPhase | DiurnalPhase, Field(discriminator="kind")]


class Keys(Table):
    """The `[keys]` table: whose records are written."""

    users: Annotated[int, Field(ge=1, le=MOST_RECORDS)] = 1_000
    records_per_user: Annotated[int, Field(ge=1, le=10_000)] = 4
    choose: Literal["uniform", "sequential", "zipf"] = "uniform"
    exponent: Annotated[float, Field(gt=0, le=10)] = 1.0

    @field_validator("records_per_user")
    @classmethod
    def _not_too_many(cls, records: int, info: Any) -> int:
        if records * info.data.get("users", 1) > MOST_RECORDS:
            raise ValueError(f"users times records_per_user may be {MOST_RECORDS:,} at most")
        return records

    def chooser(self) -> Chooser:
        """Return what chooses records, of all users' as if they stood in one row."""
        items = self.users * self.records_per_user
        match self.choose:
            case "zipf":
                return Zipf(items, self.exponent)
            case "sequential":
                return Sequential(items)
            case "uniform":
                return Uniform(items)


class FixedValues(Table):
    """`kind = "fixed"`."""

    kind: Literal["fixed"] = "fixed"
    bytes: Size = 96

    def sizes(self) -> Sizes:
        """Return the distribution."""
        return Fixed(self.bytes)


class UniformValues(Table):
    """`kind = "uniform"`."""

    kind: Literal["uniform"]
    smallest: Size
    largest: Size

    @field_validator("largest")
    @classmethod
    def _not_smaller(cls, largest: int, info: Any) -> int:
        if largest < info.data.get("smallest", largest):
            raise ValueError("must not be less than `smallest`")
        return largest

    def sizes(self) -> Sizes:
        """Return the distribution."""
        return UniformSizes(self.smallest, self.largest)


class LognormalValues(Table):
    """`kind = "lognormal"`."""

    kind: Literal["lognormal"]
    median: Size
    sigma: Annotated[float, Field(gt=0, le=5)] = 1.0
    largest: Size = MOST_BYTES

    def sizes(self) -> Sizes:
        """Return the distribution."""
        return Lognormal(self.median, self.sigma, self.largest)


Values = Annotated[FixedValues | UniformValues | LognormalValues, Field(discriminator="kind")]


class Profile(Table):
    """The whole file."""

    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 1
    phase: Annotated[list[Phase], Field(min_length=1)]
    keys: Keys = Keys()
    values: Values = FixedValues()
    mix: Mapping[ModuleName, Annotated[float, Field(gt=0)]] = {PresenceFocus.name: 1.0}

    @field_validator("values", mode="before")
    @classmethod
    def _fixed_unless_told(cls, values: Any) -> Any:
        return {"kind": "fixed", **values} if isinstance(values, dict) else values

    @field_validator("mix", mode="before")
    @classmethod
    def _known_modules(cls, mix: Any) -> Any:
        if not isinstance(mix, dict) or not mix:
            raise ValueError("must name at least one module with its weight")
        if unknown := sorted(str(name) for name in mix if name not in (*MODULES, *MODULES.values())):
            raise ValueError(f"there is no module {unknown[0]!r:.60}; there are {', '.join(MODULES)}")
        return {MODULES.get(name, name): weight for name, weight in mix.items()}

    @property
    def shapes(self) -> Sequence[Shape]:
        """The load of each phase."""
        return [phase.shape() for phase in self.phase]

    @property
    def seconds(self) -> float:
        """How long all phases last."""
        return total_seconds(self.shapes)

    @property
    def count(self) -> int:
        """About how many operations there are."""
        return round(sum(shape.count_by(shape.seconds) for shape in self.shapes))


def load_profile(name: str, overrides: Sequence[str] = ()) -> Profile:
    """Read a profile: a file by its path, else one of the stock by its name; with `KEY=VALUE`s instead of its own.

    Raises `InvalidConfiguration` naming the file and the key, `NotFound`.
    """
    source = _find(name)
    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfiguration(f"cannot read the profile {name}: {error.strerror}", field="profile") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{name}: {error}", field="profile") from error
    for override in overrides:
        _override(document, override)
    return check_profile(document, name)


def check_profile(document: Mapping[str, Any], name: str) -> Profile:
    """Return the profile that a document means. Raises `InvalidConfiguration` naming the key."""
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = _key(first["loc"])
        raise InvalidConfiguration(f"{name}: {key}: {_complaint(first)}", field=key) from None


def stock() -> Mapping[str, Profile]:
    """Return the profiles that come with the product, by name."""
    files = sorted((one for one in _stock_files().iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return {one.name.removesuffix(".toml"): load_profile(one.name.removesuffix(".toml")) for one in files}


def _stock_files() -> Traversable:
    return resources.files("twinpool_services.load") / "profiles"


def _find(name: str) -> Path | Traversable:
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    found = _stock_files() / f"{name}.toml"
    if not found.is_file():
        raise NotFound(f"there is no profile {name!r:.80}; `twinpool load list` shows them, or name a .toml file")
    return found


def _override(document: dict[str, Any], text: str) -> None:
    """Put a value into the document: `keys.users=50`, `phase.0.rate=200`."""
    key, mark, value = text.partition("=")
    if not mark:
        raise InvalidConfiguration(f"{text!r:.60} is not KEY=VALUE", field=text[:60])
    *way, last = key.strip().split(".")
    at: Any = document
    for name in way:
        at = at[_index(at, name, key)] if isinstance(at, list) else at.setdefault(name, {})
        if not isinstance(at, dict | list):
            raise InvalidConfiguration(f"{key}: {name} is no table", field=key)
    at[_index(at, last, key) if isinstance(at, list) else last] = _toml_value(value.strip())


def _index(items: list[Any], name: str, key: str) -> int:
    if not name.isdecimal() or int(name) >= len(items):
        raise InvalidConfiguration(f"{key}: {name} is none of 0 to {len(items) - 1}", field=key)
    return int(name)


def _toml_value(text: str) -> Any:
    """Read a value as TOML has it; what is none is taken as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _key(path: Sequence[int | str]) -> str:
    """Name the key, without the kinds that pydantic puts between."""
    kinds = {"steady", "ramp", "steps", "burst", "diurnal", "fixed", "uniform", "lognormal"}
    return ".".join(str(part) for part in path if part not in kinds)


def _complaint(first: Any) -> str:
    said = {
        "missing": "is missing",
        "extra_forbidden": "is not a key that we know",
        "union_tag_not_found": "`kind` is missing",
        "value_error": str(first.get("ctx", {}).get("error", "")),
    }
    return said.get(first["type"]) or str(first["msg"]).replace("Input should", "should")
