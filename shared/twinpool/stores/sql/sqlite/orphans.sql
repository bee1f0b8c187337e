-- orphans --
-- Read orphans above a number
SELECT
    number, home, module, term, position, committed_at, owner, key, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.owner = orphan.owner AND later.key = orphan.key
            AND later.number > orphan.number AND coalesce(later.decision, '') <> 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan CROSS JOIN stream USING (stream_id)
WHERE number > :after AND (NOT :undecided OR decision IS NULL) ORDER BY number LIMIT :limit;

-- orphans_of_home --
-- Read orphans of one home above a number
SELECT
    number, home, module, term, position, committed_at, owner, key, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.owner = orphan.owner AND later.key = orphan.key
            AND later.number > orphan.number AND coalesce(later.decision, '') <> 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan CROSS JOIN stream USING (stream_id)
WHERE number > :after AND home = :home AND (NOT :undecided OR decision IS NULL) ORDER BY number LIMIT :limit;

-- orphan --
-- Read one orphan
SELECT
    number, home, module, term, position, committed_at, owner, key, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.owner = orphan.owner AND later.key = orphan.key
            AND later.number > orphan.number AND coalesce(later.decision, '') <> 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan JOIN stream USING (stream_id) WHERE number = :number;

-- count_orphans --
-- Count the orphans of a home, from an index alone
SELECT count(*) FROM orphan WHERE stream_id IN (SELECT stream_id FROM stream WHERE home = :home);

-- count_undecided --
-- Count the orphans of a home about which nobody has decided, from an index alone
SELECT count(*) FROM orphan
WHERE stream_id IN (SELECT stream_id FROM stream WHERE home = :home) AND decision IS NULL;

-- decide --
-- Note what became of an orphan unless that was decided before
UPDATE orphan SET decision = :decision, decided_by = :by, decided_at = :at, note = :note
WHERE number = :number AND decision IS NULL;

-- newest_parting --
-- Read in which term the newest orphans of a stream were accepted that its log told of
SELECT term FROM orphan WHERE stream_id = :stream AND position IS NOT NULL ORDER BY number DESC LIMIT 1;

-- note_since_fork --
-- Note what the serving pool said of a record, unless something was said before; run with many
UPDATE orphan SET changed = :changed, fingerprint = :fingerprint
WHERE stream_id = :stream AND owner = :owner AND key = :key
    AND term = :term AND position IS NOT NULL AND changed IS NULL;

-- divergent --
-- Read what a log holds above a position
SELECT position, committed_at, payload FROM change_set
WHERE stream_id = :stream AND position > :above ORDER BY position;

-- add_orphans --
-- Add an orphan; run with many
INSERT INTO orphan (stream_id, term, position, committed_at, owner, key, value) VALUES (?, ?, ?, ?, ?, ?, ?);

-- compare_later --
-- Note that the records of a stream have to be compared with those that replace them
INSERT INTO comparison (stream_id, term) VALUES (:stream, :term)
ON CONFLICT (stream_id) DO UPDATE SET term = excluded.term, other_set = NULL, owner = NULL, key = NULL;

-- comparison --
-- Read how far the records of a stream have been compared
SELECT term, other_set, owner, key FROM comparison WHERE stream_id = :stream;

-- end_of_piece --
-- Find the last record of a piece of a set, if that is not the last one of all
SELECT owner, key FROM record
WHERE set_id = :set AND (owner, key) >= (:from_owner, :from_key)
ORDER BY owner, key LIMIT 1 OFFSET :limit - 1;

-- keep_differing --
-- Add to the orphans what a piece of a set has and another set has not, unless the log has told of it
INSERT OR IGNORE INTO orphan (stream_id, term, owner, key, value)
SELECT :stream, :term, owner, key, value FROM record AS ours
WHERE set_id = :set AND (owner, key) >= (:from_owner, :from_key) AND (owner, key) <= (:to_owner, :to_key)
    AND NOT EXISTS (
        SELECT 1 FROM record AS other
        WHERE other.set_id = :other_set AND other.owner = ours.owner AND other.key = ours.key
            AND other.value = ours.value
    )
    AND NOT EXISTS (
        SELECT 1 FROM repair WHERE stream_id = :stream AND repair.owner = ours.owner AND repair.key = ours.key
    )
ORDER BY owner, key;

-- note_compared --
-- Note how far the records of a stream have been compared
UPDATE comparison SET other_set = :other_set, owner = :owner, key = :key WHERE stream_id = :stream;

-- forget_comparison --
-- Compare the records of a stream no more
DELETE FROM comparison WHERE stream_id = :stream;
