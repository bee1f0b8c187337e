"""Looks a deployment over: small independent checks, each of which finds what it can.

What other services may use is named here.
"""

from twinpool_services.doctor.finding import Finding, Severity, worst
from twinpool_services.doctor.gathering import FrontEndSays, PoolSays, Seen
from twinpool_services.doctor.running import examine

__all__ = ["Finding", "FrontEndSays", "PoolSays", "Seen", "Severity", "examine", "worst"]
