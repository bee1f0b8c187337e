-- hold_audit_head --
-- Read where the audit log ends, and let nobody else append until we have
SELECT number, hash FROM audit_head WHERE one = 1;

-- append_audit --
-- Append an entry
INSERT INTO audit (number, body, hash) VALUES (:number, :body, :hash);

-- move_audit_head --
-- Note where the audit log ends now
UPDATE audit_head SET number = :number, hash = :hash WHERE one = 1;

-- audit_head --
-- Read where the audit log ends
SELECT number, hash FROM audit_head WHERE one = 1;

-- audit_entries --
-- Read entries above a number
SELECT number, body, hash FROM audit WHERE number > :after ORDER BY number LIMIT :limit;
