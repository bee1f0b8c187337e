-- hold_audit_head --
-- Read where the audit log ends, and let nobody else append until we have
SELECT number, hash FROM audit_head WHERE one = 1 FOR UPDATE;

-- append_audit --
-- Append an entry
INSERT INTO audit (number, body, hash) VALUES (%(number)s, %(body)s, %(hash)s);

-- move_audit_head --
-- Note where the audit log ends now
UPDATE audit_head SET number = %(number)s, hash = %(hash)s WHERE one = 1;

-- audit_head --
-- Read where the audit log ends
SELECT number, hash FROM audit_head WHERE one = 1;

-- audit_entries --
-- Read entries above a number
SELECT number, body, hash FROM audit WHERE number > %(after)s ORDER BY number LIMIT %(limit)s;
