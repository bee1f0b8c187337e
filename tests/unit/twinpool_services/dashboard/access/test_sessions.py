"""Sessions that live in a cookie alone."""

from __future__ import annotations

import math

import pytest

from twinpool_services.dashboard.access.sessions import IDLE, LONGEST, RENEWED_AFTER, Session, Sessions, SessionTooLarge

SECRET = b"s" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(SECRET, clock)


def begun(sessions: Sessions, expires: float = math.inf) -> Session:
    return sessions.begin("ada", token_digest="d" * 64, expires=expires)


def test_another_front_end_of_the_pool_knows_a_session(sessions: Sessions, clock: Clock) -> None:
    session = begun(sessions)

    assert Sessions(SECRET, clock).open(sessions.seal(session)) == session


def test_what_a_token_of_an_issuer_says_is_kept(sessions: Sessions) -> None:
    session = sessions.begin(
        "eve", token_digest="", expires=math.inf, groups=("CSAdministrator",), homes=("pool1.lab",)
    )

    assert sessions.open(sessions.seal(session)) == session


def test_another_pool_does_not(sessions: Sessions, clock: Clock) -> None:
    assert Sessions(b"t" * 32, clock).open(sessions.seal(begun(sessions))) is None


@pytest.mark.parametrize("damage", ["", ".", "a.b", "a", "ä.ö", "e30.e30", "..."])
def test_what_was_never_sealed_is_no_session(sessions: Sessions, damage: str) -> None:
    assert sessions.open(damage) is None


def test_a_session_that_was_altered_is_none(sessions: Sessions) -> None:
    said, mac = sessions.seal(begun(sessions)).split(".")
    altered = said[:-8] + ("A" if said[-8] != "A" else "B") + said[-7:]

    assert sessions.open(f"{altered}.{mac}") is None


def test_a_session_ends_when_nothing_is_looked_at(sessions: Sessions, clock: Clock) -> None:
    sealed = sessions.seal(begun(sessions))
    clock.now += IDLE - 1
    assert sessions.open(sealed) is not None

    clock.now += 1
    assert sessions.open(sealed) is None


def test_a_session_that_is_used_is_prolonged_but_not_for_ever(sessions: Sessions, clock: Clock) -> None:
    session = begun(sessions)
    clock.now += RENEWED_AFTER - 1
    assert sessions.renewed(session) is None

    clock.now += 1
    renewed = sessions.renewed(session)
    assert renewed is not None
    assert renewed.until == clock.now + IDLE
    clock.now = session.since + LONGEST - 10
    last = sessions.renewed(renewed)
    assert last is not None
    assert last.until == session.since + LONGEST


def test_a_session_does_not_outlive_its_token(sessions: Sessions, clock: Clock) -> None:
    session = begun(sessions, expires=clock.now + 60)
    clock.now += 60

    assert sessions.open(sessions.seal(session)) is None


def test_a_session_that_was_ended_is_not_taken_again(sessions: Sessions) -> None:
    session = begun(sessions)
    sessions.end(session)

    assert sessions.open(sessions.seal(session)) is None


def test_a_token_with_too_many_groups_is_refused_before_the_browser_drops_the_cookie(sessions: Sessions) -> None:
    groups = tuple(f"group{number}" for number in range(500))

    with pytest.raises(SessionTooLarge):
        sessions.seal(sessions.begin("eve", token_digest="", expires=math.inf, groups=groups))


def test_a_form_is_of_one_session(sessions: Sessions) -> None:
    token = sessions.form_token("one")

    assert sessions.is_form_token("one", token)
    assert not sessions.is_form_token("another", token)
    assert not sessions.is_form_token("one", "")
    assert not sessions.is_form_token("one", "ä")
    assert not Sessions(b"t" * 32).is_form_token("one", token)
