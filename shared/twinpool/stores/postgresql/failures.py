"""What psycopg's errors mean to those who use the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from twinpool.errors import InvalidRecord, StoreUnavailable, TwinpoolError


class Contended(StoreUnavailable):
    """The server rolled a transaction back for the sake of another one; it may simply be tried again."""


#: Certainly rolled back, and likely to go through the next time.
_CONTENTION = (errors.DeadlockDetected, errors.SerializationFailure)

#: Of the record and not of the server: characters that text cannot hold, keys that no index entry can hold.
_UNSTORABLE = (errors.CharacterNotInRepertoire, errors.UntranslatableCharacter, errors.ProgramLimitExceeded)

#: The server does not answer, is full, damaged, not yet or no longer ours to write. All else is a bug and stays one.
_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    errors.InsufficientPrivilege,
    errors.UndefinedTable,
)


def translated(error: psycopg.Error, secret: str = "") -> TwinpoolError | None:
    """Return what an error means, None if it is a bug. Neither it nor its text holds the secret."""
    reason = reason_of(error, secret)
    if isinstance(error, _CONTENTION):
        return Contended(reason)
    if isinstance(error, _UNSTORABLE):
        return InvalidRecord(reason)
    if isinstance(error, _UNAVAILABLE):
        return StoreUnavailable(reason)
    return None


def reason_of(error: psycopg.Error, secret: str = "") -> str:
    """Say in one line what happened, with the server's code if it gave one."""
    text = " ".join(str(error).split()) or type(error).__name__
    if secret:
        text = text.replace(secret, "…")
    return f"PostgreSQL: {text} ({error.sqlstate})" if error.sqlstate else f"PostgreSQL: {text}"


@contextmanager
def store_errors(secret: str = "") -> Iterator[None]:
    """Turn psycopg's errors into ours; a bug stays a bug."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidRecord(f"text that is no Unicode: {error.reason}") from error
    except psycopg.Error as error:
        meaning = translated(error, secret)
        if meaning is None:
            raise
        raise meaning from error
