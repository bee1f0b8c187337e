"""What the containers of a lab are told: deployment files, keys, tokens, and the users of the broker."""

from twinpool_services.lab.containers.plan import ContainerPlan
from twinpool_services.lab.containers.preparing import prepare

__all__ = ["ContainerPlan", "prepare"]
