"""What strangers put into the queues: counted, set aside or dropped, and the stream goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.independent_client import IndependentClient, Message
from tests.labs import CONTACTS, P1, P2, PRESENCE, RunningLab
from twinpool.brokers.topology import CONTROL, exchange_from, quarantine_of, queue_to, routing_key
from twinpool.ports.broker import Letter
from twinpool.protocol.messages import Batch, Open, Opened, digest_of_change_sets
from twinpool.security.key_files import new_private_key
from twinpool.security.pool_keys import PoolKeys, SigningKey, VerifyKeys, load_pool_keys
from twinpool.vocabulary.change import Change, ChangeSet
from twinpool.vocabulary.names import Generation, Instant, PoolFqdn, Position, Term
from twinpool.vocabulary.security import Signatures
from twinpool.vocabulary.session import SessionId
from twinpool.wire import Envelope, Vouching, encode, encode_changes
from twinpool.wire import Message as Ours

pytestmark = pytest.mark.rabbitmq

MIB = 1024 * 1024
BATCHES, CONTROLS = queue_to(P2, PRESENCE), queue_to(P2, CONTROL)
ANSWERS = queue_to(P1, CONTROL)


@dataclass(frozen=True)
class Stranger:
    """A lab, a stranger at its broker, and messages of ours that the stranger has overheard."""

    lab: RunningLab
    client: IndependentClient
    overheard: dict[str, Message]  #: by kind

    def key(self, pool: PoolFqdn) -> SigningKey:
        """Return the key that a pool signs with, to speak as the pool itself would."""
        signing = load_pool_keys(self.lab.lab.deployment, self.lab.pool(pool)).signing
        assert signing is not None
        return signing

    def is_not_trusted(self, queue: str, message: Message) -> str:
        """Put a message into a queue of P2, see it refused, counted and alarmed, and return the reason."""
        alarms = self.alarms()
        note = self.is_set_aside(queue, message)
        reason = str(note.headers["x-twinpool-reason"])
        assert reason.startswith("not trusted: ")
        assert self.alarms() == alarms + 1
        told = self.lab.eventually(lambda: self.told(alarms + 1), "every front end tells of it")
        assert told["Speaker"] == P1
        assert told["Reason"] in reason
        return reason

    def alarms(self) -> int:
        """Say how many alarms the front ends of P2 have sounded."""
        return sum(len(self.lab.events(name, "message.untrusted")) for name in self.lab.names(P2))

    def told(self, count: int) -> Mapping[str, Any] | None:
        """Return what the status of P2 tells of refused messages, once it tells of so many."""
        told: Mapping[str, Any] | None = self.lab.status(P2)["UntrustedMessages"]
        return told if told is not None and told["Count"] == count else None

    def quarantined(self, pool: PoolFqdn) -> int:
        return self.client.count(quarantine_of(pool))

    def goes_on(self) -> None:
        """See the stream go on, and both pools equal."""
        self.lab.put(P1, f"contacts/{random.randrange(10**12)}", b"friend")
        self.lab.assert_in_step()

    def is_set_aside(self, queue: str, message: Message) -> Message:
        """Put a message into a queue, and return what lies in the pool's quarantine once it has been set aside."""
        pool = P1 if queue.startswith(f"to.{P1}") else P2
        self.client.take_all(quarantine_of(pool))
        logged = self.logged(pool)
        self.client.put(queue, message)
        self.lab.eventually(lambda: self.quarantined(pool) == 1, "it is set aside")
        self.lab.eventually(lambda: self.logged(pool) == logged + 1, "it is counted once")
        return self.client.take_all(quarantine_of(pool))[0]

    def logged(self, pool: PoolFqdn) -> int:
        """Say how many messages the front ends of a pool have reported as quarantined."""
        return sum(len(self.lab.events(name, "message.quarantined")) for name in self.lab.names(pool))


