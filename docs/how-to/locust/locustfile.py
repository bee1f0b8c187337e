"""Users of a pool, for Locust: `locust -f locustfile.py --host http://127.0.0.1:8001`.

Environment
- `TWINPOOL_HOME`: whose data is written, for example `pool1.lab`
- `TWINPOOL_TOKEN`: the token of a data client
"""

from __future__ import annotations

import os
import random

from locust import HttpUser, between, task

USERS = 1_000


class PoolUser(HttpUser):
    """Somebody whose presence changes often, contacts now and then, and who looks at others."""

    wait_time = between(0.5, 2.0)

    def on_start(self) -> None:
        """Sign in: know who we are and where our data lies."""
        self.owner = f"sip:user{random.randrange(USERS)}@load.example"  # noqa: S311 - no secret
        self.home = os.environ.get("TWINPOOL_HOME", "pool1.lab")
        self.headers = {"Content-Type": "application/octet-stream"}
        if token := os.environ.get("TWINPOOL_TOKEN"):
            self.headers["Authorization"] = f"Bearer {token}"

    @task(10)
    def change_presence(self) -> None:
        """Write the presence."""
        state = random.choice(["online", "away", "busy"])  # noqa: S311 - no secret
        self._put("presence", state.encode())

    @task(2)
    def change_contacts(self) -> None:
        """Write one contact."""
        self._put(f"contacts-{random.randrange(20)}", random.randbytes(200))  # noqa: S311 - no secret

    @task(5)
    def read_presence(self) -> None:
        """Read the presence; that there is none yet is no failure."""
        with self.client.get(
            self._path("presence"), headers=self.headers, name="/records/presence", catch_response=True
        ) as answer:
            if answer.status_code in {200, 404}:
                answer.success()

    def _put(self, key: str, value: bytes) -> None:
        name = f"/records/{key.partition('-')[0]}"
        self.client.put(self._path(key), data=value, headers=self.headers, name=name)

    def _path(self, key: str) -> str:
        return f"/v1/homes/{self.home}/modules/PresenceFocus/records/{self.owner}/{key}"
