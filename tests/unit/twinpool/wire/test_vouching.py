"""Messages that are signed: what their pool has vouched for is read, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.twinpool.wire.samples import A_BATCH, MESSAGES, POOL1, POOL2, delivery, envelope
from twinpool.errors import MalformedMessage, UntrustedMessage
from twinpool.ports.broker import Delivery, Letter
from twinpool.security.key_files import new_private_key
from twinpool.security.pool_keys import PoolKeys, SigningKey, VerifyKeys
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import Signatures
from twinpool.wire import UNVOUCHED, Message, Vouching, decode, encode
from twinpool.wire.headers import DIGEST, NAMES, seal

FORMER, NEWER, FOREIGN = (SigningKey(POOL1, new_private_key()) for _ in range(3))
OWN = SigningKey(POOL2, new_private_key())
KNOWN = VerifyKeys({POOL1: [FORMER.public, NEWER.public], POOL2: [OWN.public]})
RECEIVER = Vouching(keys=PoolKeys(signing=OWN, verify=KNOWN), signatures=Signatures.WITH_KEYS)

ids = [f"{type(message).__name__}-{number}" for number, message in enumerate(MESSAGES)]


def speaking(key: SigningKey | None) -> Vouching:
    return Vouching(keys=PoolKeys(signing=key, verify=KNOWN), signatures=Signatures.WITH_KEYS)


def letter(message: Message = A_BATCH, key: SigningKey | None = FORMER) -> Letter:
    return encode(envelope(message), speaking(key))


def reason_against(incoming: Delivery, receiver: Vouching = RECEIVER) -> str:
    with pytest.raises(UntrustedMessage) as refused:
        decode(incoming, receiver)
    assert refused.value.speaker == POOL1
    return str(refused.value)


@pytest.mark.parametrize("message", MESSAGES, ids=ids)
def test_every_message_that_its_pool_has_signed_is_read(message: Message) -> None:
    assert decode(delivery(letter(message)), RECEIVER) == envelope(message)


def test_while_a_key_is_changed_both_count() -> None:
    for key in (FORMER, NEWER):
        assert decode(delivery(letter(key=key)), RECEIVER).message == A_BATCH


@pytest.mark.parametrize("message", MESSAGES, ids=ids)
def test_no_message_is_read_without_a_signature(message: Message) -> None:
    assert "not signed" in reason_against(delivery(encode(envelope(message))))


def test_a_message_signed_with_another_key_is_refused() -> None:
    assert "not known as one of" in reason_against(delivery(letter(key=FOREIGN)))
    assert "not known as one of" in reason_against(delivery(letter(key=OWN)))


@pytest.mark.parametrize("message", MESSAGES, ids=ids)
def test_no_header_can_be_altered_even_by_somebody_who_computes_the_digest(message: Message) -> None:
    real = letter(message)
    for name in NAMES:
        if (value := real.headers.get(name)) is None:
            continue
        other: str | int = value + 1 if isinstance(value, int) else f"{value}x"
        if name == "source":
            continue  # Then it is another pool that is asked for its signature; see below.
        changed = {key: each for key, each in real.headers.items() if key != DIGEST} | {name: other}
        assert reason_against(delivery(real, headers={**changed, DIGEST: real.headers[DIGEST]})).startswith("was alt")
        assert "is not that of key" in reason_against(delivery(real, headers=seal(changed, real.body)))


def test_the_body_cannot_be_altered() -> None:
    real = letter()
    body = real.body[:-1] + bytes([real.body[-1] ^ 1])

    assert "was altered" in reason_against(delivery(real, body=body))
    assert "is not that of key" in reason_against(delivery(real, headers=seal(dict(real.headers), body), body=body))


def test_a_signature_of_another_message_is_worth_nothing() -> None:
    one, other = letter(A_BATCH), letter(replace(A_BATCH, number=A_BATCH.number + 1))
    moved = {**one.headers, "signature": other.headers["signature"]}

    assert "is not that of key" in reason_against(delivery(one, headers=moved))


def test_a_pool_cannot_speak_as_another() -> None:
    """Its own signature is genuine, but not that of the pool which it names."""
    spoken = encode(replace(envelope(A_BATCH), source=POOL1), speaking(OWN))

    assert f"not known as one of {POOL1}" in reason_against(delivery(spoken))


@pytest.mark.parametrize("junk", ["", "!", "AAAA", "ä" * 88, 7, None, b"\xff" * 64, "A" * 100_000])
@pytest.mark.parametrize("name", ["key", "signature", "digest"])
def test_junk_in_place_of_a_signature_is_refused(name: str, junk: Any) -> None:
    real = letter()

    reason_against(delivery(real, headers={**real.headers, name: junk}))


def test_a_pool_without_keys_is_taken_at_its_word_unless_signatures_are_required() -> None:
    unknowing = PoolKeys(signing=None, verify=VerifyKeys({POOL2: [OWN.public]}))
    spoken = delivery(encode(envelope(A_BATCH)))

    assert decode(spoken, Vouching(keys=unknowing, signatures=Signatures.WITH_KEYS)).message == A_BATCH
    assert "not signed" in reason_against(spoken, Vouching(keys=unknowing, signatures=Signatures.REQUIRED))
    assert Vouching(keys=unknowing, signatures=Signatures.WITH_KEYS).undemanded([POOL1, POOL2]) == (POOL1,)


def test_with_signatures_off_nothing_is_signed_and_nothing_is_checked() -> None:
    off = Vouching(keys=PoolKeys(signing=FORMER, verify=KNOWN), signatures=Signatures.OFF)
    spoken = encode(envelope(A_BATCH), off)

    assert "signature" not in spoken.headers
    assert decode(delivery(spoken), off).message == A_BATCH


def test_who_asks_for_no_signatures_reads_signed_messages_all_the_same() -> None:
    """So that keys can be brought in pool by pool: first all sign, then all ask for it."""
    assert decode(delivery(letter()), UNVOUCHED).message == A_BATCH


def test_damage_is_only_damage_where_nobody_signs() -> None:
    real = encode(envelope(A_BATCH))

    with pytest.raises(MalformedMessage, match="damaged on its way") as refused:
        decode(delivery(real, body=b"else"), UNVOUCHED)
    assert not isinstance(refused.value, UntrustedMessage)


def test_a_message_that_names_a_pool_that_is_none_is_malformed() -> None:
    real = letter()

    with pytest.raises(MalformedMessage, match="source"):
        decode(delivery(real, headers={**real.headers, "source": PoolFqdn("no pool")}), RECEIVER)
