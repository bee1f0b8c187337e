-- append_change_sets --
-- Log a change set; run with many
INSERT INTO change_set (stream_id, position, committed_at, change_count, changes_through, bytes_through, payload)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- move_head --
-- Note how far a log goes, in the transaction that appended to it
UPDATE stream SET head = :head, changes_through = :changes_through, bytes_through = :bytes_through
WHERE stream_id = :stream;

-- head --
-- Read the newest position that is or was in the log
SELECT head FROM stream WHERE home = :home AND module = :module;

-- oldest --
-- Read up to where the log was pruned
SELECT pruned_to FROM stream WHERE home = :home AND module = :module;

-- bounds --
-- Read up to where the log was pruned, and the newest position that is or was in it
SELECT pruned_to, head FROM stream WHERE home = :home AND module = :module;

-- collect --
-- Read change sets behind a position; the reader stops at its limit of bytes
SELECT position, committed_at, change_count, payload FROM change_set
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module)
    AND position > :after
ORDER BY position LIMIT :max_changes;

-- pending --
-- Subtract what the log has held up to a position from what it has held up to its head
SELECT
    changes_through - coalesce(
        (SELECT changes_through FROM change_set AS seen WHERE seen.stream_id = stream.stream_id AND position = :after),
        changes_pruned
    ),
    bytes_through - coalesce(
        (SELECT bytes_through FROM change_set AS seen WHERE seen.stream_id = stream.stream_id AND position = :after),
        bytes_pruned
    ),
    (
        SELECT committed_at FROM change_set AS waiting
        WHERE waiting.stream_id = stream.stream_id AND position > :after ORDER BY position LIMIT 1
    )
FROM stream WHERE home = :home AND module = :module AND head > :after;

-- log_size --
-- Tell how much payload a log holds
SELECT bytes_through - bytes_pruned FROM stream WHERE home = :home AND module = :module;

-- prunable --
-- Find the last of the oldest change sets that may go, and what the log has held up to it
SELECT stream_id, position, changes_through, bytes_through FROM change_set
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module)
    AND position = (
        SELECT min(head, :up_to, pruned_to + :limit) FROM stream WHERE home = :home AND module = :module
    );

-- prune --
-- Delete the oldest change sets up to a position
DELETE FROM change_set WHERE stream_id = :stream AND position <= :up_to;

-- note_pruned --
-- Note how far a log was pruned, in the transaction that did it
UPDATE stream SET pruned_to = :up_to, changes_pruned = :changes, bytes_pruned = :bytes WHERE stream_id = :stream;
