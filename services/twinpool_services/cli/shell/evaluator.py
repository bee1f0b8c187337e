"""Does what a tree says: computes values and runs commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool_services.cli.binding import bind_texts
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.common import Format, read_format
from twinpool_services.cli.exit_codes import ExitCode, exit_code_of
from twinpool_services.cli.help import help_of
from twinpool_services.cli.output import to_plain
from twinpool_services.cli.shell.arguments import Given, Passed, from_pipeline, place, texts_of
from twinpool_services.cli.shell.catalogue import Catalogue, Runnable
from twinpool_services.cli.shell.object_command import Input, ObjectCommand
from twinpool_services.cli.shell.operators import apply, number_of
from twinpool_services.cli.shell.rendering import Rendering
from twinpool_services.cli.shell.scope import SILENT, STOP, Scope, read_action
from twinpool_services.cli.shell.syntax import (
    Argument,
    Assignment,
    Binary,
    Block,
    Command,
    Exit,
    Expression,
    Group,
    Index,
    Listing,
    Literal,
    Named,
    Pipeline,
    Place,
    Property,
    Script,
    Statement,
    Text,
    Unary,
    Variable,
)
from twinpool_services.cli.shell.values import (
    Value,
    from_json,
    is_true,
    item_at,
    items_of,
    joined,
    property_of,
    text_of,
    with_property,
)

ERROR_ACTION, FORMAT = "ErrorAction", "format"


class Failed(Exception):
    """A statement has failed, and with it the script, unless an error is no reason to end."""

    def __init__(self, error: TwinpoolError, where: Place, *, final: bool = False) -> None:
        """Remember what happened and where; a final one ends the script anyway."""
        super().__init__(str(error))
        self.error, self.where, self.final = error, where, final


class Exited(Exception):
    """The script has said `exit`."""

    def __init__(self, code: int) -> None:
        """Remember the exit code."""
        super().__init__(f"exit {code}")
        self.code = code


class Surroundings(Protocol):
    """What the evaluator has others do."""

    def run_cmdlet(self, cmdlet: Cmdlet, bound: Bound) -> Outcome:
        """Run a cmdlet, and say its warnings. Raises `TwinpoolError`."""

    def supplied(self, cmdlet: Cmdlet, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Add what has to be given and is not, if there is somebody to be asked."""

    def report(self, error: TwinpoolError, where: Place) -> None:
        """Say an error that does not end the script."""