@pytest.fixture(scope="module")
def stranger(lab: RunningLab) -> Iterator[Stranger]:
    """Overhear a batch and its way by a queue of one's own, bound to the exchanges."""
    with IndependentClient(lab.lab.servers.broker_url) as client:
        lab.await_final()
        from_p1 = (routing_key(P2, PRESENCE), routing_key(P2, CONTROL))
        with (
            client.listening(exchange_from(P1), *from_p1) as sent,
            client.listening(exchange_from(P2), routing_key(P1, CONTROL)) as answered,
        ):
            lab.put(P1, "contacts/bob", b"friend " * 200)
            lab.await_final()
            heard = client.take_all(sent) + client.take_all(answered)
        overheard = {str(message.headers["kind"]): message for message in heard if message.headers.get("changes") != 0}
        assert {"batch", "acknowledgement"} <= overheard.keys()
        yield Stranger(lab, client, overheard)
        for pool in (P1, P2):  # The lab is shared, and its doctor would rightly warn of what lies there.
            client.take_all(quarantine_of(pool))


def garbage(length: int) -> bytes:
    return random.Random(length).randbytes(length)


def flipped(body: bytes, seed: int) -> bytes:
    """Return a body with one bit changed."""
    at = random.Random(seed).randrange(len(body) * 8)
    changed = bytearray(body)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def letter(message: Ours, *, source: PoolFqdn = P1, destination: PoolFqdn = P2, signed: SigningKey | None) -> Message:
    """Write a message as one of us would."""
    vouching = Vouching(keys=PoolKeys(signing=signed, verify=VerifyKeys({})), signatures=Signatures.WITH_KEYS)
    made: Letter = encode(Envelope(source=source, destination=destination, stream=CONTACTS, message=message), vouching)
    return Message(made.body, made.content_type, made.headers)


def batch(session: SessionId, number: int, after: int) -> Batch:
    """Make a batch that overwrites what is there."""
    payload = encode_changes((Change("alice@lab", "contacts/bob", b"forged"),))
    last = Position(after + 1)
    change_set = ChangeSet(position=last, payload=payload, change_count=1, committed_at=Instant(1.0))
    return Batch(
        session=session,
        number=number,
        after=Position(after),
        last=last,
        head=last,
        staged=False,
        digest=digest_of_change_sets((change_set,)),
        change_sets=(change_set,),
    )


@pytest.mark.parametrize("queue", [BATCHES, CONTROLS, ANSWERS, queue_to(P1, PRESENCE)])
@pytest.mark.parametrize("length", [0, 1, 1_000])
def test_random_bytes_are_set_aside(stranger: Stranger, queue: str, length: int) -> None:
    note = stranger.is_set_aside(queue, Message(garbage(length)))

    assert note.body == garbage(length)
    assert note.headers["x-twinpool-queue"] == queue
    assert "no content type of ours" in note.headers["x-twinpool-reason"]


