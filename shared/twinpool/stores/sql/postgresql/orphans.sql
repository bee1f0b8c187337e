-- orphans --
-- Read orphans above a number
SELECT
    number, home, module, term, position, committed_at, place, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.place = orphan.place AND later.number > orphan.number
            AND later.decision IS DISTINCT FROM 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan JOIN stream USING (stream_id)
WHERE number > %(after)s AND (decision IS NULL OR NOT %(undecided)s::boolean)
ORDER BY number LIMIT %(limit)s;

-- orphans_of_home --
-- Read orphans of one home above a number
SELECT
    number, home, module, term, position, committed_at, place, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.place = orphan.place AND later.number > orphan.number
            AND later.decision IS DISTINCT FROM 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan JOIN stream USING (stream_id)
WHERE number > %(after)s AND home = %(home)s AND (decision IS NULL OR NOT %(undecided)s::boolean)
ORDER BY number LIMIT %(limit)s;

-- orphan --
-- Read one orphan
SELECT
    number, home, module, term, position, committed_at, place, value, decision, decided_by, decided_at, note,
    changed, fingerprint,
    (
        SELECT later.number FROM orphan AS later
        WHERE later.stream_id = orphan.stream_id AND later.place = orphan.place AND later.number > orphan.number
            AND later.decision IS DISTINCT FROM 'discarded'
        ORDER BY later.number DESC LIMIT 1
    ) AS overtaken_by
FROM orphan JOIN stream USING (stream_id) WHERE number = %(number)s;

-- count_orphans --
-- Count the orphans of a home, from an index alone
SELECT count(*) FROM stream JOIN orphan USING (stream_id) WHERE home = %(home)s;

-- count_undecided --
-- Count the orphans of a home about which nobody has decided, from an index alone
SELECT count(*) FROM stream JOIN orphan USING (stream_id) WHERE home = %(home)s AND decision IS NULL;

-- decide --
-- Note what became of an orphan unless that was decided before
UPDATE orphan SET decision = %(decision)s, decided_by = %(by)s, decided_at = %(at)s, note = %(note)s
WHERE number = %(number)s AND decision IS NULL;

-- newest_parting --
-- Read in which term the newest orphans of a stream were accepted that its log told of
SELECT term FROM orphan WHERE stream_id = %(stream)s AND position IS NOT NULL ORDER BY number DESC LIMIT 1;

-- note_since_fork --
-- Note what the serving pool said of records, unless something was said before
UPDATE orphan SET changed = told.changed, fingerprint = told.fingerprint
FROM unnest(%(places)b::bytea[], %(changed)b::boolean[], %(fingerprints)b::bytea[])
    AS told (place, changed, fingerprint)
WHERE stream_id = %(stream)s AND orphan.place = told.place
    AND term = %(term)s AND position IS NOT NULL AND orphan.changed IS NULL;

-- divergent --
-- Read some of what a log holds above a position: no more than some bytes, if that is more than one change set
SELECT position, committed_at, payload
FROM (
    SELECT
        position, committed_at, payload,
        row_number() OVER so_far AS ordinal, sum(byte_count) OVER so_far AS bytes
    FROM (
        SELECT * FROM change_set
        WHERE stream_id = %(stream)s AND position > %(above)s ORDER BY position LIMIT %(limit)s
    ) AS next
    WINDOW so_far AS (ORDER BY position ROWS UNBOUNDED PRECEDING)
) AS measured
WHERE ordinal = 1 OR bytes <= %(max_bytes)s
ORDER BY position;

-- add_orphans --
-- Add orphans, in the order given
INSERT INTO orphan (stream_id, term, position, committed_at, place, value)
SELECT %(stream)s, %(term)s, position, committed_at, place, value
FROM unnest(
    %(positions)b::bigint[], %(instants)b::double precision[], %(places)b::bytea[], %(values)b::bytea[]
) AS found (position, committed_at, place, value);

-- compare_later --
-- Note that the records of a stream have to be compared with those that replace them
INSERT INTO comparison (stream_id, term) VALUES (%(stream)s, %(term)s)
ON CONFLICT (stream_id) DO UPDATE SET term = excluded.term, other_set = NULL, place = NULL;

-- comparison --
-- Read how far the records of a stream have been compared
SELECT term, other_set, place FROM comparison WHERE stream_id = %(stream)s;

-- end_of_piece --
-- Find the last record of a piece of a set, if that is not the last one of all
SELECT place FROM record WHERE set_id = %(set)s AND place >= %(first)b
ORDER BY set_id, place LIMIT 1 OFFSET %(limit)s::bigint - 1;

-- keep_differing --
-- Add to the orphans what a piece of a set has and another set has not, unless the log has told of it
INSERT INTO orphan (stream_id, term, place, value)
SELECT %(stream)s, %(term)s, place, value
FROM (
    SELECT place, value FROM record WHERE set_id = %(set)s AND place >= %(first)b
    ORDER BY set_id, place LIMIT %(limit)s
) AS ours
WHERE NOT EXISTS (
        SELECT 1 FROM record AS other
        WHERE other.set_id = %(other_set)s AND other.place = ours.place AND other.value = ours.value
    )
    AND NOT EXISTS (SELECT 1 FROM repair WHERE stream_id = %(stream)s AND repair.place = ours.place)
ORDER BY place
ON CONFLICT (stream_id, term, place) WHERE position IS NULL DO NOTHING;

-- note_compared --
-- Note how far the records of a stream have been compared
UPDATE comparison SET other_set = %(other_set)s, place = %(place)b WHERE stream_id = %(stream)s;

-- forget_comparison --
-- Compare the records of a stream no more
DELETE FROM comparison WHERE stream_id = %(stream)s;
