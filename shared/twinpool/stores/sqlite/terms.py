"""Terms that begin and end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from twinpool.errors import NotFound
from twinpool.stores.claims import barrier, check_give_up, check_higher, check_take_over
from twinpool.stores.parting import Served, parting
from twinpool.stores.progress import ProgressRow, progress_row
from twinpool.stores.sqlite.ground import named, stream_number
from twinpool.stores.sqlite.orphans import keep_divergent
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.sqlite.touching import SqliteTouching, known_home, log_present
from twinpool.stores.text import check_text
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import ORIGIN, Generation, Home, Instant, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.session import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One stream of a home whose term ends, within the transaction that ends it."""

    connection: sqlite3.Connection
    stream: Stream
    stream_id: int
    record_set: int
    head: Position
    oldest: Position
    row: ProgressRow

    @property
    def cursor(self) -> Cursor | None:
        """Where our import stands."""
        return self.row.progress.cursor

    def run(self, name: str, **parameters: object) -> sqlite3.Cursor:
        """Run a statement about this stream."""
        return self.connection.execute(SQL[name], {"stream": self.stream_id, **parameters})

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


class SqliteTerms(SqliteTouching):
    """The terms of all homes.

    Exact because a transaction that writes has the file's only write lock, so no write of a client is under way.
    """

    def history(self, home: Home) -> list[TermBeginning]:
        """Return how the terms of a home began, oldest first."""
        with self._connections.reading() as connection:
            return _history(connection, home)

    def take_over(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, generation: Generation
    ) -> list[TermBeginning]:
        """Serve a home from a new term on; see `Terms.take_over`."""
        with self._turning(home, generation) as (connection, known):
            check_take_over(known, term, pool=self.pool)
            courses = _courses(connection, home, modules)
            begun = [
                course.beginning(term, self.pool, ORIGIN if course.cursor is None else course.cursor.position)
                for course in courses
            ]
            for course, beginning in zip(courses, begun, strict=True):
                _begin_log(course, beginning, self.now())
            _turn(connection, home, term, self.pool, begun)
        self._turned()
        return begun

    def give_up(
        self, home: Home, modules: Sequence[ModuleName], *, term: Term, to: PoolFqdn, generation: Generation
    ) -> list[TermBeginning]:
        """Have another pool serve from our heads on; see `Terms.give_up`."""
        check_text(to)
        with self._turning(home, generation) as (connection, known):
            check_give_up(known, term, pool=self.pool)
            courses = _courses(connection, home, modules)
            for course in courses:
                course.stand_at(Cursor(term, course.head))
            begun = [course.beginning(term, to, course.head) for course in courses]
            _turn(connection, home, term, to, begun)
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
        with self._turning(home, generation) as (connection, known):
            check_higher(known, term)
            told = [*_history(connection, home), *beginnings]
            counts = {
                course.stream.module: _part(course, known, told, served=known.serving_pool == self.pool)
                for course in _courses(connection, home, [each.module for each in beginnings])
            }
            _turn(connection, home, term, serving_pool, beginnings)
        self._turned()
        return counts

    @contextmanager
    def _turning(self, home: Home, generation: Generation) -> Iterator[tuple[sqlite3.Connection, HomeStatus]]:
        check_text(home)
        with self._fenced(generation) as connection:
            known = known_home(connection, home)
            if known is None:
                raise NotFound(f"no home {home} is known")
            yield connection, known

    def _turned(self) -> None:
        self._sweeper.sweep_soon()
        self._bell.ring()


def _history(connection: sqlite3.Connection, home: Home) -> list[TermBeginning]:
    return [
        TermBeginning(home=home, module=module, term=term, serving_pool=serving_pool, position=position)
        for term, module, serving_pool, position in connection.execute(SQL["history"], {"home": home})
    ]


def _courses(connection: sqlite3.Connection, home: Home, modules: Iterable[ModuleName]) -> list[Course]:
    """Return the streams of a home, those of the modules given among them, in order."""
    modules = list(modules)
    check_text(*modules)
    for module in modules:
        stream_number(connection, Stream(home, module))
    courses = []
    for stream_id, module, record_set, head, oldest in connection.execute(
        SQL["streams_of_home"], {"home": home}
    ).fetchall():
        stream = Stream(home, module)
        connection.execute(SQL["know_import"], {"stream": stream_id})
        row = progress_row(connection.execute(SQL["import_progress"], named(stream)).fetchone())
        course = Course(
            connection=connection,
            stream=stream,
            stream_id=stream_id,
            record_set=record_set,
            head=head,
            oldest=oldest,
            row=row,
        )
        courses.append(course)
    return courses


def _begin_log(course: Course, beginning: TermBeginning, at: Instant) -> None:
    """Empty a log, so that it goes on where a term begins."""
    ((has_records,),) = course.run("has_records", set=course.record_set)
    # Nobody can know records whose place in the stream is unknown, but by a snapshot.
    position = ORIGIN + 1 if course.cursor is None and has_records else beginning.position
    course.run("cut_log", above=-1)
    course.run("begin_log", position=position)
    course.stand_at(course.cursor)
    term, generation, number = barrier(course.row.progress.session, beginning.term)
    course.run("note_session", term=term, generation=generation, number=number)
    unrepaired = course.run("repairs", limit=-1).fetchall()
    log_present(course.connection, course.stream, unrepaired, at)
    course.run("forget_repairs")
    course.run("forget_comparison")
    course.connection.execute(SQL["forget_ledgers"], named(course.stream))


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
    course.connection.execute(SQL["forget_ledgers"], named(course.stream))
    return count


def _turn(
    connection: sqlite3.Connection, home: Home, term: Term, serving_pool: PoolFqdn, begun: Iterable[TermBeginning]
) -> None:
    """Note who serves from now on, and how terms began."""
    status = {"home": home, "term": term, "serving_pool": serving_pool, "mode": Mode.READ_WRITE.value}
    connection.execute(SQL["turn_home"], status)
    for each in begun:
        names = {"home": home, "module": each.module, "serving_pool": each.serving_pool}
        connection.execute(SQL["note_beginning"], {**names, "term": each.term, "position": each.position})


__all__ = ["SqliteTerms"]