@pytest.mark.parametrize("kind", ["batch", "acknowledgement"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_truncated_messages_are_set_aside(stranger: Stranger, kind: str, share: float) -> None:
    real = stranger.overheard[kind]
    cut = real.with_(body=real.body[: int(len(real.body) * share)])

    note = stranger.is_set_aside(BATCHES if kind == "batch" else ANSWERS, cut)

    assert "digest" in note.headers["x-twinpool-reason"]


@pytest.mark.parametrize("kind", ["batch", "acknowledgement"])
@pytest.mark.parametrize("seed", range(3))
def test_messages_with_one_bit_flipped_are_set_aside(stranger: Stranger, kind: str, seed: int) -> None:
    real = stranger.overheard[kind]

    note = stranger.is_set_aside(BATCHES if kind == "batch" else ANSWERS, real.with_(body=flipped(real.body, seed)))

    assert "digest" in note.headers["x-twinpool-reason"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("number", 7_000_000), ("after", -1), ("kind", "gossip"), ("home", "nowhere.lab"), ("size", 10**12)],
)
def test_a_header_that_was_changed_on_the_way_is_noticed(stranger: Stranger, name: str, value: object) -> None:
    real = stranger.overheard["batch"]
    session = real.headers["session"].split(".")
    newer = ".".join([*session[:2], str(int(session[2]) + 1)])  # not stale, so that it is looked at

    stranger.is_set_aside(BATCHES, real.with_header("session", newer).with_header(name, value))


def test_another_version_of_the_format_is_refused_with_a_clear_reason(stranger: Stranger) -> None:
    real = stranger.overheard["batch"]

    note = stranger.is_set_aside(BATCHES, real.with_(content_type="application/vnd.twinpool.v2+msgpack"))

    assert "version 2 of the message format is unknown here" in note.headers["x-twinpool-reason"]


def test_an_oversized_message_is_set_aside(stranger: Stranger) -> None:
    real = stranger.overheard["batch"]

    stranger.is_set_aside(BATCHES, real.with_(body=bytes(40 * MIB)))

    stranger.goes_on()


def test_a_valid_batch_replayed_again_and_again_is_dropped_without_effect(stranger: Stranger) -> None:
    lab, real = stranger.lab, stranger.overheard["batch"]
    lab.put(P1, "contacts/bob", b"newer than what is replayed")
    lab.await_final()
    aside = stranger.quarantined(P2)

    for _ in range(50):
        stranger.client.put(BATCHES, real)

    stranger.goes_on()
    assert lab.client(P2).get(RECORD).content == b"newer than what is replayed"
    assert stranger.quarantined(P2) == aside, "it is one of ours, only late"


RECORD = f"/v1/homes/{P1}/modules/PresenceFocus/records/alice@lab/contacts/bob"


def test_a_batch_of_an_older_session_is_dropped(stranger: Stranger) -> None:
    """It would fit the cursor exactly; only its session is over."""
    lab = stranger.lab
    lab.put(P1, "contacts/bob", b"friend")
    lab.await_final()
    with lab.store(P2) as store:
        former = store.import_progress(CONTACTS)
    assert former.cursor is not None
    assert lab.command("Invoke-CsBackupServiceSync", "-PoolFqdn", P1).returncode == 0
    with lab.store(P2) as store:
        lab.eventually(lambda: store.import_progress(CONTACTS).session > former.session, "the next session")

    late = letter(batch(former.session, 2, former.cursor.position), signed=stranger.key(P1))
    stranger.client.put(BATCHES, late)

    stranger.goes_on()
    assert lab.client(P2).get(RECORD).content == b"friend"


def test_a_forged_batch_with_a_gap_makes_the_stream_begin_anew_and_is_not_applied(stranger: Stranger) -> None:
    """Nobody else can sign; should somebody have stolen the key, too, a gap is not jumped over."""
    lab = stranger.lab
    lab.put(P1, "contacts/bob", b"friend")
    lab.await_final()
    with lab.store(P2) as store:
        progress = store.import_progress(CONTACTS)
    assert progress.cursor is not None

    forged = letter(batch(progress.session, 9_999, progress.cursor.position + 5), signed=stranger.key(P1))
    stranger.client.put(BATCHES, forged)

    stranger.goes_on()
    assert lab.client(P2).get(RECORD).content == b"friend"


@pytest.mark.parametrize("source", [PoolFqdn("pool3.lab"), P2], ids=["unknown-pool", "the-pool-itself"])
def test_a_message_that_claims_to_come_from_elsewhere_is_set_aside(stranger: Stranger, source: PoolFqdn) -> None:
    session = SessionId(Term(1), Generation(10**6), 1)

    opening = Open(session=session, oldest=Position(0), head=Position(0))
    note = stranger.is_set_aside(CONTROLS, letter(opening, source=source, signed=None))

    assert "speaks to this one" in note.headers["x-twinpool-reason"]
    stranger.goes_on()


def test_an_importers_word_about_a_session_that_is_not_open_is_not_heeded(stranger: Stranger) -> None:
    session = SessionId(Term(1), Generation(10**6), 1)

    answer = Opened(session=session, cursor=None, staging=None)
    stranger.client.put(ANSWERS, letter(answer, source=P2, destination=P1, signed=stranger.key(P2)))

    stranger.goes_on()


# ── what only a compromised broker, or somebody with another pool's credentials, could send ──────────────────────


def next_batch(stranger: Stranger) -> Batch:
    """Return a batch that would be applied at once, were it genuine."""
    stranger.lab.put(P1, "contacts/bob", b"friend")
    stranger.lab.await_final()
    with stranger.lab.store(P2) as store:
        progress = store.import_progress(CONTACTS)
    assert progress.cursor is not None
    return batch(progress.session, 5_000, progress.cursor.position)


@pytest.mark.parametrize("signer", ["nobody", "the-other-pool", "a-stranger"])
def test_a_forged_batch_that_fits_exactly_is_refused(stranger: Stranger, signer: str) -> None:
    key = {"nobody": None, "the-other-pool": stranger.key(P2), "a-stranger": SigningKey(P1, new_private_key())}[signer]

    reason = stranger.is_not_trusted(BATCHES, letter(next_batch(stranger), signed=key))

    assert "not signed" in reason if key is None else "not known as one of pool1.lab" in reason
    assert stranger.lab.client(P2).get(RECORD).content == b"friend"
    stranger.goes_on()


def test_a_forged_opening_does_not_end_the_session(stranger: Stranger) -> None:
    """Unsigned it would end the stream: it claims a session that is newer than any."""
    with stranger.lab.store(P2) as store:
        before = store.import_progress(CONTACTS).session
    opening = Open(session=SessionId(Term(1), Generation(10**6), 1), oldest=Position(0), head=Position(0))

    stranger.is_not_trusted(CONTROLS, letter(opening, signed=None))

    stranger.goes_on()
    with stranger.lab.store(P2) as store:
        assert store.import_progress(CONTACTS).session == before


def test_a_genuine_batch_that_was_altered_is_refused_even_with_a_digest_that_fits(stranger: Stranger) -> None:
    real = letter(next_batch(stranger), signed=stranger.key(P1))
    forged = letter(replace(next_batch(stranger), number=5_001), signed=None)
    signature = {name: real.headers[name] for name in ("key", "signature")}

    altered = stranger.is_not_trusted(BATCHES, real.with_(body=flipped(real.body, 1)))
    sealed = stranger.is_not_trusted(BATCHES, forged.with_(headers={**forged.headers, **signature}))

    assert "was altered" in altered
    assert "is not that of key" in sealed
    assert stranger.lab.client(P2).get(RECORD).content == b"friend"


@pytest.mark.parametrize("name", ["module", "home", "destination", "session"])
def test_a_genuine_batch_is_not_taken_for_one_of_another_stream(stranger: Stranger, name: str) -> None:
    real = letter(next_batch(stranger), signed=stranger.key(P1))
    other = {"module": "ConfServices.DataConf", "home": P2, "destination": P1, "session": "1.1000000.1"}[name]

    if name == "home":  # Nothing of P2's own home is imported here, so it is dropped before it is looked at.
        stranger.client.put(BATCHES, real.with_header(name, other))
    else:
        stranger.is_not_trusted(BATCHES, real.with_header(name, other))
    stranger.goes_on()


def test_a_flood_of_rubbish_under_load_costs_nothing(stranger: Stranger) -> None:
    lab = stranger.lab
    stranger.client.take_all(quarantine_of(P2))
    with lab.load(P1) as load:
        lab.more(load)
        for number in range(300):
            stranger.client.put((BATCHES, CONTROLS)[number % 2], Message(garbage(number), "text/plain"))
        lab.more(load)
    lab.assert_in_step()
    lab.eventually(lambda: stranger.quarantined(P2) == 300, "each is kept for an operator to see")
