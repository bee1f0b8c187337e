-- What `write_group` does, for what is written most often: puts of one stream alone. It is one journey with as few
-- statements in it as can be, for each costs the server more than what it does; what is no query is an expression.
--
-- The order matters as it does there: the transaction's id is taken before any position (see `gaps`), and the home is
-- read by a statement that begins after its lock was granted, so it sees the mode that a change has just left behind.
CREATE FUNCTION write_stream(
    own_pool text,
    home_lock bigint,
    into_stream integer,
    places bytea[],
    contents bytea[],
    counts integer[],
    payloads bytea[]
) RETURNS TABLE (logged_position bigint, logged_at double precision, in_term bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    own_id text := pg_current_xact_id()::text;
    locked text := pg_advisory_xact_lock_shared(home_lock)::text;
    positions regclass := 'position_of_' || into_stream;
    into_set integer;
    served_in bigint;
BEGIN
    SELECT stream.record_set, home.term INTO into_set, served_in
    FROM stream JOIN home ON home.name = stream.home
    WHERE stream.stream_id = into_stream AND home.serving_pool = own_pool AND home.mode = 'read-write';
    IF into_set IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO record (set_id, place, value)
    SELECT into_set, put.place, put.content FROM unnest(places, contents) AS put (place, content)
    ON CONFLICT (set_id, place) DO UPDATE SET value = excluded.value;
    RETURN QUERY
    INSERT INTO change_set (stream_id, position, committed_at, change_count, byte_count, payload)
    SELECT
        into_stream,
        nextval(positions),
        date_part('epoch', clock_timestamp()),
        committed.changes,
        octet_length(committed.body),
        committed.body
    FROM unnest(counts, payloads) AS committed (changes, body)
    RETURNING position, committed_at, served_in;
END
$$;
