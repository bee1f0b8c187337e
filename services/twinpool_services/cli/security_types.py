"""What the commands about broker users, keys and certificates return."""

from __future__ import annotations

BROKER_STEP = "BrokerStep"
BROKER_STEP_COLUMNS = ("Action", "Kind", "Name", "Detail")

POOL_KEY = "PoolKey"
POOL_KEY_COLUMNS = ("PoolFqdn", "KeyId", "Use", "File")

CERTIFICATE = "Certificate"
CERTIFICATE_COLUMNS = ("Name", "Kind", "ExpiresAt", "Names", "Action")
