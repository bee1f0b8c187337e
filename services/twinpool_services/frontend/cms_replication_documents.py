"""What is answered about the replicas of the Central Management store."""

from __future__ import annotations

from twinpool_services.frontend.documents import Document


class ReplicaDocument(Document):
    """The replica of one pool."""

    replica_fqdn: str
    up_to_date: bool  #: it has everything, by its own word, which is younger than the acknowledgement timeout
    last_status_report: str | None  #: when it was last heard
    last_update_creation: str | None  #: when something was last sent to it
    acknowledged_position: int
    head_position: int  #: of the store itself
    reason: str  #: why it is not up to date, if that is known


class CmsReplicationDocument(Document):
    """All replicas, and who feeds them."""

    active_master_fqdn: str | None  #: the active front end of the pool that serves the store; None: it is down
    serving_pool: str
    as_of: str
    replicas: list[ReplicaDocument]
