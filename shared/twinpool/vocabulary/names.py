"""The plain names and numbers that everything else is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

PoolFqdn = NewType("PoolFqdn", str)  #: fully qualified domain name of a pool, lower case
Home = NewType("Home", str)  #: whose data it is: a pool's FQDN, or `CMS_HOME`
FrontEndName = NewType("FrontEndName", str)  #: name of one front end, unique within its pool
ModuleName = NewType("ModuleName", str)  #: for example `UserServices.PresenceFocus`

Position = NewType("Position", int)  #: place of a change set in its stream; the first is above `ORIGIN`
Term = NewType("Term", int)  #: grows by one each time the serving pool of a home changes; the first is 1
Generation = NewType("Generation", int)  #: grows with each new holder of a pool's lease; the first is 1
Instant = NewType("Instant", float)  #: seconds since 1970-01-01 UTC, by the clock of the store that wrote it
Digest = NewType("Digest", str)  #: BLAKE2b-256 of a file's content, 64 lower-case hexadecimal digits

CMS_HOME = Home("cms")  #: the home of the deployment-wide Central Management store
ORIGIN = Position(0)  #: the position before the first change set of every stream

#: Far above what elections ever reach, and far enough below what a store can hold: nothing higher is believed.
HIGHEST_GENERATION = Generation(2**62)


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """The change sets of one module of one home: what is replicated, in order."""

    home: Home
    module: ModuleName

    def __str__(self) -> str:
        return f"{self.home}/{self.module}"


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A stream on its way to one pool; the CMS goes to every pool, all else to the partner alone."""

    stream: Stream
    destination: PoolFqdn

    def __str__(self) -> str:
        return f"{self.stream}→{self.destination}"
