"""The keys with which the pools of a lab sign: labs are as safe as what they stand for."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from twinpool.security.key_ring import KeyRing
from twinpool.vocabulary.names import PoolFqdn

KEYS = "keys"  #: directory, beside the deployment file


def make_keys(directory: Path, pools: Iterable[PoolFqdn]) -> None:
    """Make a key for each pool of a new lab; of one whose making was cut short, what there is is kept."""
    for pool in pools:
        ring = KeyRing.within(directory / KEYS, pool)
        if not (ring.private.exists() and ring.public.exists()):
            ring.private.unlink(missing_ok=True)
            ring.public.unlink(missing_ok=True)
            ring.make()


def key_lines(pool: PoolFqdn, *, broker_password: bool) -> list[str]:
    """Return what the deployment file says of a pool's keys, and of its password for the broker if it has one."""
    ring = KeyRing.within(Path(KEYS), pool)
    lines = [f'signing_key = "{ring.private}"', f'verify_keys = ["{ring.public}"]']
    return [*lines, *([f'broker_password_file = "{KEYS}/{pool}.broker-password"'] if broker_password else [])]


def erase_keys(directory: Path) -> None:
    """Delete the keys of a lab."""
    shutil.rmtree(directory / KEYS, ignore_errors=True)
