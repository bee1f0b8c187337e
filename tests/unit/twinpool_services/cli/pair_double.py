"""The front ends of a pair, as far as failover asks them: what they know is written down by a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.unit.twinpool_services.cli.answering import Answer, Asked, problem

P1, P2 = "pool1.lab", "pool2.lab"
PRESENCE = "UserServices.PresenceFocus"
NAME = "20261123T120000Z-abcdef"
PLANNED = ("requested", "quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done")


@dataclass
class Pair:
    """What both pools know, and what they were asked to do."""

    serving: dict[str, str] = field(default_factory=lambda: {P1: P1, P2: P2, "cms": P2})
    export_status: str = "FinalState"
    active: bool = True
    tells_status: bool = True  #: else whoever asks has not the role for it
    ready: bool = True
    up_to_date: bool = True
    plans: list[str] = field(default_factory=lambda: ["token-1"])  #: tokens, one a look
    outcome: tuple[str, ...] = PLANNED  #: steps of the operation once it is looked at
    failure: str | None = None
    dead: set[str] = field(default_factory=set)
    wishes: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, pool: str, asked: Asked) -> Answer:
        if pool in self.dead:
            return problem(503, "store-unavailable", f"{pool} has no store")
        path = asked.target.partition("?")[0]
        if path.startswith("/v1/pools/"):
            return self._of_pool(pool, asked, path.removeprefix("/v1/pools/").partition("/")[2])
        if path == "/readyz":
            check = {"Ok": self.ready, "Required": True, "Reason": "" if self.ready else "the disk is full"}
            return 200 if self.ready else 503, {"Ready": self.ready, "Checks": {"store": check}}
        if path == "/v1/front-end":
            lease = {"Holder": f"fe1.{pool}", "Generation": 1, "ExpiresAt": "2026-11-23T12:00:05Z"}
            return 200, {"Version": "1.2.3", "Lease": lease if self.active else None}
        return (200, self.replication()) if path == "/v1/cms/replication-status" else (404, {"detail": "nothing"})

    def _of_pool(self, pool: str, asked: Asked, path: str) -> Answer:
        match asked.method, path:
            case "POST", "failovers" if isinstance(asked.body, dict):
                self.wishes.append(asked.body)
                if asked.body["DisasterMode"] and asked.body["PlanToken"] != self.plans[0]:
                    return problem(409, "plan-outdated", "the facts have changed")
                return 202, self.operation("requested")
            case "GET", "failovers":
                return 200, {"PoolFqdn": pool, "Failovers": [self.operation(*self.outcome)], "Next": None}
            case "GET", rest if rest.startswith("failovers/"):
                if rest != f"failovers/{NAME}":
                    return problem(404, "not-found", "there is no such failover")
                return 200, self.operation(*self.outcome)
            case "POST", rest if rest.endswith("/abort"):
                self.outcome = ("requested", "aborting", "aborted")
                return 202, self.operation("requested")
            case "GET", rest if rest.startswith("failover-plans/"):
                token = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
                return 200, self.plan(token)
            case "GET", rest if rest.endswith("/standing"):
                return 200, self.standing(pool, rest.split("/")[1])
            case "GET", "backup-relationship":
                asked_for = asked.target.split("/")[3]
                return 200, {"PoolFqdn": asked_for, "BackupPoolFqdn": P2 if asked_for == P1 else P1}
            case "GET", "backup-status" if not self.tells_status:
                return problem(403, "not-authorised", "it takes the role BackupService")
            case "GET", "backup-status":
                return 200, self.status(pool)
            case _:
                return 404, {"detail": f"nothing at {path}"}

    def standing(self, pool: str, home: str) -> dict[str, Any]:
        serving = self.serving[home]
        moved = home != serving if home != "cms" else serving != P1
        return {
            "PoolFqdn": pool,
            "Home": home,
            "PoolState": "FailedOver" if moved else "Active",
            "Term": 2 if moved else 1,
            "ServingPool": serving,
            "Mode": "read-write",
            "Settled": True,
            "Doubt": "",
            "Orphans": 0,
            "UndecidedOrphans": 0,
            "History": [],
            "Engagement": None,
            "Failover": None,
        }

    def operation(self, *steps: str) -> dict[str, Any]:
        wish: dict[str, Any] = self.wishes[-1] if self.wishes else {"Home": P1, "DisasterMode": False}
        source = self.serving[wish["Home"]]
        return {
            "Failover": NAME,
            "Home": wish["Home"],
            "DisasterMode": wish["DisasterMode"],
            "SourcePoolFqdn": source,
            "TargetPoolFqdn": P2 if source == P1 else P1,
            "Term": 2,
            "Step": steps[-1],
            "Ended": steps[-1] in {"done", "aborted"},
            "CanAbort": True,
            "Failure": self.failure,
            "Verification": "passed",
            "Confirmed": True,
            "SkipDataVerification": wish.get("SkipDataVerification", False),
            "PrepareOnly": wish.get("PrepareOnly", False),
            "Steps": [{"Step": step, "At": f"2026-11-23T12:00:0{nth}.250000Z"} for nth, step in enumerate(steps)],
            "Heads": [{"Identity": PRESENCE, "Position": 7}],
            "Beginnings": [],
            "Plan": self.plan("x") if wish["DisasterMode"] else None,
            "FirstWriteAt": None,
        }

    def plan(self, token: str) -> dict[str, Any]:
        row = {
            "Identity": PRESENCE,
            "AcknowledgedPosition": 4,
            "HeardHeadPosition": 7,
            "MissingChanges": 3,
            "SecondsUnheard": 2.5,
            "Whole": True,
        }
        head = {"Home": P1, "SourcePoolFqdn": P1, "TargetPoolFqdn": P2, "Term": 2, "AsOf": "2026-11-23T12:00:00Z"}
        return {**head, "PlanToken": token, "BackupModules": [row]}

    def status(self, pool: str) -> dict[str, Any]:
        row = {"Identity": PRESENCE, "ExportStatus": self.export_status, "Reason": "the broker is gone"}
        return {"PoolFqdn": pool, "ActiveMachineFqdn": f"fe1.{pool}" if self.active else None, "BackupModules": [row]}

    def replication(self) -> dict[str, Any]:
        rows = [
            {
                "ReplicaFqdn": pool,
                "UpToDate": self.up_to_date,
                "LastStatusReport": "2026-11-23T12:00:00Z",
                "LastUpdateCreation": None,
                "AcknowledgedPosition": 3,
                "HeadPosition": 4,
                "Reason": "",
            }
            for pool in (P1, P2)
        ]
        return {
            "ActiveMasterFqdn": "fe1.pool2.lab",
            "ServingPool": P2,
            "AsOf": "2026-11-23T12:00:00Z",
            "Replicas": rows,
        }
