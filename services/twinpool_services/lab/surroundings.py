"""What stands around the pools of a lab: nothing, or something that a chaos run has put between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twinpool.vocabulary.names import FrontEndName, PoolFqdn


class Surroundings(Protocol):
    """How the front ends of a lab reach what they need. It is asked when the deployment file is written."""

    def broker_url(self, pool: PoolFqdn, url: str) -> str:
        """Return the URL by which a pool reaches the broker of this URL."""

    def store_url(self, pool: PoolFqdn, url: str) -> str:
        """Return the URL of a pool's store, which would be this one."""

    def address(self, front_end: FrontEndName, listen: str) -> str | None:
        """Return the URL by which others reach a front end that listens there; None: directly."""

    def environment(self, front_end: FrontEndName) -> Mapping[str, str]:
        """Return what a front end's process finds in its environment besides what every process does."""


class Undisturbed:
    """Nothing stands between anybody."""

    def broker_url(self, pool: PoolFqdn, url: str) -> str:  # noqa: ARG002 - the same for every pool
        """Return the broker's own URL."""
        return url

    def store_url(self, pool: PoolFqdn, url: str) -> str:  # noqa: ARG002 - likewise
        """Return the store's own URL."""
        return url

    def address(self, front_end: FrontEndName, listen: str) -> str | None:  # noqa: ARG002 - likewise
        """Let others reach a front end where it listens."""
        return None

    def environment(self, front_end: FrontEndName) -> Mapping[str, str]:  # noqa: ARG002 - likewise
        """Add nothing."""
        return {}


UNDISTURBED = Undisturbed()