class Evaluator:
    """Runs scripts, one after the other, over the same variables."""

    def __init__(self, catalogue: Catalogue, surroundings: Surroundings) -> None:
        """Begin without variables."""
        self._catalogue, self._surroundings = catalogue, surroundings
        self.scope = Scope()
        self._trouble = False  #: whether the statement that runs has met an error
        self._late: list[Failed] = []  #: errors that come once the objects beside them are shown

    def run(self, script: Script, show: Callable[[list[Value]], None]) -> None:
        """Run statements, and show what each yields. Raises `Failed`, `Exited`."""
        for statement in script.statements:
            self._trouble, self._late = False, []
            try:
                show(self._statement(statement))
                if self._late:
                    raise self._late[0]
            except Failed as failed:
                if failed.final or self.scope.error_action == STOP:
                    self._note(failed.error, hidden=False)
                    raise
                self._go_on(failed.error, failed.where, self.scope.error_action)
            finally:
                self.scope.succeeded = not self._trouble

    # ── errors ──────────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, error: TwinpoolError, *, hidden: bool) -> None:
        code = int(exit_code_of(error))
        self._trouble, self.scope.succeeded = True, False
        self.scope.last_exit_code = code
        if not hidden:
            self.scope.first_failure = self.scope.first_failure or code

    def _go_on(self, error: TwinpoolError, where: Place, action: str) -> None:
        self._note(error, hidden=action == SILENT)
        if action != SILENT:
            self._surroundings.report(error, where)

    @contextmanager
    def _located(self, where: Place) -> Iterator[None]:
        try:
            yield
        except TwinpoolError as error:
            raise Failed(error, where) from error

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────

    def _statement(self, statement: Statement) -> list[Value]:
        match statement:
            case Assignment():
                value = joined(self._pipeline(statement.value))
                with self._located(statement.place):
                    if statement.properties:
                        value = with_property(self.scope.get(statement.variable), statement.properties, value)
                    self.scope.set(statement.variable, value)
                return []
            case Exit():
                with self._located(statement.place):
                    raise Exited(self._exit_code(statement))
            case Pipeline():
                return self._pipeline(statement)

    def _exit_code(self, statement: Exit) -> int:
        if statement.code is None:
            return self.scope.first_failure
        number = number_of(self._value(statement.code))
        if not isinstance(number, int) or not 0 <= number <= 255:
            raise InvalidParameter("an exit code is a whole number from 0 to 255")
        return number

    def _script(self, script: Script) -> list[Value]:
        return [value for statement in script.statements for value in self._statement(statement)]

    def _block(self, block: Block, item: Value) -> list[Value]:
        self.scope.items.append(item)
        try:
            return self._script(block.script)
        finally:
            self.scope.items.pop()

    def _pipeline(self, pipeline: Pipeline) -> list[Value]:
        if isinstance(pipeline.first, Command):
            items = self._command(pipeline.first, None)
        else:
            items = items_of(self._value(pipeline.first))
        for command in pipeline.others:
            items = self._command(command, items)
        return items

    # ── commands ────────────────────────────────────────────────────────────────────────────────────────────

    def _command(self, command: Command, items: list[Value] | None) -> list[Value]:
        with self._located(command.place):
            found = self._catalogue[command.name]
        passed = [self._passed(argument) for argument in command.arguments]
        if any(one.name == "?" for one in passed):
            return [help_of(found).rstrip()]
        with self._located(command.place):
            format_, own = _format_of(found, passed)
            given = place(found.name, tuple(found.all_parameters), own)
            action = read_action(given[ERROR_ACTION]) if ERROR_ACTION in given else self.scope.error_action
        if isinstance(found, ObjectCommand):
            return self._guarded(
                lambda: found.run(Input(Given(found.name, given), items or [], self._block)), command.place, action
            )
        return _formatted(self._cmdlet(found, given, items, command.place, action), format_)

    def _guarded(self, run: Callable[[], list[Value]], where: Place, action: str) -> list[Value]:
        """Run; what an error does is for the command to say."""
        try:
            return run()
        except TwinpoolError as error:
            if action == STOP:
                raise Failed(error, where, final=True) from error
            self._go_on(error, where, action)
            return []

    def _cmdlet(
        self, cmdlet: Cmdlet, given: Mapping[str, Value], items: list[Value] | None, where: Place, action: str
    ) -> list[Value]:
        """Run a cmdlet, once for each object that comes through the pipeline."""
        if items is None:
            return self._guarded(lambda: self._once(cmdlet, given, where, action), where, action)
        results: list[Value] = []
        for item in items:

            def run(item: Value = item) -> list[Value]:
                return self._once(cmdlet, from_pipeline(cmdlet, given, item), where, action)

            results += self._guarded(run, where, action)
        return results

    def _once(self, cmdlet: Cmdlet, given: Mapping[str, Value], where: Place, action: str) -> list[Value]:
        texts = self._surroundings.supplied(cmdlet, texts_of(cmdlet, given))
        outcome = self._surroundings.run_cmdlet(cmdlet, bind_texts(cmdlet, texts))
        self.scope.last_exit_code = int(ExitCode.OK)
        if outcome.failure is not None and action == STOP:
            self._late.append(Failed(outcome.failure, where, final=True))
        elif outcome.failure is not None:
            self._go_on(outcome.failure, where, action)
        return list(outcome.objects)

    def _passed(self, argument: Named | Argument) -> Passed:
        if isinstance(argument, Argument):
            return Passed(None, has_value=True, value=self._value(argument.value))
        if argument.value is None:
            return Passed(argument.name, has_value=False)
        return Passed(argument.name, has_value=True, value=self._value(argument.value))

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────

    def _value(self, expression: Expression) -> Value:
        with self._located(expression.place):
            return self._computed(expression)

    def _computed(self, expression: Expression) -> Value:  # noqa: C901 - a case for each kind of node
        match expression:
            case Literal(value):
                return value
            case Text(parts):
                return "".join(text_of(self._value(part)) for part in parts)
            case Variable(name):
                return self.scope.get(name)
            case Property(target, name):
                return property_of(self._value(target), name)
            case Index(target, index):
                return item_at(self._value(target), self._value(index))
            case Unary(operator, operand):
                return _unary(operator, self._value(operand))
            case Binary("and", left, right):
                return is_true(self._value(left)) and is_true(self._value(right))
            case Binary("or", left, right):
                return is_true(self._value(left)) or is_true(self._value(right))
            case Binary(operator, left, right):
                return apply(operator, self._value(left), self._value(right))
            case Listing(items):
                return [self._value(item) for item in items]
            case Group(script, always_list):
                values = self._script(script)
                return values if always_list else joined(values)
            case Block():
                return expression


def _unary(operator: str, operand: Value) -> Value:
    if operator == "not":
        return not is_true(operand)
    number = number_of(operand)
    if number is None:
        raise InvalidParameter(f"{text_of(operand)!r:.60} is no number")
    return -number


def _format_of(found: Runnable, passed: list[Passed]) -> tuple[Format | None, list[Passed]]:
    """Part `--format`, which a cmdlet takes on the command line, from the parameters. Raises `InvalidParameter`."""
    at = next((nth for nth, one in enumerate(passed) if (one.name or "").casefold() == FORMAT), None)
    if at is None or not isinstance(found, Cmdlet):
        return None, passed
    values = [passed[at]] if passed[at].has_value else passed[at + 1 : at + 2]
    if not values or not values[0].has_value:
        raise InvalidParameter("--format needs a value", field=FORMAT)
    behind = at + (1 if passed[at].has_value else 2)
    return read_format(text_of(values[0].value)), [*passed[:at], *passed[behind:]]


def _formatted(objects: list[Value], format_: Format | None) -> list[Value]:
    plain = [one for one in objects if isinstance(one, Mapping)]
    match format_:
        case Format.JSON if plain:
            shown = [to_plain(one) for one in plain]
            return [json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False)]
        case Format.LIST:
            return [Rendering.of_list(one) for one in plain]
        case _:
            return [from_json(one) for one in objects]
