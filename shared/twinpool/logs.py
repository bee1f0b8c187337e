"""How a process logs: one line an event, as JSON for machines or as text for people, to standard error.

Everywhere else the standard library's `logging` is used, with a stable word for the event beside the sentence:
`log.info("%s is active", name, extra={"event": "lease.acquired", "generation": 7})`. The sentence may change, the
word may not: dashboards and tests go by it.
"""

from __future__ import annotations

import enum
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from twinpool.errors import InvalidParameter

FORMAT_VARIABLE = "TWINPOOL_LOG_FORMAT"
LEVEL_VARIABLE = "TWINPOOL_LOG_LEVEL"

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

#: Libraries that tell at INFO what we tell ourselves.
TALKATIVE = ("pika", "httpx", "httpcore", "uvicorn.access", "alembic")

#: What the standard library gives to every record by itself.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class LogFormat(enum.StrEnum):
    """How a line of the log looks."""

    JSON = "json"
    HUMAN = "human"


def configure_logging(
    format: LogFormat | str = "",  # noqa: A002 -- the word that operators know
    level: str = "",
    *,
    stream: TextIO | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Send all logs of this process to a stream, standard error by default.

    What is not given is taken from `TWINPOOL_LOG_FORMAT` and `TWINPOOL_LOG_LEVEL`, else it is human and INFO. May be
    called again. Raises `InvalidParameter`.
    """
    chosen = _format(format or environment.get(FORMAT_VARIABLE, LogFormat.HUMAN))
    threshold = _level(level or environment.get(LEVEL_VARIABLE, "INFO"))
    target = sys.stderr if stream is None else stream
    handler = _Handler(target)
    handler.setFormatter(_formatter(chosen, colors=target.isatty() and not environment.get("NO_COLOR")))
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(threshold)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(threshold if threshold == "DEBUG" else max(logging.WARNING, root.level))


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that it can be told from those that others have put in."""


def _format(word: str) -> LogFormat:
    try:
        return LogFormat(word.lower())
    except ValueError as error:
        raise InvalidParameter(f"log format {word!r:.40}: must be json or human", field="log-format") from error


def _level(word: str) -> str:
    if word.upper() not in LEVELS:
        raise InvalidParameter(f"log level {word!r:.40}: must be one of {', '.join(LEVELS)}", field="log-level")
    return word.upper()


def _formatter(format_: LogFormat, *, colors: bool) -> logging.Formatter:
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    tail: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]
        if format_ is LogFormat.JSON
        else [_console(colors=colors)]
    )
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[_say_everything, *tail])


def _say_everything(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Part the sentence from the event's word, and add what the call gave in `extra`."""
    record: logging.LogRecord = entry["_record"]
    extra = {name: value for name, value in vars(record).items() if name not in _OWN}
    said: dict[str, Any] = {"at": entry["at"], "level": entry["level"], "logger": entry["logger"]}
    # structlog keeps the sentence under the key that is the word's with us.
    said |= {"event": extra.pop("event", ""), "message": entry["event"]}
    if "exc_info" in entry:
        said["exc_info"] = entry["exc_info"]
    # A reserved name in `extra` must not hide what the line is about.
    return said | {f"{name}_" if name in said else name: value for name, value in extra.items() if name[0] != "_"}


def _console(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colors,
        timestamp_key="at",
        event_key="message",
        pad_event_to=0,
        exception_formatter=structlog.dev.plain_traceback,
    )
