"""The modules of this installation: ours, and those that plug-ins add by the entry point group `twinpool.modules`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.modules.module import Category, Module
from twinpool.vocabulary.names import ModuleName

GROUP = "twinpool.modules"
ALL = "All"  #: selects every module

#: Ours, in the order in which status tables show them; others follow by name.
OURS = ("UserServices.PresenceFocus", "ConfServices.DataConf", "CentralMgmt.CMSMaster")

#: A second short name that operators know from `Debug-CsInterPoolReplication`.
_OTHER_NAMES = {"centralmgmt": "CentralMgmt.CMSMaster"}

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,125}[A-Za-z0-9])?")
_TAKEN = frozenset({ALL.lower(), "control", *_OTHER_NAMES})  # `control` is a queue's name
_METHODS = ("check", "attachments", "collect", "walk", "apply")


class Modules:
    """Modules in their order, found by full or short name whatever the case."""

    def __init__(self, modules: Iterable[Module]) -> None:
        """Take modules of different names. Raises `InvalidConfiguration` if two would answer to one name."""
        self._modules = tuple(sorted(modules, key=_rank))
        self._by_word: dict[str, Module] = {}
        for module in self._modules:
            for word in {module.name.lower(), module.short_name.lower()}:
                if (other := self._by_word.setdefault(word, module)) is not module:
                    raise InvalidConfiguration(f"modules {other.name} and {module.name} share a name", field=word)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, word: str) -> Module:
        """Return the module of a full or short name. Raises `NotFound`."""
        lowered = word.lower()
        module = self._by_word.get(_OTHER_NAMES.get(lowered, lowered).lower())
        if module is None:
            known = ", ".join(module.short_name for module in self._modules)
            raise NotFound(f"there is no module {word!r:.80}; there are {known}")
        return module

    @property
    def names(self) -> tuple[ModuleName, ...]:
        """The full names, in order."""
        return tuple(module.name for module in self._modules)

    def select(self, word: str) -> tuple[Module, ...]:
        """Return every module for `All`, else the one of that name. Raises `NotFound`."""
        return self._modules if word.lower() == ALL.lower() else (self[word],)


def load_modules() -> Modules:
    """Load what is installed. Raises `InvalidConfiguration` that names the distribution to blame."""
    return modules_from(entry_points(group=GROUP))


def modules_from(points: Iterable[EntryPoint]) -> Modules:
    """Load modules from entry points. Raises `InvalidConfiguration` that names the distribution to blame."""
    found: dict[str, _Found] = {}
    for point in points:
        candidate = _Found(_load(point), _distribution_of(point))
        for word in {candidate.module.name.lower(), candidate.module.short_name.lower()}:
            if (other := found.setdefault(word, candidate)) is not candidate:
                raise _blame(point, f"takes the name {word}, which belongs to {other.distribution} already")
    return Modules({found.module.name: found.module for found in found.values()}.values())


@dataclass(frozen=True, slots=True)
class _Found:
    module: Module
    distribution: str


def _load(point: EntryPoint) -> Module:
    try:
        module = point.load()()
    except Exception as error:  # A plug-in may fail in any way; its name is all that helps.
        raise _blame(point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    if lacking := _lacks(module):
        raise _blame(point, f"is no module: {lacking}")
    if module.name != point.name:
        raise _blame(point, f"is called {module.name} by itself: both names have to be equal")
    loaded: Module = module
    return loaded


def _lacks(candidate: object) -> str | None:
    """Say what keeps an object from being a module, None if nothing does."""
    for attribute in ("name", "short_name"):
        name = getattr(candidate, attribute, None)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"its {attribute} has to be letters, digits, `.`, `-` and `_`, and is {name!r:.80}"
        if name.lower() in _TAKEN:
            return f"its {attribute} {name} is reserved"
    if not isinstance(getattr(candidate, "category", None), Category):
        return "its category has to be a `Category`"
    if not isinstance(getattr(candidate, "names_content", None), bool):
        return "its `names_content` has to be true or false"
    missing = [method for method in _METHODS if not callable(getattr(candidate, method, None))]
    return f"it has no {', '.join(missing)}" if missing else None


def _blame(point: EntryPoint, what: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        f"module {point.name} of distribution {_distribution_of(point)} {what}", field=f"{GROUP}:{point.name}"
    )


def _distribution_of(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "(unknown)"


def _rank(module: Module) -> tuple[int, str]:
    return (OURS.index(module.name) if module.name in OURS else len(OURS), module.name)
