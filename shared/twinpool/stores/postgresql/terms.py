"""Terms that begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor as ServerCursor

from twinpool.errors import NotFound
from twinpool.stores.claims import barrier, check_give_up, check_higher, check_take_over
from twinpool.stores.parting import Served, parting
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.ground import lock_number
from twinpool.stores.postgresql.orphans import keep_divergent
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import StreamId
from twinpool.stores.postgresql.touching import PostgresqlTouching, log_present
from twinpool.stores.progress import ProgressRow, progress_row
from twinpool.stores.text import check_text
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import ORIGIN, Generation, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.session import Cursor

LOGGED_AT_ONCE = 2_000  #: records that are read to be logged as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One stream of a home whose term ends, within the transaction that ends it."""

    connection: Connection
    stream: Stream
    stream_id: StreamId
    record_set: int
    head: Position
    oldest: Position
    row: ProgressRow

    @property
    def cursor(self) -> Cursor | None:
        """Where our import stands."""
        return self.row.progress.cursor

    def run(self, name: str, **parameters: object) -> ServerCursor[Any]:
        """Run a statement about this stream."""
        return self.connection.execute(SQL[name], {"stream": self.stream_id, **parameters}, binary=True)

    def stand_at(self, cursor: Cursor | None) -> None:
        """Set where our import stands, with nothing staged."""
        if self.row.staged_set is not None:
            self.run("discard_set", set=self.row.staged_set)
        term, position = cursor or (None, None)
        self.run("set_cursor", term=term, position=position)

    def beginning(self, term: Term, serving_pool: PoolFqdn, position: Position) -> TermBeginning:
        """Say that a term begins here."""
        home, module = self.stream.home, self.stream.module
        return TermBeginning(home=home, module=module, term=term, serving_pool=serving_pool, position=position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The transaction in which a home's term ends: nobody else writes, prunes or imports."""

    connection: Connection
    known: HomeStatus
    courses: list[Course]  #: the streams of the home, in order of their modules


class PostgresqlTerms(PostgresqlTouching):
    """The terms of all homes.

    Every writer holds the home's lock shared until it has committed, so once the lock is ours alone, no write of the
    ending term is under way, and those that come wait until the new one is durable.
    """

    def history(self, home: Home) -> list[TermBeginning]:
        """Return how the terms of a home began, oldest first."""
        check_text(home)
        return _history(home, self._rows("history", home=home))

    def take_over(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, generation: Generation
    ) -> list[TermBeginning]:
        """Serve a home from a new term on; see `Terms.take_over`."""
        with self._turning(home, modules, generation) as turn:
            check_take_over(turn.known, term, pool=self.pool)
            begun = [
                course.beginning(term, self.pool, ORIGIN if course.cursor is None else course.cursor.position)
                for course in turn.courses
            ]
            for course, beginning in zip(turn.courses, begun, strict=True):
                _begin_log(course, beginning)
            _turn(turn, term, self.pool, begun)
        self._turned()
        return begun

    def give_up(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, to: PoolFqdn, generation: Generation
    ) -> list[TermBeginning]:
        """Have another pool serve from our heads on; see `Terms.give_up`."""
        check_text(to)
        with self._turning(home, modules, generation) as turn:
            check_give_up(turn.known, term, pool=self.pool)
            for course in turn.courses:
                course.stand_at(Cursor(term, course.head))
            begun = [course.beginning(term, to, course.head) for course in turn.courses]
            _turn(turn, term, to, begun)
        self._turned()
        return begun

    def demote(
        self,
        home: Home,
        beginnings: Sequence[TermBeginning],
        *,
        serving_pool: PoolFqdn,
        term: Term,
        generation: Generation,
    ) -> Mapping[ModuleName, int]:
        """Give way to a higher term that began without us; see `Terms.demote`."""
        check_text(serving_pool, *(each.serving_pool for each in beginnings))
        modules = sorted({each.module for each in beginnings})
        with self._turning(home, modules, generation) as turn:
            check_higher(turn.known, term)
            rows = turn.connection.execute(SQL["history"], {"home": home}).fetchall()
            told = [*_history(home, rows), *beginnings]
            served = turn.known.serving_pool == self.pool
            counts = {course.stream.module: _part(course, turn.known, told, served=served) for course in turn.courses}
            _turn(turn, term, serving_pool, beginnings)
        self._turned()
        return counts

    @contextmanager
    def _turning(self, home: Home, modules: Iterable[ModuleName], generation: Generation) -> Iterator[Turn]:
        """Open a transaction that has a home to itself.

        Everybody locks in this order: lease, home, streams, imports; so nobody waits in a circle. The id is taken
        before any position, as `gaps` demands. What is read is read by statements that begin after the locks.
        """
        check_text(home, *modules)
        for module in modules:
            self._streams.make(Stream(home, module))
        this = {"home": home}
        with self._fenced(
            generation,
            ("take_transaction_id", {}),
            ("seize_home", {"lock": lock_number("home", home)}),
            ("hold_streams", this),
            ("know_imports", this),
            ("hold_imports", this),
            ("find_home", this),
            ("streams_of_home", this),
        ) as (connection, begun):
            *_, found, rows = begun
            if not found:
                raise NotFound(f"no home {home} is known")
            ((term, serving_pool, mode),) = found
            known = HomeStatus(home=home, term=term, serving_pool=serving_pool, mode=Mode(mode))
            courses = [_course(connection, home, row) for row in rows]
            yield Turn(connection=connection, known=known, courses=courses)

    def _turned(self) -> None:
        self._notifier.announce()
        self._sweeper.sweep_soon()


def _course(connection: Connection, home: Home, row: tuple[Any, ...]) -> Course:
    stream_id, module, record_set, head, oldest, *progress = row
    return Course(
        connection=connection,
        stream=Stream(home, module),
        stream_id=stream_id,
        record_set=record_set,
        head=head,
        oldest=oldest,
        row=progress_row(tuple(progress)),
    )


def _history(home: Home, rows: Iterable[tuple[Any, ...]]) -> list[TermBeginning]:
    return [
        TermBeginning(home=home, module=module, term=term, serving_pool=serving_pool, position=position)
        for term, module, serving_pool, position in rows
    ]


def _begin_log(course: Course, beginning: TermBeginning) -> None:
    """Empty a log, so that it goes on where a term begins."""
    ((has_records,),) = course.run("has_records", set=course.record_set).fetchall()
    # Nobody can know records whose place in the stream is unknown, but by a snapshot.
    position = ORIGIN + 1 if course.cursor is None and has_records else beginning.position
    course.run("cut_log", above=-1)
    course.run("begin_log", position=position)
    course.run("take_positions_from", position=position)
    course.stand_at(course.cursor)
    term, generation, number = barrier(course.row.progress.session, beginning.term)
    course.run("note_session", term=term, generation=generation, number=number)
    _log_unrepaired(course)
    course.run("forget_repairs")
    course.run("forget_comparison")
    course.run("forget_ledgers")


def _log_unrepaired(course: Course) -> None:
    after = b""
    while rows := course.run("repairs", after=after, limit=LOGGED_AT_ONCE).fetchall():
        places = [place for (place,) in rows]
        log_present(course.connection, course.stream_id, course.record_set, places)
        after = places[-1]


def _part(course: Course, known: HomeStatus, told: Iterable[TermBeginning], *, served: bool) -> int:
    """Take a stream's part in giving way; return how many orphans that made."""
    stands = Served(term=known.term, head=course.head, oldest=course.oldest) if served else course.cursor
    parts = parting(course.stream.module, stands, told)
    count = 0
    if parts.divergent_above is not None:
        above, term = parts.divergent_above, known.term
        count = keep_divergent(course.connection, course.stream_id, above=above, term=term)
    if parts.cursor != course.cursor:
        course.stand_at(parts.cursor)
    if parts.compared_as is not None:
        course.run("compare_later", term=parts.compared_as)
    course.run("forget_ledgers")
    return count


def _turn(turn: Turn, term: Term, serving_pool: PoolFqdn, begun: Iterable[TermBeginning]) -> None:
    """Note who serves from now on, and how terms began."""
    home = {"home": turn.known.home}
    status = {"term": term, "serving_pool": serving_pool, "mode": Mode.READ_WRITE.value}
    turn.connection.execute(SQL["turn_home"], {**home, **status})
    for each in begun:
        names = {"module": each.module, "serving_pool": each.serving_pool}
        turn.connection.execute(SQL["note_beginning"], {**home, **names, "term": each.term, "position": each.position})


__all__ = ["PostgresqlTerms"]
