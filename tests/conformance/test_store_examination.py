"""What a store says of itself."""

from __future__ import annotations

from twinpool.ports.store import Store


def test_a_store_has_the_newest_schema_and_says_what_it_is(store: Store) -> None:
    seen = store.examine()

    assert seen.kind in {"memory", "sqlite", "postgresql"}
    assert seen.schema_version == seen.expected_schema_version
    assert all(seen.settings.values())
    assert (seen.size_bytes > 0) == (seen.kind != "memory")
