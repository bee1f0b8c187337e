"""A front end's name, held by a lock on a file beside the store: the kernel lets go when the process ends."""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from twinpool.errors import NameTaken
from twinpool.stores.sqlite.failures import store_errors
from twinpool.vocabulary.names import FrontEndName

MAX_NAME = 100  #: characters of a file name that is still the front end's own


class FileNameClaim:
    """Holds a name until it is given back. Raises `NameTaken` if a living process has it, and `StoreUnavailable`."""

    def __init__(self, store: Path, name: FrontEndName) -> None:
        path = store.with_name(f"{store.name}.names") / _file_name(name)
        with store_errors(store):
            path.parent.mkdir(exist_ok=True)
            self._file = path.open("a+", encoding="ascii")
            try:
                flock(self._file, LOCK_EX | LOCK_NB)
                self._file.truncate(0)
                self._file.write(f"{os.getpid()}\n")
                self._file.flush()
            except BlockingIOError as error:
                self._file.seek(0)
                process = self._file.read().strip()
                self._file.close()
                raise NameTaken(f"a front end named {name} is already running (process {process})") from error
            except BaseException:
                self._file.close()
                raise

    def release(self) -> None:
        """Give the name back. The file stays: whoever deletes it might delete another's lock."""
        self._file.close()


def _file_name(name: str) -> str:
    quoted = quote(name, safe="").replace(".", "%2E")
    return quoted if len(quoted) <= MAX_NAME else blake2b(name.encode(), digest_size=16).hexdigest()


__all__ = ["FileNameClaim"]
