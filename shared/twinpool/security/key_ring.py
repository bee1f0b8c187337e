"""A pool's keys in a directory: made, and changed in steps between which nothing that the pool says is refused.

1. `announce` makes a new key and adds its public half to the file of verify keys; that file goes to every host, and
   the front ends of all other pools are started anew: from then on both keys count everywhere.
2. `switch` lets the pool sign with the new key once its own front ends are started anew. The former still counts.
3. `retire` takes the former public key away, once nothing that was signed with it is under way any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinpool.errors import InvalidConfiguration, Refused
from twinpool.security.key_files import (
    KeyId,
    key_id_of,
    new_private_key,
    private_key_text,
    public_key_text,
    read_private_key,
    read_public_keys,
)
from twinpool.security.private_files import write_private, write_public
from twinpool.vocabulary.names import PoolFqdn


class KeyExists(Refused):
    """There is a key already."""

    hint = "To change it: twinpool keys rotate. To make one for another host, delete the files first."


class NothingAnnounced(Refused):
    """The key cannot be changed, for its successor has not been announced."""

    hint = "Begin with: twinpool keys rotate."


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The files of one pool's keys."""

    pool: PoolFqdn
    private: Path  #: what the pool signs with
    public: Path  #: what others verify with; one key on a line

    @classmethod
    def within(cls, directory: Path, pool: PoolFqdn) -> KeyRing:
        """Name the files as `twinpool keys new` does."""
        return cls(pool=pool, private=directory / f"{pool}.key", public=directory / f"{pool}.pub")

    @property
    def successor(self) -> Path:
        """Where the new key lies while it is announced and not yet signed with."""
        return self.private.with_name(f"{self.private.name}.next")

    def make(self) -> KeyId:
        """Make the first key. Raises `KeyExists`."""
        for path in (self.private, self.public):
            if path.exists():
                raise KeyExists(f"{path} exists")
        return self._make(self.private, [])

    def announce(self) -> KeyId:
        """Make the next key, and let others know it; it signs nothing yet. Raises `KeyExists`."""
        if self.successor.exists():
            raise KeyExists(f"{self.successor} exists: a new key is announced already")
        self.signing_id()
        return self._make(self.successor, self._lines())

    def switch(self) -> tuple[KeyId, KeyId]:
        """Sign with the announced key from now on; return the former and the new one. Raises `NothingAnnounced`."""
        if not self.successor.exists():
            raise NothingAnnounced(f"there is no {self.successor}")
        former, newer = self.signing_id(), key_id_of(read_private_key(self.successor).public_key())
        if newer not in self.known_ids():
            raise NothingAnnounced(f"{self.public} does not hold the public half of {self.successor}")
        self.successor.replace(self.private)
        return former, newer

    def retire(self) -> tuple[KeyId, ...]:
        """Forget all public keys but that of the key in use; return those. Raises `Refused` during a change."""
        if self.successor.exists():
            raise KeyExists(f"{self.successor} exists: the change of keys is not finished")
        used = self.signing_id()
        gone = tuple(key_id for key_id in self.known_ids() if key_id != used)
        kept = [public_key_text(key) for key in read_public_keys(self.public) if key_id_of(key) == used]
        if not kept:
            raise InvalidConfiguration(f"{self.public} does not hold the public half of {self.private}")
        if gone:
            write_public(self.public, "\n".join(kept) + "\n")
        return gone

    def signing_id(self) -> KeyId:
        """Name the key in use. Raises `InvalidConfiguration`."""
        return key_id_of(read_private_key(self.private).public_key())

    def known_ids(self) -> tuple[KeyId, ...]:
        """Name the keys that others know. Raises `InvalidConfiguration`."""
        return tuple(map(key_id_of, read_public_keys(self.public)))

    def _lines(self) -> Sequence[str]:
        return [public_key_text(key) for key in read_public_keys(self.public)]

    def _make(self, private: Path, known: Sequence[str]) -> KeyId:
        key = new_private_key()
        write_private(private, private_key_text(key))
        write_public(self.public, "\n".join([*known, public_key_text(key.public_key())]) + "\n")
        return key_id_of(key.public_key())
