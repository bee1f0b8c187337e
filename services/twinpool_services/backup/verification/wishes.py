"""Wishes for a verification, as any front end of a pool takes them, and how far they are."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from twinpool.errors import HomeNotServed, NotFound, Refused
from twinpool.modules.module import Module
from twinpool.ports.store import Store
from twinpool.verification.document import (
    CURRENT,
    PREFIX,
    ModuleVerification,
    Verification,
    document_name,
    read_verification,
    write_verification,
)
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.backup.roles import paired_homes

ABANDONED = 3600.0  #: seconds after which one that nobody carries out does not keep another from being asked for


class NoBackupPool(Refused):
    """There is nothing to compare with."""

    hint = "Pair the pool in the deployment file."


class VerificationUnderWay(Refused):
    """One verification of a pool at a time."""

    hint = "Wait until it is over; `twinpool verify` shows how far it is."


def request_verification(
    store: Store, deployment: Deployment, modules: Sequence[Module], *, resync: bool, suppress_multi_master: bool
) -> Verification:
    """Note a wish for a verification of what a pool serves of these modules.

    Raises `NoBackupPool`, `VerificationUnderWay`, and `HomeNotServed` if the pool serves none of it.
    """
    pool = store.pool
    partner = deployment.partner_of(pool)
    if partner is None:
        raise NoBackupPool(f"{pool} has no backup pool")
    now = store.now()
    if (newest := _newest(store)) is not None and not newest.is_over and now < newest.requested_at + ABANDONED:
        raise VerificationUnderWay(f"verification {newest.identity} of {pool} is under way")
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    wish = Verification(
        identity=f"{moment}-{secrets.token_hex(3)}",
        pool=pool,
        backup_pool=partner,
        modules=_served(store, deployment, modules),
        resync=resync,
        suppress_multi_master=suppress_multi_master,
        requested_at=now,
    )
    store.save_operation(document_name(wish.identity), write_verification(wish), generation=None)
    store.save_operation(CURRENT, wish.identity.encode(), generation=None)
    return wish


def find_verification(store: Store, identity: str) -> Verification:
    """Return how far a verification is. Raises `NotFound`."""
    document = store.operation(document_name(identity))
    if document is None:
        raise NotFound(f"there is no verification {identity!r:.80} of {store.pool}")
    return read_verification(document)


def list_verifications(store: Store) -> list[Verification]:
    """Return all verifications that were asked for at this pool, newest first."""
    known = [read_verification(document) for name, document in store.operations() if name.startswith(PREFIX)]
    return sorted(known, key=lambda each: each.requested_at, reverse=True)


def _newest(store: Store) -> Verification | None:
    newest = store.operation(CURRENT)
    document = None if newest is None else store.operation(document_name(newest.decode()))
    return None if document is None else read_verification(document)


def _served(store: Store, deployment: Deployment, modules: Sequence[Module]) -> tuple[ModuleVerification, ...]:
    homes = paired_homes(deployment, store.pool, store.homes())
    served = tuple(
        ModuleVerification(home=home.home, module=module.name)
        for home in homes
        for module in modules
        if (home.home == CMS_HOME) == module.category.is_cms and home.serving_pool == store.pool
    )
    if not served:
        wanted = CMS_HOME if modules[0].category.is_cms else store.pool
        raise HomeNotServed(wanted, next((home.serving_pool for home in homes if home.home == wanted), None))
    return served
