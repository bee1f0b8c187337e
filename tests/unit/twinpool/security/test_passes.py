from __future__ import annotations

import base64
import json

import pytest

from twinpool.errors import NotAuthenticated
from twinpool.security.key_files import new_private_key
from twinpool.security.passes import LEEWAY, LIFETIME, PREFIX, make_pass, read_pass
from twinpool.security.pool_keys import Purpose, SigningKey, VerifyKeys
from twinpool.vocabulary.names import Instant, PoolFqdn

P1, P2, P3 = (PoolFqdn(f"pool{n}.lab") for n in (1, 2, 3))
NOW = Instant(1_000_000.0)
KEY, OTHER = SigningKey(P1, new_private_key()), SigningKey(P3, new_private_key())
KEYS = VerifyKeys({P1: [KEY.public], P3: [OTHER.public]})


def test_a_pass_says_which_pool_calls() -> None:
    assert read_pass(make_pass(KEY, P2, NOW), KEYS, P2, NOW) == P1


@pytest.mark.parametrize("seconds", [-LEEWAY - 1, LIFETIME + LEEWAY + 1])
def test_a_pass_is_good_for_a_minute(seconds: float) -> None:
    with pytest.raises(NotAuthenticated, match="expired"):
        read_pass(make_pass(KEY, P2, NOW), KEYS, P2, Instant(NOW + seconds))


def test_a_pass_for_another_pool_is_refused() -> None:
    with pytest.raises(NotAuthenticated, match="for another pool"):
        read_pass(make_pass(KEY, P2, NOW), KEYS, P3, NOW)


def test_a_pool_makes_no_pass_in_the_name_of_another() -> None:
    forged = SigningKey(P1, OTHER._private)
    with pytest.raises(NotAuthenticated, match="not signed"):
        read_pass(make_pass(forged, P2, NOW), KEYS, P2, NOW)


def test_what_was_signed_for_another_purpose_is_no_pass() -> None:
    said = json.dumps({"from": P1, "to": P2, "until": NOW + 60, "key": KEY.key_id}).encode()
    parts = (said, KEY.sign(Purpose.MESSAGE, said).signature)
    with pytest.raises(NotAuthenticated, match="not signed"):
        read_pass(PREFIX + ".".join(base64.urlsafe_b64encode(one).decode() for one in parts), KEYS, P2, NOW)


@pytest.mark.parametrize("change", [lambda text: text[:-8] + "AAAAAAA=", lambda text: text.replace(".", "A."), len])
def test_an_altered_pass_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(NotAuthenticated):
        read_pass(str(change(make_pass(KEY, P2, NOW))), KEYS, P2, NOW)


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + ".", PREFIX + "e30=.e30=", PREFIX + "W10=.AA==", PREFIX + "ü.ü"])
def test_what_is_no_pass_is_refused(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_pass(text, KEYS, P2, NOW)
