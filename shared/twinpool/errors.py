"""The one tree of our errors.

    TwinpoolError
    ├── Transient                  trying again may help
    │   ├── StoreUnavailable       the pool store does not answer, is full or unreadable
    │   ├── BrokerUnreachable      no connection to RabbitMQ
    │   ├── PartnerTopologyMissing the partner has not yet declared its exchange or queue
    │   ├── PoolUnreachable        no front end of a pool answers
    │   └── TooManyAttempts        credentials were wrong too often
    ├── Overtaken                  somebody newer is in charge; stop at once
    │   ├── LeaseLost              another generation holds the pool's lease
    │   └── SessionOvertaken       the stream has a newer session
    ├── Refused                    the request cannot be granted as things stand
    │   ├── HomeNotServed          another pool serves this home
    │   ├── HomeReadOnly           the home takes no writes for now
    │   │   └── HomeInDoubt        it is not known whether this pool still serves the home
    │   ├── HomeNotReadOnly        the home still takes writes, so it cannot be handed over
    │   ├── TermTaken              a term at least as high is known, or we serve the home already
    │   ├── LeaseTaken             another front end is the active one
    │   ├── NameTaken              a front end of that name is already running
    │   ├── SignatureRefused       what somebody says is not signed by the pool that it names
    │   ├── NotAuthenticated       nobody knows who asks
    │   ├── NotAuthorised          it is known who asks, and that is not enough
    │   └── NotFound               no such record, file, pool or module
    ├── Invalid                    the input is wrong; trying again will not help
    │   ├── InvalidRecord          a module does not take this record
    │   ├── InvalidConfiguration   the deployment file or a setting is wrong
    │   ├── InvalidParameter       a command's parameter is wrong
    │   ├── TooLarge               more than is taken at once
    │   └── MalformedMessage       a message that is not ours, is damaged or of an unknown version
    │       └── UntrustedMessage   a message that the pool which it names cannot be shown to have sent
    ├── ImportFailed               a batch could not be applied
    └── ContentMissing             a file's content is not in the content store

The class tells the caller what to do, attributes carry the data, `hint` speaks to the operator.
"""

from __future__ import annotations


class TwinpoolError(Exception):
    """Root of all our errors."""

    hint: str = ""  #: what an operator can do about it; shown by the CLI and in problem documents


class Transient(TwinpoolError):
    """Trying again may help."""


class StoreUnavailable(Transient):
    """The pool store does not answer, is full or unreadable."""

    hint = "Check the store's disk space, permissions and server; work goes on by itself once it answers."


class BrokerUnreachable(Transient):
    """There is no connection to RabbitMQ."""

    hint = "Check that RabbitMQ runs and that the broker URL in the deployment file is right."


class PartnerTopologyMissing(Transient):
    """The partner has not yet declared its exchange or queue."""

    hint = "Start at least one front end of the partner pool; it declares its queues itself."


class PoolUnreachable(Transient):
    """No front end of a pool answers."""

    hint = "Check that the pool's front ends run, and that the deployment file has their addresses."


class TooManyAttempts(Transient):
    """Credentials from one address were wrong too often."""

    hint = "Wait a minute, and see which client sends a token that is not valid."

    retry_after: float = 60.0  #: seconds


class Overtaken(TwinpoolError):
    """Somebody newer is in charge; stop at once."""


class LeaseLost(Overtaken):
    """Another generation holds the pool's lease."""

    hint = "Nothing to do: another front end of the pool is the active one now."


class SessionOvertaken(Overtaken):
    """The stream already has a newer session."""


class Refused(TwinpoolError):
    """The request cannot be granted as things stand."""


class HomeNotServed(Refused):
    """Another pool serves this home."""

    hint = "Send the request to the pool that serves the home."

    def __init__(self, home: str, serving_pool: str | None) -> None:
        """Remember the home and the pool that serves it, None if nobody is known to."""
        super().__init__(f"{home} is served by {serving_pool or 'no pool that we know'}")
        self.home, self.serving_pool = home, serving_pool


