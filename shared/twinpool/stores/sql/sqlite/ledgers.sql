-- export_ledger --
-- Read what was noted of a route
SELECT session_opened, acknowledged, proven_at, attempted_at, failure FROM export_ledger
WHERE home = :home AND module = :module AND destination = :destination;

-- note_opened --
-- Note that the importer answered; an earlier failure stays
INSERT INTO export_ledger (home, module, destination, session_opened, acknowledged, proven_at)
VALUES (:home, :module, :destination, TRUE, :position, :now)
ON CONFLICT (home, module, destination) DO UPDATE SET
    session_opened = TRUE, acknowledged = excluded.acknowledged, proven_at = excluded.proven_at;

-- note_acknowledged --
-- Note an acknowledgement; the position never goes down
INSERT INTO export_ledger (home, module, destination, session_opened, acknowledged, proven_at)
VALUES (:home, :module, :destination, FALSE, :position, :now)
ON CONFLICT (home, module, destination) DO UPDATE SET
    acknowledged = max(acknowledged, excluded.acknowledged), proven_at = excluded.proven_at, failure = NULL;

-- note_attempt --
-- Note that something was sent, or why not; an earlier failure stays
INSERT INTO export_ledger (home, module, destination, session_opened, acknowledged, attempted_at, failure)
VALUES (:home, :module, :destination, FALSE, 0, :now, :failure)
ON CONFLICT (home, module, destination) DO UPDATE SET
    attempted_at = excluded.attempted_at, failure = coalesce(excluded.failure, failure);

-- request_sync --
-- Note a request
INSERT INTO sync_request (home, module, whole) VALUES (:home, :module, :whole) RETURNING number;

-- sync_requests --
-- Read the requests above a number
SELECT number, home, module, whole FROM sync_request WHERE number > :after ORDER BY number;

-- forget_sync_requests --
-- Forget requests that have been taken up
DELETE FROM sync_request WHERE number <= :up_to;
