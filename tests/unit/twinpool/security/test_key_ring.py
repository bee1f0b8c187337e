import stat
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration
from twinpool.security.key_ring import KeyExists, KeyRing, NothingAnnounced
from twinpool.vocabulary.names import PoolFqdn


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    ring = KeyRing.within(tmp_path / "keys", PoolFqdn("pool1.lab"))
    ring.make()
    return ring


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_can_be_read_by_its_owner_alone(ring: KeyRing) -> None:
    assert mode(ring.private) == 0o600
    assert mode(ring.private.parent) == 0o700
    assert ring.known_ids() == (ring.signing_id(),)


def test_a_key_is_never_overwritten(ring: KeyRing) -> None:
    before = ring.signing_id()

    with pytest.raises(KeyExists):
        ring.make()
    assert ring.signing_id() == before


def test_at_each_step_of_a_change_the_key_in_use_is_known_to_others(ring: KeyRing) -> None:
    first = ring.signing_id()

    newer = ring.announce()
    assert ring.signing_id() == first
    assert ring.known_ids() == (first, newer)
    assert mode(ring.successor) == 0o600

    assert ring.switch() == (first, newer)
    assert ring.signing_id() == newer
    assert ring.known_ids() == (first, newer)

    assert ring.retire() == (first,)
    assert ring.known_ids() == (newer,)
    assert ring.retire() == ()


def test_steps_out_of_order_are_refused(ring: KeyRing) -> None:
    with pytest.raises(NothingAnnounced):
        ring.switch()
    ring.announce()
    with pytest.raises(KeyExists, match="announced already"):
        ring.announce()
    with pytest.raises(KeyExists, match="not finished"):
        ring.retire()


def test_nobody_switches_to_a_key_that_others_cannot_know(ring: KeyRing) -> None:
    former = ring.public.read_text(encoding="ascii")
    ring.announce()
    ring.public.write_text(former, encoding="ascii")

    with pytest.raises(NothingAnnounced, match="does not hold the public half"):
        ring.switch()


def test_the_last_public_key_is_not_thrown_away(ring: KeyRing, tmp_path: Path) -> None:
    other = KeyRing.within(tmp_path / "other", ring.pool)
    other.make()
    ring.private.write_bytes(other.private.read_bytes())

    with pytest.raises(InvalidConfiguration, match="public half"):
        ring.retire()
