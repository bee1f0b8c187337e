"""How a write is answered: only after its commit, with the store's word for it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response

from twinpool.vocabulary.change import Change, Committed, RecordKey
from twinpool_services.frontend.changes import Acceptance
from twinpool_services.frontend.context import Context, OpenPool, Place
from twinpool_services.frontend.documents import iso


def acceptance(context: Context, opened: OpenPool, place: Place) -> Acceptance:
    """Return what checks changes of a stream."""
    return Acceptance(place.stream, place.module, opened.content, context.limits)


async def commit(context: Context, place: Place, changes: Sequence[Change]) -> Committed:
    """Check and commit changes as one transaction. Raises what the checks and the store raise."""
    opened = context.opened
    accept = acceptance(context, opened, place)
    return await context.in_thread(lambda: opened.commits.commit(accept.transaction(changes)))


async def put(context: Context, place: Place, change: Change) -> Response:
    """Commit a put of one record, and answer 201 if there was none, else 200.

    Whether there was one is read before the commit: it is a courtesy, and two clients at once may both be told 201.
    """
    opened = context.opened
    accept = acceptance(context, opened, place)

    def write() -> tuple[bool, Committed]:
        transaction = accept.transaction((change,))
        created = opened.store.read(place.stream, RecordKey(change.owner, change.key)) is None
        return created, opened.commits.commit(transaction)

    created, committed = await context.in_thread(write)
    return committed_response(committed, created=created)


def committed_response(committed: Committed, *, created: bool = False) -> Response:
    """Answer a write. Written by hand, for this is the answer that is sent most often."""
    body = f'{{"Position":{committed.position},"Term":{committed.term},"CommittedAt":"{iso(committed.at)}"}}'
    return Response(body, status_code=201 if created else 200, media_type="application/json")
