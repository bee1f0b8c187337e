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
-- Put a record; run with many, sorted by key
INSERT INTO record (set_id, owner, key, value) VALUES (?, ?, ?, ?)
ON CONFLICT (set_id, owner, key) DO UPDATE SET value = excluded.value;

-- delete_records --
-- Delete a record if it is there; run with many, sorted by key
DELETE FROM record WHERE set_id = ? AND owner = ? AND key = ?;

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
