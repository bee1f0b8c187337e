-- one_moment --
-- Have the transaction see one moment
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- digests_within --
-- Digest records in the order of their places, from one up to before another; all in one row, which is cheap to read
SELECT string_agg(place, '\xff'::bytea), string_agg(digest, ''::bytea)
FROM (
    SELECT place, substring(sha256(place || '\x00'::bytea || value) FROM 1 FOR 8) AS digest
    FROM record
    WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s)
        AND place >= %(first)b AND place < %(end)b
    ORDER BY place LIMIT %(limit)s
) AS digested;

-- can_hash_rows --
-- Tell whether the server has a function that hashes rows to 64 bits
SELECT to_regprocedure('hash_record_extended(record, bigint)') IS NOT NULL;

-- hash_of_probe --
-- Hash what everybody hashes who wants to know whether two servers do it alike
SELECT hash_record_extended(ROW('a text that is longer than one block of most of the hashes there are'::bytea), 0);

-- row_hashes_within --
-- Hash records in the order of their places, from one up to before another, likewise
SELECT string_agg(place, '\xff'::bytea), string_agg(int8send(digest), ''::bytea)
FROM (
    SELECT place, hash_record_extended(ROW(place || '\x00'::bytea || value), 0) AS digest
    FROM record
    WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s)
        AND place >= %(first)b AND place < %(end)b
    ORDER BY place LIMIT %(limit)s
) AS digested;

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
