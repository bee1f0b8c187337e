"""The verification that a planned failover asks of the source: one like an operator's, under the operation's name."""

from __future__ import annotations

from twinpool.errors import StoreUnavailable
from twinpool.failover.messages import VerificationTold
from twinpool.failover.operation import Engagement, OperationId
from twinpool.failover.operation import Verification as Outcome
from twinpool.verification.document import (
    CURRENT,
    ModuleVerification,
    Verification,
    document_name,
    read_verification,
    write_verification,
)
from twinpool_services.backup.failover.surroundings import Surroundings


def compared(around: Surroundings, engaged: Engagement) -> VerificationTold:
    """Say what comparing has come to; the first time it is asked for, have it begun."""
    found = _found(around, engaged.operation)
    if found is None or not found.is_over:
        _point(around, engaged.operation)
        found = found or _begun(around, engaged)
    if not found.is_over:
        return VerificationTold(operation=engaged.operation, verification=Outcome.OUTSTANDING)
    if found.is_clean:
        return VerificationTold(operation=engaged.operation, verification=Outcome.PASSED)
    return VerificationTold(operation=engaged.operation, verification=Outcome.FAILED, detail=_complaint(found))


def identity_of(operation: OperationId) -> str:
    """Name the verification of an operation."""
    return f"of-{operation}"


def _found(around: Surroundings, operation: OperationId) -> Verification | None:
    document = around.store.operation(document_name(identity_of(operation)))
    if document is None:
        return None
    try:
        return read_verification(document)
    except ValueError as error:
        raise StoreUnavailable(f"the verification of operation {operation} cannot be understood: {error}") from error


def _begun(around: Surroundings, engaged: Engagement) -> Verification:
    """Note it for the thread that verifies."""
    wish = Verification(
        identity=identity_of(engaged.operation),
        pool=around.premises.pool,
        backup_pool=engaged.coordinator,
        modules=tuple(ModuleVerification(home=around.home, module=module) for module in around.modules),
        resync=False,
        suppress_multi_master=False,
        requested_at=around.store.now(),
    )
    document = write_verification(wish)
    around.store.save_operation(document_name(wish.identity), document, generation=around.tenure.generation)
    return wish


def _point(around: Surroundings, operation: OperationId) -> None:
    """Let it be the next one that is carried out: users wait for it, and for an operator's they do not."""
    name = identity_of(operation).encode()
    if around.store.operation(CURRENT) != name:
        around.store.save_operation(CURRENT, name, generation=around.tenure.generation)


def _complaint(found: Verification) -> str:
    said = [
        f"{one.module}: {one.reason or f'{one.remaining} records or files differ'}"
        for one in found.modules
        if one.reason or one.remaining
    ]
    return "; ".join([*said, *(f"both pools serve {home}" for home in found.multi_master)])[:2000]