class HomeReadOnly(Refused):
    """The home takes no writes for now, as during a planned failover."""

    hint = "Try again in a moment; a failover is under way."

    def __init__(self, home: str) -> None:
        """Remember the home."""
        super().__init__(f"{home} is read-only")
        self.home = home


class HomeInDoubt(HomeReadOnly):
    """This pool has been away, or cut off: whether it still serves the home is not known, so it takes no writes."""

    hint = "Try again in a moment. If it lasts, see whether the backup pool and the broker can be reached."

    def __init__(self, home: str, doubt: str) -> None:
        """Remember the home, and say what is in doubt."""
        super().__init__(home)
        self.args = (f"{home} takes no writes for now: {doubt}",)
        self.doubt = doubt


class HomeNotReadOnly(Refused):
    """The home still takes writes, so that nobody can say at which positions it would be handed over."""

    hint = "Make the home read-only first; a planned failover does so by itself."

    def __init__(self, home: str) -> None:
        """Remember the home."""
        super().__init__(f"{home} is not read-only")
        self.home = home


class TermTaken(Refused):
    """A term at least as high as the one asked for is known already, or we serve the home ourselves."""

    hint = "Look at the home's status again: another failover came first, or this one has long been done."

    def __init__(self, home: str, *, term: int, serving_pool: str) -> None:
        """Remember what is known of the home: its term and who serves it."""
        super().__init__(f"{home} is in term {term}, served by {serving_pool}")
        self.home, self.term, self.serving_pool = home, term, serving_pool


class LeaseTaken(Refused):
    """Another front end holds the lease."""

    def __init__(self, holder: str, expires_in: float) -> None:
        """Remember who holds it, and for how many seconds more at least."""
        super().__init__(f"{holder} holds the lease for another {expires_in:.1f} s")
        self.holder, self.expires_in = holder, expires_in


class NameTaken(Refused):
    """A front end of that name is already running."""

    hint = "Stop the other process, or start this one with another -FrontEnd name."


class SignatureRefused(Refused):
    """What somebody says is not signed with a key of the pool that it names."""

    hint = (
        "If that pool's key was changed, give its new verify key to every deployment file; if not, somebody else "
        "speaks in its name: see docs/how-to/secure-the-broker.md."
    )


class NotAuthenticated(Refused):
    """Nobody knows who asks: there is no token, or one that is not valid, or not any more."""

    hint = (
        "Name a token with --token-file, TWINPOOL_TOKEN_FILE or TWINPOOL_TOKEN, or put twinpool.token beside the "
        "deployment file; a new one is made by: twinpool principals add."
    )


class NotAuthorised(Refused):
    """It is known who asks, and that is not enough for what was asked."""

    hint = "Ask a member of RTCUniversalServerAdmins to grant it; docs/how-to/grant-access.md says how."


class NotFound(Refused):
    """There is no such record, file, pool or module."""


class Invalid(TwinpoolError):
    """The input is wrong; trying again will not help."""

    def __init__(self, message: str, *, field: str = "") -> None:
        """Say what is wrong, and in which field or key if one is to blame."""
        super().__init__(message)
        self.field = field


class InvalidRecord(Invalid):
    """A module does not take this record."""


class InvalidConfiguration(Invalid):
    """The deployment file or a setting is wrong."""

    hint = "Correct the key named in the message."


class InvalidParameter(Invalid):
    """A command's parameter is wrong."""


class TooLarge(Invalid):
    """More than is taken at once; nothing of it was done."""

    hint = "Split it into smaller parts."


class MalformedMessage(Invalid):
    """A message that is not ours, is damaged, or is of a version that we do not know."""


class UntrustedMessage(MalformedMessage):
    """A message that the pool which it names cannot be shown to have sent: unsigned, wrongly signed, or altered."""

    def __init__(self, message: str, *, speaker: str, field: str = "") -> None:
        """Say what is wrong with it, and which pool it names."""
        super().__init__(message, field=field)
        self.speaker = speaker


class ImportFailed(TwinpoolError):
    """A batch could not be applied."""

    hint = "See the reason; the batch is kept at the source and tried again by itself."


class ContentMissing(TwinpoolError):
    """A file's content is not in the content store."""

    hint = "Restore the file named in the message, or upload it again at its home pool."
