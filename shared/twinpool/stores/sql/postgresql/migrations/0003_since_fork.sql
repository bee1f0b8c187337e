-- What the serving pool said of an orphan's record: whether it had changed it since the fork (NULL: it could not say,
-- or has not been asked), and if not, the fingerprint of its value (NULL: there was no record).
ALTER TABLE orphan ADD COLUMN changed boolean, ADD COLUMN fingerprint bytea;

-- Finds the orphans of one record.
CREATE INDEX orphan_of_record ON orphan (stream_id, place, number);
