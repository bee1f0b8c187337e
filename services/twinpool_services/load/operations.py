"""What is to be written when: a profile's operations, the same ones in every run of one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.data_conf import DataConf
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import ModuleName
from twinpool_services.load.profile import Profile
from twinpool_services.load.shapes import due_times
from twinpool_services.load.values import document_of, value_of

NANO = 1_000_000_000


class Operation(NamedTuple):
    """One write."""

    number: int
    due_ns: int  #: since the load began
    module: ModuleName
    change: Change  #: of a conference's file: its owner, name and content


def operations(profile: Profile) -> Iterator[Operation]:
    """Yield a profile's operations, in the order in which they are due."""
    randomness = random.Random(profile.seed)  # noqa: S311 - to be repeated
    chooser, sizes = profile.keys.chooser(), profile.values.sizes()
    modules = list(profile.mix)
    weights = list(accumulate(profile.mix.values()))
    for number, due in enumerate(due_times(profile.shapes)):
        (module,) = randomness.choices(modules, cum_weights=weights)
        user, record = divmod(chooser.choose(randomness), profile.keys.records_per_user)
        size = sizes.draw(randomness)
        yield Operation(number, round(due * NANO), module, _change(module, number, (user, record), size))


def _change(module: ModuleName, number: int, whose: tuple[int, int], size: int) -> Change:
    user, record = whose
    if module == DataConf.name:
        return Change(f"conf{user}", f"file{record}.bin", value_of(number, size))
    if module == CmsMaster.name:
        return Change("Load", f"document-{user}-{record}", document_of(number, size))
    return Change(f"sip:user{user}@load.example", f"item{record}", value_of(number, size))
