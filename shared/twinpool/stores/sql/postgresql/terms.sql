-- find_home --
-- Read who serves a home
SELECT term, serving_pool, mode FROM home WHERE name = %(home)s;

-- history --
-- Read how the terms of a home began
SELECT term, module, serving_pool, position FROM term_beginning WHERE home = %(home)s ORDER BY home, term, module;

-- note_beginning --
-- Note how a term began; whoever tells of it last has it from the pool that serves
INSERT INTO term_beginning (home, term, module, serving_pool, position)
VALUES (%(home)s, %(term)s, %(module)s, %(serving_pool)s, %(position)s)
ON CONFLICT (home, term, module) DO UPDATE SET serving_pool = excluded.serving_pool, position = excluded.position;

-- turn_home --
-- Note who serves a home from now on
UPDATE home SET term = %(term)s, serving_pool = %(serving_pool)s, mode = %(mode)s WHERE name = %(home)s;

-- hold_streams --
-- Hold the streams of a home, so that none is pruned meanwhile
SELECT stream_id FROM stream WHERE home = %(home)s ORDER BY home, module FOR NO KEY UPDATE;

-- know_imports --
-- Make sure that there is a row about the import of each stream of a home
INSERT INTO import_progress (stream_id) SELECT stream_id FROM stream WHERE home = %(home)s
ON CONFLICT (stream_id) DO NOTHING;

-- hold_imports --
-- Hold the imports of a home's streams until the transaction has ended
SELECT import_progress.stream_id FROM stream JOIN import_progress USING (stream_id)
WHERE home = %(home)s ORDER BY home, module FOR UPDATE OF import_progress;

-- streams_of_home --
-- Read how far the logs and imports of a home's streams go
SELECT
    stream_id, module, record_set,
    greatest(
        pruned_to,
        (SELECT position FROM change_set WHERE stream_id = stream.stream_id ORDER BY position DESC LIMIT 1)
    ),
    pruned_to,
    session_term, session_generation, session_number, cursor_term, cursor_position,
    staged_set, staged_position, walked_to_owner, walked_to_key, settles_at
FROM stream JOIN import_progress USING (stream_id)
WHERE home = %(home)s ORDER BY home, module;

-- has_records --
-- Look whether there is any record in a set
SELECT EXISTS (SELECT 1 FROM record WHERE set_id = %(set)s);

-- cut_log --
-- Delete what a log holds above a position
DELETE FROM change_set WHERE stream_id = %(stream)s AND position > %(above)s;

-- begin_log --
-- Have an empty log begin behind a position, as another one than before
UPDATE stream SET pruned_to = %(position)s, log_number = log_number + 1 WHERE stream_id = %(stream)s;

-- renumber_log --
-- Have a log that was cut count as another one than before
UPDATE stream SET log_number = log_number + 1 WHERE stream_id = %(stream)s;

-- take_positions_from --
-- Have the next position be the one behind this. Outside of the transaction's protection, hence only where nobody
-- serves: what is rolled back leaves a sequence that the next beginning sets again
SELECT setval(
    ('position_of_' || %(stream)s::integer)::regclass,
    greatest(%(position)s::bigint, 1),
    %(position)s::bigint > 0
);

-- forget_ledgers --
-- Forget what was noted of all routes of a stream
DELETE FROM export_ledger WHERE stream_id = %(stream)s;

-- repairs --
-- Read records that wait for repair, behind one, unless all records of the stream are compared soon
SELECT place FROM repair
WHERE stream_id = %(stream)s AND place > %(after)b
    AND NOT EXISTS (SELECT 1 FROM comparison WHERE comparison.stream_id = %(stream)s)
ORDER BY stream_id, place LIMIT %(limit)s;

-- note_repairs --
-- Note that records wait for repair
INSERT INTO repair (stream_id, place) SELECT %(stream)s, place FROM unnest(%(places)b::bytea[]) AS touched (place)
ON CONFLICT (stream_id, place) DO NOTHING;

-- note_repaired --
-- Forget that records wait for repair; each is looked up by itself
DELETE FROM repair WHERE ctid = ANY (ARRAY(
    SELECT (
        SELECT ctid FROM repair WHERE stream_id = %(stream)s AND place = repaired.place
    ) FROM unnest(%(places)b::bytea[]) AS repaired (place)
));

-- forget_repairs --
-- Forget all records of a stream that wait for repair
DELETE FROM repair WHERE stream_id = %(stream)s;

-- hold_records --
-- Hold records, in order of their places, and read them; what is not there is put for the moment, with a mark as value
INSERT INTO record (set_id, place, value)
SELECT %(set)s, place, %(mark)b FROM unnest(%(places)b::bytea[]) AS touched (place)
ON CONFLICT (set_id, place) DO UPDATE SET value = record.value
RETURNING place, value;
