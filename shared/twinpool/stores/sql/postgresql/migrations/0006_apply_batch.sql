-- Applies a batch where everything is as it has to be: the generation holds the lease, the session is the one noted,
-- and the cursor stands where the batch begins. Says whether it was; if not, nothing is done, and the store does it step
-- by step to learn what is wrong. It is one journey, for each costs a small batch more than what it writes.
--
-- Everybody locks in this order: lease, home, import. A row that had to be waited for is judged as it was left.
CREATE FUNCTION apply_batch(
    own_generation bigint,
    of_stream integer,
    of_term bigint,
    of_generation bigint,
    of_number bigint,
    begins_after bigint,
    ends_at bigint,
    places bytea[],
    contents bytea[],
    gone bytea[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    into_set integer;
BEGIN
    PERFORM FROM lease WHERE generation = own_generation FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM FROM import_progress
    WHERE stream_id = of_stream AND cursor_position = begins_after
        AND session_term = of_term AND session_generation = of_generation AND session_number = of_number
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT record_set INTO into_set FROM stream WHERE stream_id = of_stream;
    IF cardinality(places) > 0 THEN
        INSERT INTO record (set_id, place, value)
        SELECT into_set, put.place, put.content FROM unnest(places, contents) AS put (place, content)
        ON CONFLICT (set_id, place) DO UPDATE SET value = excluded.value;
    END IF;
    IF cardinality(gone) > 0 THEN
        DELETE FROM record WHERE ctid = ANY (ARRAY(
            SELECT (
                SELECT ctid FROM record WHERE set_id = into_set AND place = missing.place
            ) FROM unnest(gone) AS missing (place)
        ));
    END IF;
    UPDATE import_progress
    SET cursor_term = of_term, cursor_position = ends_at, imported_at = date_part('epoch', clock_timestamp())
    WHERE stream_id = of_stream;
    RETURN true;
END
$$;
