"""Classes of routes are few, whatever clients ask for."""

from __future__ import annotations

import pytest

from twinpool_services.frontend.watched_app import route_class


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/livez", "health"),
        ("/metrics", "metrics"),
        ("/v1/homes/pool1.lab/modules/PresenceFocus/records/alice@lab/contacts/bob", "records"),
        ("/v1/homes/pool1.lab/modules/PresenceFocus/transactions", "transactions"),
        ("/v1/homes/pool1.lab/conferences/weekly/files/minutes.txt", "files"),
        ("/v1/pools/pool1.lab/backup-status", "management"),
        ("/v1/homes/pool1.lab/modules/PresenceFocus/whatever", "management"),
        ("/wp-admin.php", "other"),
        ("", "other"),
    ],
)
def test_a_path_is_of_a_class(path: str, expected: str) -> None:
    assert route_class(path) == expected
