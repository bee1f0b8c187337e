-- How all routes and streams of a pool stand, for those who look; names instead of numbers, so that one journey is enough.

-- route_standings --
-- Read how routes stand, all of one moment. Where a count has come to the limit there may be more
SELECT
    asked.number,
    ledger.session_opened, ledger.acknowledged, ledger.proven_at, ledger.attempted_at, ledger.failure,
    known.stream_id, known.log_number, known.pruned_to, known.settled,
    (SELECT position FROM change_set WHERE stream_id = known.stream_id ORDER BY position DESC LIMIT 1),
    behind.sets, behind.newest,
    pending.sets, pending.changes, pending.bytes,
    (
        SELECT committed_at FROM change_set
        WHERE stream_id = known.stream_id AND position > known.low ORDER BY position LIMIT 1
    ),
    logged.sets, logged.bytes
FROM unnest(%(homes)s::text[], %(modules)s::text[], %(destinations)s::text[], %(logs)s::bigint[], %(settled)s::bigint[])
WITH ORDINALITY AS asked (home, module, destination, log_number, settled, number)
JOIN stream ON stream.home = asked.home AND stream.module = asked.module
LEFT JOIN export_ledger AS ledger
    ON ledger.stream_id = stream.stream_id AND ledger.destination = asked.destination
CROSS JOIN LATERAL (
    SELECT
        stream.stream_id, stream.log_number, stream.pruned_to,
        greatest(stream.pruned_to, CASE WHEN stream.log_number = asked.log_number THEN asked.settled END) AS settled,
        greatest(stream.pruned_to, ledger.acknowledged) AS low
) AS known
CROSS JOIN LATERAL (
    SELECT count(*) AS sets, max(position) AS newest
    FROM (
        SELECT position FROM change_set
        WHERE stream_id = known.stream_id AND position > known.settled ORDER BY position LIMIT %(limit)s
    ) AS counted
) AS behind
CROSS JOIN LATERAL (
    SELECT
        count(*) AS sets,
        coalesce(sum(change_count), 0)::bigint AS changes, coalesce(sum(byte_count), 0)::bigint AS bytes
    FROM (
        SELECT change_count, byte_count FROM change_set
        WHERE stream_id = known.stream_id AND position > known.low ORDER BY position LIMIT %(limit)s
    ) AS counted
) AS pending
CROSS JOIN LATERAL (
    SELECT count(*) AS sets, coalesce(sum(byte_count), 0)::bigint AS bytes
    FROM (
        SELECT byte_count FROM change_set
        WHERE stream_id = known.stream_id AND position > known.pruned_to ORDER BY position LIMIT %(limit)s
    ) AS counted
) AS logged;

-- stream_standings --
-- Read what is durably known of the imports of streams, and of their health
SELECT
    asked.number, progress.failure, progress.imported_at,
    session_term, session_generation, session_number, cursor_term, cursor_position,
    staged_set, staged_position, walked_to_owner, walked_to_key, settles_at
FROM unnest(%(homes)s::text[], %(modules)s::text[]) WITH ORDINALITY AS asked (home, module, number)
JOIN stream ON stream.home = asked.home AND stream.module = asked.module
JOIN import_progress AS progress ON progress.stream_id = stream.stream_id;
