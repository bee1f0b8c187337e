"""What each pool's user of RabbitMQ may do, and what is missing for that to be so: pure, for whoever talks to a broker.

Definitions are RabbitMQ's own: what `GET /api/definitions` and `rabbitmqctl export_definitions` say, and what
`POST /api/definitions` and `rabbitmqctl import_definitions` take, in 3.10 as in 4.x. Passwords stand in them as
salted digests only.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinpool.brokers.topology import Topology, exchange_from, quarantine_of, queues

SALT_BYTES = 4
HASHING = {"rabbit_password_hashing_sha256": hashlib.sha256, "rabbit_password_hashing_sha512": hashlib.sha512}
SHA256 = "rabbit_password_hashing_sha256"

Definitions = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerUser:
    """A pool's user in a virtual host."""

    name: str
    vhost: str
    topology: Topology
    password: str | None = field(repr=False)  #: None for one that logs in by its certificate alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Patterns of the names that a user may declare or delete, write to, and read from."""

    configure: str
    write: str
    read: str


class Action(enum.StrEnum):
    """What is to be done about something."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    LOOK = "look"  #: it may be a mistake, but is not ours to undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a plan."""

    action: Action
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is to do, and the definitions that do it."""

    steps: tuple[Step, ...]
    definitions: Definitions = field(repr=False)

    @property
    def changes_anything(self) -> bool:
        """Whether something is not as it should be."""
        return any(step.action in {Action.CREATE, Action.CHANGE} for step in self.steps)


def permissions_of(topology: Topology) -> Permissions:
    """Return what a pool needs, and nothing else.

    It declares, binds and reads its own; it binds to the exchanges of those that may speak to it, which takes the
    right to read them. No name is a pattern of more than one: a pool whose name begins like this one's is another.
    """
    own = [exchange_from(topology.pool), *queues(topology), quarantine_of(topology.pool)]
    heard = [exchange_from(speaker) for speaker in topology.speakers]
    return Permissions(configure=_pattern(own), write=_pattern(own), read=_pattern([*own, *heard]))


def plan_users(users: Sequence[BrokerUser], found: Definitions) -> Plan:
    """Compare users with what a broker says of itself."""
    vhosts = [_vhost_step(name, found) for name in dict.fromkeys(user.vhost for user in users)]
    known = {str(each.get("name")): each for each in _list(found, "users")}
    steps, wanted_users, wanted_permissions = [], [], []
    for user in users:
        made, step = _user(user, known.get(user.name))
        steps += [step, _permission_step(user, found), *_elsewhere(user, found)]
        wanted_users.append(made)
        wanted_permissions.append(_permission(user))
    definitions = {
        "vhosts": [{"name": step.name} for step in vhosts if step.action is Action.CREATE],
        "users": wanted_users,
        "permissions": wanted_permissions,
    }
    return Plan(steps=(*vhosts, *steps, *_guest(known)), definitions=definitions)


def digest_of_password(password: str, salt: bytes | None = None) -> str:
    """Return what RabbitMQ keeps of a password."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def fits(password: str | None, kept: Mapping[str, Any]) -> bool:
    """Say whether a password is the one that RabbitMQ keeps the digest of; None: that it keeps none."""
    digest, make = str(kept.get("password_hash") or ""), HASHING.get(str(kept.get("hashing_algorithm") or SHA256))
    if password is None:
        return not digest
    try:
        held = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        return False
    if make is None or len(held) <= SALT_BYTES:
        return False
    return hmac.compare_digest(make(held[:SALT_BYTES] + password.encode()).digest(), held[SALT_BYTES:])


def _pattern(names: Iterable[str]) -> str:
    return f"^({'|'.join(re.escape(name).replace(chr(92) + '-', '-') for name in names)})$"


def _vhost_step(name: str, found: Definitions) -> Step:
    there = any(each.get("name") == name for each in _list(found, "vhosts"))
    return Step(action=Action.KEEP if there else Action.CREATE, kind="virtual host", name=name)


def _user(user: BrokerUser, kept: Mapping[str, Any] | None) -> tuple[dict[str, Any], Step]:
    wanted: dict[str, Any] = {"name": user.name, "hashing_algorithm": SHA256, "tags": []}
    wanted["password_hash"] = "" if user.password is None else digest_of_password(user.password)
    if kept is None:
        how = "by its certificate" if user.password is None else "with a password"
        return wanted, Step(action=Action.CREATE, kind="user", name=user.name, detail=f"logs in {how}")
    wrong = [] if fits(user.password, kept) else ["another password"]
    tags = kept.get("tags") or []
    wrong += [f"no tags instead of {tags}"] if tags else []
    if wrong:
        return wanted, Step(action=Action.CHANGE, kind="user", name=user.name, detail=", ".join(wrong))
    same = {key: kept[key] for key in ("name", "password_hash", "hashing_algorithm", "tags") if key in kept}
    return same, Step(action=Action.KEEP, kind="user", name=user.name)


def _permission(user: BrokerUser) -> dict[str, str]:
    allowed = permissions_of(user.topology)
    return {
        "user": user.name,
        "vhost": user.vhost,
        "configure": allowed.configure,
        "write": allowed.write,
        "read": allowed.read,
    }


def _permission_step(user: BrokerUser, found: Definitions) -> Step:
    wanted = _permission(user)
    name = f"{user.name} in {user.vhost}"
    for each in _list(found, "permissions"):
        if each.get("user") == user.name and each.get("vhost") == user.vhost:
            differing = [key for key in ("configure", "write", "read") if each.get(key) != wanted[key]]
            action = Action.CHANGE if differing else Action.KEEP
            return Step(action=action, kind="permissions", name=name, detail=", ".join(differing))
    return Step(action=Action.CREATE, kind="permissions", name=name, detail="configure, write, read")


def _elsewhere(user: BrokerUser, found: Definitions) -> list[Step]:
    others = [each.get("vhost") for each in _list(found, "permissions") if each.get("user") == user.name]
    detail = "the pool needs none there; take them away if nobody else does"
    return [
        Step(action=Action.LOOK, kind="permissions", name=f"{user.name} in {vhost}", detail=detail)
        for vhost in others
        if vhost != user.vhost
    ]


def _guest(known: Mapping[str, Any]) -> list[Step]:
    if "guest" not in known or not fits("guest", known["guest"]):
        return []
    detail = "has its well-known password and may do everything; delete it, or change the password"
    return [Step(action=Action.LOOK, kind="user", name="guest", detail=detail)]


def _list(found: Definitions, key: str) -> list[Mapping[str, Any]]:
    value = found.get(key)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
