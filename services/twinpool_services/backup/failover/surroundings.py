"""What the agent of one home works with, and how it speaks to other pools."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from twinpool.errors import BrokerUnreachable, StoreUnavailable
from twinpool.failover.messages import FAILOVER, FailoverMessage
from twinpool.failover.operation import Heads, heads_of
from twinpool.ports.store import Store
from twinpool.protocol.messages import Refused
from twinpool.vocabulary.home import HomeStatus, TermBeginning
from twinpool.vocabulary.names import ORIGIN, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.wire import Envelope
from twinpool_services.backup.failover.papers import Papers
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure

log = logging.getLogger(__name__)


class ImportingDesk(Protocol):
    """A stream that is imported, as far as failover wants to know."""

    @property
    def head_heard(self) -> Position:
        """The newest position that the exporter has told of; ORIGIN if nothing was heard."""

    @property
    def quiet_for(self) -> float:
        """Seconds since anything was waiting to be applied, or was applied."""

    @property
    def heard_ago(self) -> float:
        """Seconds since the exporter was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One home at one pool in one tenure."""

    home: Home
    modules: tuple[ModuleName, ...]
    partner: PoolFqdn | None  #: the pool with which this one settles who serves the home; None for a bystander
    peers: tuple[PoolFqdn, ...]  #: whom it asks: the partner; for a bystander, those who may serve the home
    premises: Premises
    tenure: Tenure
    post: PostOffice
    imports: Mapping[ModuleName, ImportingDesk]
    open_stream: Callable[[Stream], None]  #: let the desks of a stream begin their work

    @property
    def store(self) -> Store:
        """The pool store."""
        return self.premises.store

    @property
    def papers(self) -> Papers:
        """What is kept in it."""
        return self.premises.papers

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All streams of the home."""
        return tuple(Stream(self.home, module) for module in self.modules)

    def status(self) -> HomeStatus:
        """Read what is durably known of the home. Raises `StoreUnavailable`."""
        for status in self.store.homes():
            if status.home == self.home:
                return status
        raise StoreUnavailable(f"the pool store knows nothing of {self.home}")

    def begun(self, term: Term) -> tuple[TermBeginning, ...]:
        """Read how a term began."""
        return tuple(each for each in self.store.history(self.home) if each.term == term)

    def heads(self) -> Heads:
        """Read the newest positions of our own log."""
        return heads_of({stream.module: self.store.head(stream) for stream in self.streams})

    def cursors(self) -> Heads:
        """Read where our imports stand."""
        progress = {stream.module: self.store.import_progress(stream).cursor for stream in self.streams}
        return heads_of({module: cursor.position if cursor else ORIGIN for module, cursor in progress.items()})

    def say(self, message: FailoverMessage | Refused, to: PoolFqdn, module: ModuleName = FAILOVER) -> None:
        """Speak to another pool. What is lost is said again: all of this protocol is made for that."""
        stream = Stream(self.home, module)
        envelope = Envelope(source=self.premises.pool, destination=to, stream=stream, message=message)
        try:
            self.post.send(envelope)
        except BrokerUnreachable as error:
            log.debug("%s: not said to %s: %s", self.home, to, error)
