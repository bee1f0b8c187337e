-- records_within --
-- Read records in key order from a place on up to and with another
SELECT owner, key, value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE home = :home AND module = :module)
    AND (owner, key) >= (:from_owner, :from_key) AND (owner, key) <= (:to_owner, :to_key)
ORDER BY owner, key LIMIT :limit;

-- cursor --
-- Read how far a stream was imported; no row if nowhere
SELECT cursor_term, cursor_position FROM import_progress
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module) AND cursor_term IS NOT NULL;

-- logged_behind --
-- Read the payloads of the log behind a position
SELECT payload FROM change_set
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module) AND position > :after;
