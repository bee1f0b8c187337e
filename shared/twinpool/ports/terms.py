"""What failover needs of the pool store: terms that begin and end, orphans, operations that outlive processes.

Like all ports: every method may raise `StoreUnavailable`; with a `generation` it is fenced and raises `LeaseLost`;
each call is one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.home import TermBeginning
from twinpool.vocabulary.names import Generation, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.orphan import Orphan, Untouched, Verdict


class Terms(Protocol):
    """Who serves a home from when on. Positions of a stream run on over terms.

    What is said of the modules of a home holds for those that are given and all of which the store has a stream.
    """

    def history(self, home: Home) -> list[TermBeginning]:
        """Return how the terms of a home began, as this pool knows it, oldest first.

        The first term, which begins every stream at ORIGIN, is not noted.
        """

    def take_over(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, generation: Generation
    ) -> list[TermBeginning]:
        """Serve a home from a new term on, read-write; return how the term begins in each module.

        It begins where our import of the stream stands (at ORIGIN if nothing was ever imported): positions go on
        from there, nothing at or below it is in our log, and what is staged is forgotten. What any export ledger
        says of these streams is forgotten, too, for it spoke of another term's positions. From now on the store
        refuses sessions of lower terms, and of this one those of generation 0.

        Records that others do not know from this stream do not stay ours alone: those that wait for repair are
        logged as they are, as by `touch`; and where our import stands nowhere although there are records, `oldest`
        is above where the term begins, so that whoever imports begins with a snapshot. Raises `NotFound` for an
        unknown home, and `TermTaken` unless `term` is higher than the known one and another pool serves by our
        knowledge.
        """

    def give_up(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, to: PoolFqdn, generation: Generation
    ) -> list[TermBeginning]:
        """Stop serving: `to` serves from `term` on, read-write, which begins at our heads. Return those.

        When this returns no write that began before may still commit. Our own cursors stand at the heads, so that
        we import what comes after them without a copy. Raises `HomeNotServed` unless we serve, `HomeNotReadOnly`
        unless the home is read-only, `TermTaken` unless `term` is higher than the known one, and `NotFound`.
        """

    def demote(
        self,
        home: Home,
        beginnings: Sequence[TermBeginning],
        *,
        serving_pool: PoolFqdn,
        term: Term,
        generation: Generation,
    ) -> Mapping[ModuleName, int]:
        """Give way to a higher term that began without us; return how many new orphans each module has.

        What our log holds above the fork, the lowest position at which a term higher than ours began, becomes
        orphans and leaves the log; the records it touched are noted for repair; the cursor is set to the fork. Where
        the log was pruned beyond the fork the cursor becomes None: a snapshot follows (or, where the new log is
        whole, `Imports.begin`), and `swap_in` compares: records that are only ours, or have another value, become
        orphans without a position, unless an orphan from the log tells of them already. So they do where no
        beginning of a module is given although we hold something of it. Nothing is noted for repair there.

        A pool that only imported stays at its cursor unless that is above the fork; then it becomes None, likewise.
        Exact like `give_up`. Raises `NotFound` for an unknown home, and `TermTaken` unless `term` is higher than
        the known one.
        """

    def repairs(self, stream: Stream, *, limit: int) -> list[RecordKey]:
        """Return records that hold what only we ever knew, until the serving pool has logged their present state."""

    def note_repaired(
        self,
        stream: Stream,
        keys: Sequence[RecordKey],
        *,
        untouched: Sequence[Untouched] | None = None,
        generation: Generation,
    ) -> None:
        """Forget repairs: the serving pool has logged these records' present state.

        `untouched` says which of them it had not changed since its term began; None: it cannot say. What is said is
        noted at the orphans that the newest demotion took from the log, and stands: what comes later is ignored.
        """

    def touch(self, stream: Stream, keys: Sequence[RecordKey]) -> Position:
        """Log the present state of records, as an ordinary change set that changes nothing; return its position.

        More than fits one change set makes several, of one transaction; the position is that of the last. Without
        keys nothing is logged, and the head is returned. Raises `HomeNotServed`, `HomeReadOnly`.
        """


class Orphans(Protocol):
    """The ledger of divergent changes."""

    def orphans(
        self, *, after: int = 0, limit: int = 1000, home: Home | None = None, undecided: bool = False
    ) -> list[Orphan]:
        """Return orphans with numbers above `after`, in order; of one home, or only undecided ones, if so asked."""

    def orphan(self, number: int) -> Orphan | None:
        """Return one orphan."""

    def count_orphans(self, home: Home, *, undecided: bool = False) -> int:
        """Count the orphans of a home."""

    def decide(self, number: int, verdict: Verdict) -> bool:
        """Note what became of an orphan; False if that had been decided before. Nothing is ever deleted.

        Raises `NotFound` for a number that no orphan has.
        """


class Operations(Protocol):
    """Documents of long operations, which any front end of the pool goes on with."""

    def save_operation(self, name: str, document: bytes, *, generation: Generation | None) -> None:
        """Keep the newest state of an operation; without a generation it is not fenced (an operator's wish)."""

    def operation(self, name: str) -> bytes | None:
        """Return the newest state of an operation."""

    def operations(self) -> list[tuple[str, bytes]]:
        """Return all operations in order of their names."""
