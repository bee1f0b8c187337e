from dataclasses import replace
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration, SignatureRefused
from twinpool.security.key_files import KeyId, new_private_key, private_key_text, public_key_text
from twinpool.security.pool_keys import Purpose, Signature, SigningKey, VerifyKeys, load_pool_keys
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool.vocabulary.security import Security, Signatures

ONE, TWO = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
FORMER, NEWER = SigningKey(ONE, new_private_key()), SigningKey(ONE, new_private_key())
KEYS = VerifyKeys({ONE: [FORMER.public, NEWER.public], TWO: [new_private_key().public_key()]})


@pytest.mark.parametrize("key", [FORMER, NEWER])
def test_what_a_pool_signed_with_any_of_its_keys_is_its_word(key: SigningKey) -> None:
    KEYS.verify(ONE, Purpose.MESSAGE, b"said", key.sign(Purpose.MESSAGE, b"said"))


def test_a_word_that_was_altered_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="is not that of key"):
        KEYS.verify(ONE, Purpose.MESSAGE, b"never said", FORMER.sign(Purpose.MESSAGE, b"said"))


def test_another_pools_word_is_refused() -> None:
    with pytest.raises(SignatureRefused, match=r"not known as one of pool2\.lab"):
        KEYS.verify(TWO, Purpose.MESSAGE, b"said", FORMER.sign(Purpose.MESSAGE, b"said"))


def test_a_word_under_another_keys_name_is_refused() -> None:
    signature = FORMER.sign(Purpose.MESSAGE, b"said").signature

    with pytest.raises(SignatureRefused):
        KEYS.verify(ONE, Purpose.MESSAGE, b"said", Signature(NEWER.key_id, signature))


def test_what_was_said_for_one_purpose_is_worth_nothing_for_another() -> None:
    with pytest.raises(SignatureRefused):
        KEYS.verify(ONE, Purpose.CALL, b"said", FORMER.sign(Purpose.MESSAGE, b"said"))


@pytest.mark.parametrize("junk", [b"", b"short", bytes(64), bytes(100)])
def test_junk_is_refused_as_a_signature(junk: bytes) -> None:
    with pytest.raises(SignatureRefused):
        KEYS.verify(ONE, Purpose.MESSAGE, b"said", Signature(FORMER.key_id, junk))


def test_of_a_pool_without_keys_nothing_is_its_word() -> None:
    with pytest.raises(SignatureRefused):
        VerifyKeys({ONE: []}).verify(ONE, Purpose.MESSAGE, b"said", Signature(KeyId(""), bytes(64)))


# ── of a deployment ─────────────────────────────────────────────────────────────────────────────────────────────


def key_file(path: Path) -> tuple[Path, str]:
    """Write a new key; return its file and what verifies it."""
    key = new_private_key()
    path.write_text(private_key_text(key), encoding="ascii")
    path.chmod(0o600)
    return path, public_key_text(key.public_key())


def pool(fqdn: PoolFqdn, port: int, *, signing_key: Path | None = None, verify_keys: tuple[str, ...] = ()) -> Pool:
    front_end = FrontEnd(name=FrontEndName(f"fe1.{fqdn}"), host="127.0.0.1", port=port, address=f"http://h:{port}")
    return Pool(
        fqdn=fqdn,
        store=f"sqlite:////srv/{fqdn}.db",
        content=Path(f"/srv/{fqdn}"),
        broker_url="amqp://h/",
        front_ends=(front_end,),
        signing_key=signing_key,
        verify_keys=verify_keys,
    )


def deployed(first: Pool, second: Pool, signatures: Signatures = Signatures.WITH_KEYS) -> Deployment:
    return Deployment(cms_master=ONE, pools=(first, second), security=Security(signatures=signatures))


def test_a_front_end_signs_with_its_pools_key_and_knows_those_of_all(tmp_path: Path) -> None:
    own, text = key_file(tmp_path / "own")
    foreign, foreign_text = key_file(tmp_path / "foreign")
    first = pool(ONE, 1, signing_key=own, verify_keys=(text,))
    second = pool(TWO, 2, signing_key=foreign, verify_keys=(foreign_text,))
    deployment = deployed(first, second, Signatures.REQUIRED)

    mine, theirs = load_pool_keys(deployment, first), load_pool_keys(deployment, second)

    assert mine.signing is not None
    theirs.verify.verify(ONE, Purpose.CALL, b"said", mine.signing.sign(Purpose.CALL, b"said"))


def test_the_key_of_another_pool_is_not_needed(tmp_path: Path) -> None:
    own, text = key_file(tmp_path / "own")
    first = pool(ONE, 1, signing_key=own, verify_keys=(text,))
    second = pool(TWO, 2, signing_key=tmp_path / "on-another-host", verify_keys=(text,))

    assert load_pool_keys(deployed(first, second, Signatures.REQUIRED), first).verify.has(TWO)


def test_a_deployment_without_keys_is_allowed_unless_signatures_are_required() -> None:
    first, second = pool(ONE, 1), pool(TWO, 2)

    keys = load_pool_keys(deployed(first, second), first)

    assert keys.signing is None
    assert not keys.verify.has(TWO)
    with pytest.raises(InvalidConfiguration, match=r"pool1\.lab has no verify_keys") as refused:
        load_pool_keys(deployed(first, second, Signatures.REQUIRED), first)
    assert refused.value.field == "pool[0].verify_keys"


@pytest.mark.parametrize("missing", [True, False], ids=["no-signing-key", "another-signing-key"])
def test_a_pool_whose_words_nobody_would_take_does_not_start(tmp_path: Path, missing: bool) -> None:
    _, text = key_file(tmp_path / "expected")
    other, _ = key_file(tmp_path / "other")
    first = pool(ONE, 1, signing_key=None if missing else other, verify_keys=(text,))

    with pytest.raises(InvalidConfiguration, match="would refuse all that it says") as refused:
        load_pool_keys(deployed(first, pool(TWO, 2)), first)
    assert refused.value.field == "pool[0].signing_key"


def test_with_signatures_off_keys_are_not_compared(tmp_path: Path) -> None:
    _, text = key_file(tmp_path / "expected")
    first = pool(ONE, 1, verify_keys=(text,))

    assert load_pool_keys(deployed(first, pool(TWO, 2), Signatures.OFF), first).signing is None


def test_a_key_that_cannot_be_read_is_blamed_on_its_place_in_the_file(tmp_path: Path) -> None:
    second = replace(pool(TWO, 2), verify_keys=(tmp_path / "gone",))
    first = pool(ONE, 1, signing_key=tmp_path / "gone")

    with pytest.raises(InvalidConfiguration) as refused:
        load_pool_keys(deployed(pool(ONE, 1), second), second)
    assert refused.value.field == "pool[1].verify_keys[0]"
    with pytest.raises(InvalidConfiguration) as refused:
        load_pool_keys(deployed(first, pool(TWO, 2)), first)
    assert refused.value.field == "pool[0].signing_key"
