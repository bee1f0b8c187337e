"""What the conformance tests talk about: two pools, a home, a stream, and short ways to write and replicate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event

from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Committed, Record, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool.wire import decode_changes, encode_changes

POOL = PoolFqdn("pool1.lab")
PARTNER = PoolFqdn("pool2.lab")
HOME = Home(POOL)
MODULE = ModuleName("UserServices.PresenceFocus")
STREAM = Stream(HOME, MODULE)
OTHER_STREAM = Stream(HOME, ModuleName("ConfServices.DataConf"))
ROUTE = Route(STREAM, PARTNER)

FOR_LONG = timedelta(hours=1)
SHORTLY = timedelta(milliseconds=50)
PATIENCE = 90.0  #: seconds after which a test gives up on what should long have happened

FIRST = SessionId(Term(1), Generation(1), 1)
SECOND = SessionId(Term(1), Generation(1), 2)


def serve(store: Store, *, home: Home = HOME, mode: Mode = Mode.READ_WRITE) -> None:
    """Have the pool of a store serve a home."""
    store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=store.pool, mode=mode))


def transaction(*changes: tuple[str, str, bytes | None], stream: Stream = STREAM) -> Transaction:
    """Make a transaction of plain tuples."""
    listed = tuple(Change(*change) for change in changes)
    return Transaction(stream=stream, changes=listed, payload=encode_changes(listed))


def put(owner: str, key: str = "k", value: bytes = b"v", *, stream: Stream = STREAM) -> Transaction:
    """Make a transaction that puts one record."""
    return transaction((owner, key, value), stream=stream)


def committed(store: Store, *transactions: Transaction) -> list[Position]:
    """Write transactions that must all be committed."""
    positions = []
    for outcome in store.write(transactions):
        assert isinstance(outcome, Committed), outcome
        positions.append(outcome.position)
    return positions


def records(store: Store, stream: Stream = STREAM, *, limit: int = 1000) -> list[Record]:
    """Walk all records of a stream."""
    found: list[Record] = []
    after: RecordKey | None = None
    while piece := store.scan(stream, after=after, limit=limit):
        found += piece
        after = RecordKey(piece[-1].owner, piece[-1].key)
    return found


def replicate(
    source: Store, target: Store, *, session: SessionId, generation: Generation, max_changes: int = 100
) -> int:
    """Apply one batch of what the source's log has behind the target's cursor; return its change sets."""
    cursor = target.import_progress(STREAM).cursor
    assert cursor is not None
    change_sets = source.collect(STREAM, after=cursor.position, max_changes=max_changes, max_bytes=1 << 22)
    if change_sets:
        changes = [change for each in change_sets for change in decode_changes(each.payload)]
        upto = change_sets[-1].position
        target.apply(STREAM, changes, session=session, after=cursor.position, upto=upto, generation=generation)
    return len(change_sets)


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
    """Look until a condition holds; False if it does not in a time that is generous."""
    pause = Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return condition()


def replay(payloads: Sequence[bytes]) -> list[Record]:
    """Apply change sets to nothing."""
    state: dict[tuple[str, str], bytes] = {}
    for payload in payloads:
        for owner, key, value in decode_changes(payload):
            if value is None:
                state.pop((owner, key), None)
            else:
                state[owner, key] = value
    return [Record(owner, key, value) for (owner, key), value in sorted(state.items())]
