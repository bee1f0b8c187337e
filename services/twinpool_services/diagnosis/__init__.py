"""What is wrong, and where: pure conclusions from facts that the commands have gathered from both pools."""

from twinpool_services.diagnosis.answers import Answers, is_known, journey_facts
from twinpool_services.diagnosis.hindrance import FREE, Hindrance, Partner, RouteFacts, Stage
from twinpool_services.diagnosis.journey import (
    Applied,
    Captured,
    Carried,
    Certainty,
    Journey,
    JourneyFacts,
    Orphaned,
    PoolTrace,
    Stop,
    journey_of,
    newest_change,
)
from twinpool_services.diagnosis.why import hindrances

__all__ = [
    "FREE",
    "Answers",
    "Applied",
    "Captured",
    "Carried",
    "Certainty",
    "Hindrance",
    "Journey",
    "JourneyFacts",
    "Orphaned",
    "Partner",
    "PoolTrace",
    "RouteFacts",
    "Stage",
    "Stop",
    "hindrances",
    "is_known",
    "journey_facts",
    "journey_of",
    "newest_change",
]
