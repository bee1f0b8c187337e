import io
import json
import logging
from pathlib import Path

import pytest

from twinpool.errors import InvalidParameter
from twinpool.logs import configure_logging


def line_of(stream: io.StringIO) -> dict[str, object]:
    (line,) = stream.getvalue().splitlines()
    entry: dict[str, object] = json.loads(line)
    return entry


def test_a_json_line_has_the_event_the_sentence_and_the_values() -> None:
    stream = io.StringIO()
    configure_logging("json", "info", stream=stream, environment={})
    extra = {"event": "lease.taken", "generation": 7, "at": "Köln", "path": Path("/srv")}
    logging.getLogger("twinpool.test").info("took over from %s", "fe1", extra=extra)
    entry = line_of(stream)
    assert entry.pop("at") != "Köln"
    assert entry == {
        "level": "info",
        "logger": "twinpool.test",
        "event": "lease.taken",
        "message": "took over from fe1",
        "generation": 7,
        "at_": "Köln",
        "path": "/srv",
    }


def test_a_traceback_stays_in_its_line() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream=stream, environment={})
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("twinpool.test").exception("failed", extra={"event": "test.failed"})
    assert "ValueError: broken" in str(line_of(stream)["exception"])


def test_a_human_line_has_them_too_and_no_colours_outside_a_terminal() -> None:
    stream = io.StringIO()
    configure_logging("human", "INFO", stream=stream, environment={})
    logging.getLogger("twinpool.test").warning("store unavailable: %s", "full", extra={"event": "store.lost"})
    line = stream.getvalue()
    assert "store unavailable: full" in line
    assert "event=store.lost" in line
    assert "\x1b" not in line


def test_what_is_below_the_level_and_what_libraries_tell_is_left_out() -> None:
    stream = io.StringIO()
    configure_logging("json", "INFO", stream=stream, environment={})
    logging.getLogger("twinpool.test").debug("detail")
    logging.getLogger("pika.adapters").info("chatter")
    assert stream.getvalue() == ""


def test_a_second_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("json", "INFO", stream=first, environment={})
    configure_logging("json", "INFO", stream=second, environment={})
    logging.getLogger("twinpool.test").info("once")
    assert first.getvalue() == ""
    assert line_of(second)["message"] == "once"


def test_the_environment_says_what_the_call_does_not() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream, environment={"TWINPOOL_LOG_FORMAT": "JSON", "TWINPOOL_LOG_LEVEL": "debug"})
    logging.getLogger("twinpool.test").debug("detail")
    assert line_of(stream)["level"] == "debug"


@pytest.mark.parametrize(("form", "level", "field"), [("xml", "", "log-format"), ("", "loud", "log-level")])
def test_an_unknown_format_or_level_is_refused(form: str, level: str, field: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        configure_logging(form, level, environment={})
    assert refused.value.field == field
