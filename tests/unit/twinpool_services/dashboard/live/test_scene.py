"""When a pool was last heard of."""

from __future__ import annotations

from tests.unit.twinpool_services.dashboard.scenes import NOW, P1, P2, facts, pool, route
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.dashboard.live.scene import FrontEndSight, Scene, last_heard
from twinpool_services.frontend.fact_documents import LiveImportDocument, StreamFactsDocument


def silent(heard_at: float | None) -> FrontEndSight:
    return FrontEndSight(name=FrontEndName("fe1.pool2.lab"), pool=P2, answers=False, heard_at=heard_at)


def test_nobody_was_ever_sure_of_it() -> None:
    assert last_heard(P2, [silent(None)], []) is None


def test_an_acknowledgement_in_the_ledger_is_a_sign_of_life_even_if_nobody_looked() -> None:
    told = facts(P1, [route(P2, home=P1, proof_age_seconds=50.0)], homes={})

    assert last_heard(P2, [silent(None)], [(NOW, told)]) == NOW - 50


def test_what_it_sends_is_one_as_well_and_the_newest_counts() -> None:
    stream = StreamFactsDocument(
        home=P2,
        backup_module="m",
        source=P2,
        import_status="NormalState",
        cursor_position=None,
        failure=None,
        batch_seconds=None,
        live=LiveImportDocument(heard_ago_seconds=20.0, waiting=0, applying_for_seconds=None, fetching=False),
    )
    told = facts(P1, [route(P2, home=P1, proof_age_seconds=50.0)], homes={}).model_copy(update={"streams": [stream]})

    assert last_heard(P2, [silent(NOW - 30)], [(NOW, told)]) == NOW - 20


def test_what_others_say_of_another_pool_does_not_count() -> None:
    told = facts(P1, [route("pool3.lab", home="cms", proof_age_seconds=1.0)], homes={})

    assert last_heard(P2, [silent(NOW - 30)], [(NOW, told)]) == NOW - 30


def test_pools_are_shown_in_pairs_and_each_once() -> None:
    alone = pool(P1, None, None)
    paired = pool(P1, P2, None), pool(P2, P1, None)

    assert list(Scene(at=NOW, seen_by=FrontEndName("fe"), pools=paired).groups()) == [paired]
    assert list(Scene(at=NOW, seen_by=FrontEndName("fe"), pools=(alone,)).groups()) == [(alone, None)]
