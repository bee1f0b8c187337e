-- one_moment --
-- Have the transaction see one moment
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- digests_within --
-- Digest records in the order of their places, from one up to before another
SELECT place, substring(sha256(place || '\x00'::bytea || value) FROM 1 FOR 8)
FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s)
    AND place >= %(first)b AND place < %(end)b
ORDER BY place LIMIT %(limit)s;

-- piece_end --
-- Find a record so many behind a place
SELECT place FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s) AND place >= %(first)b
ORDER BY place LIMIT 1 OFFSET %(skipped)s;

-- cursor --
-- Read how far a stream was imported; no row if nowhere
SELECT cursor_term, cursor_position FROM import_progress
WHERE stream_id = %(stream)s AND cursor_term IS NOT NULL;

-- logged_behind_size --
-- Add up what the log has behind a position, as far as that is not too much anyway
SELECT coalesce(sum(change_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint
FROM (
    SELECT change_count, byte_count FROM change_set
    WHERE stream_id = %(stream)s AND position > %(after)s ORDER BY position LIMIT %(limit)s
) AS counted;

-- logged_behind --
-- Read the payloads of the log behind a position
SELECT payload FROM change_set WHERE stream_id = %(stream)s AND position > %(after)s;
