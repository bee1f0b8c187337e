"""Who calls, once that is known."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from twinpool.security.principals import EVERY_HOME
from twinpool.security.roles import Role, may_touch_every_home, roles_of
from twinpool.vocabulary.names import CMS_HOME

_CALLER = "twinpool.caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A principal, as far as a request has proved it."""

    name: str
    groups: tuple[str, ...]
    roles: frozenset[Role]
    homes: frozenset[str]  #: whose data it may touch; `*` for every one

    def may(self, role: Role, home: str | None = None) -> bool:
        """Say whether it has a role, and for the data of a home if that is asked about."""
        if home == CMS_HOME:  # What lies in the CMS steers the deployment, by whatever path it is reached.
            return OF_CMS.get(role, role) in self.roles
        if role not in self.roles:
            return False
        return home is None or EVERY_HOME in self.homes or home in self.homes


#: What the data of the CMS takes instead.
OF_CMS = {Role.READ_DATA: Role.VIEW, Role.WRITE_DATA: Role.ADMINISTER_SERVERS}

#: Everybody, where the deployment does not ask who calls.
ANYBODY = Caller(name="anybody", groups=(), roles=frozenset(Role), homes=frozenset({EVERY_HOME}))


#: Whoever asks for what is open to all: nobody knows, and nothing else is granted.
STRANGER = Caller(name="", groups=(), roles=frozenset({Role.OPEN, Role.METRICS}), homes=frozenset())


def caller_of_groups(name: str, groups: tuple[str, ...], homes: frozenset[str]) -> Caller:
    """Return who a principal is by its groups."""
    every = frozenset({EVERY_HOME}) if may_touch_every_home(groups) else homes
    return Caller(name=name, groups=groups, roles=roles_of(groups), homes=every)


def admit(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Note in a request who makes it."""
    scope[_CALLER] = caller


def name_in(scope: Mapping[str, Any]) -> str:
    """Return the name of who makes a request; empty while nobody knows."""
    caller: Caller | None = scope.get(_CALLER)
    return "" if caller is None else caller.name


def is_admitted(scope: Mapping[str, Any]) -> bool:
    """Say whether it is known already who makes a request: the dashboard knows before the gate."""
    return _CALLER in scope


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """Return who makes a request that has passed the gate."""
    caller: Caller = scope[_CALLER]
    return caller
