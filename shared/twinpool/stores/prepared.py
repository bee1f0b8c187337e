"""Changes that a store has made ready to be applied, ahead of the transaction that does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from twinpool.stores.text import check_keys
from twinpool.vocabulary.change import Change


class Prepared(Sequence[Change]):
    """The changes of a batch, checked; each store adds what it makes of them."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """Check them. Raises `InvalidRecord`."""
        check_keys(changes)
        self._changes = changes

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)


__all__ = ["Prepared"]
