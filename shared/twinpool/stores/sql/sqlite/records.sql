-- standing --
-- Read where the records of a stream are and how far its log goes
SELECT stream_id, record_set, head, changes_through, bytes_through FROM stream
WHERE home = :home AND module = :module;

-- find_stream --
-- Look up a stream
SELECT stream_id FROM stream WHERE home = :home AND module = :module;

-- new_record_set --
-- Take the number of a new record set
INSERT INTO record_set DEFAULT VALUES RETURNING set_id;

-- add_stream --
-- Add a stream
INSERT INTO stream (home, module, record_set) VALUES (:home, :module, :set) RETURNING stream_id;

-- put_records --
-- Put the records of a parcel, which is sorted by key
WITH RECURSIVE
    numbered (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbered WHERE number + 1 < :count),
    placed (owner_at, key_at, value_at, next_at) AS (
        SELECT
            CAST(substr(:ends, number * 30 + 1, 10) AS INTEGER),
            CAST(substr(:ends, number * 30 + 11, 10) AS INTEGER),
            CAST(substr(:ends, number * 30 + 21, 10) AS INTEGER),
            CAST(substr(:ends, number * 30 + 31, 10) AS INTEGER)
        FROM numbered
    )
INSERT INTO record (set_id, owner, key, value)
SELECT
    :set,
    CAST(substr(:parts, owner_at + 1, key_at - owner_at) AS TEXT),
    CAST(substr(:parts, key_at + 1, value_at - key_at) AS TEXT),
    substr(:parts, value_at + 1, next_at - value_at)
FROM placed WHERE true
ON CONFLICT (set_id, owner, key) DO UPDATE SET value = excluded.value;

-- delete_records --
-- Delete those records of a parcel that are there; it is sorted by key
WITH RECURSIVE
    numbered (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbered WHERE number + 1 < :count),
    placed (owner_at, key_at, value_at) AS (
        SELECT
            CAST(substr(:ends, number * 30 + 1, 10) AS INTEGER),
            CAST(substr(:ends, number * 30 + 11, 10) AS INTEGER),
            CAST(substr(:ends, number * 30 + 21, 10) AS INTEGER)
        FROM numbered
    )
DELETE FROM record WHERE rowid IN (
    SELECT record.rowid FROM placed CROSS JOIN record
    WHERE set_id = :set
        AND owner = CAST(substr(:parts, owner_at + 1, key_at - owner_at) AS TEXT)
        AND key = CAST(substr(:parts, key_at + 1, value_at - key_at) AS TEXT)
);

-- read_record --
-- Read one record
SELECT value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE home = :home AND module = :module)
    AND owner = :owner AND key = :key;

-- scan_records --
-- Read records in key order from a key on
SELECT owner, key, value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE home = :home AND module = :module)
    AND (owner, key) >= (:from_owner, :from_key)
ORDER BY owner, key LIMIT :limit;

-- scan_records_of_owner --
-- Read records of one owner in key order from a key on
SELECT owner, key, value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE home = :home AND module = :module)
    AND owner = :owner AND key >= :from_key
ORDER BY key LIMIT :limit;

-- count_records --
-- Count the records of a stream
SELECT count(*) FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE home = :home AND module = :module);
