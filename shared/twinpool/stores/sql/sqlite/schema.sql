-- version_table --
-- Look for the table that tells the version of the schema
SELECT name FROM sqlite_schema WHERE type = 'table' AND name = :table;

-- schema_version --
-- Read the version of the schema
SELECT version_num FROM schema_version;

-- check --
-- Write what changes nothing, for that has to reach the disk all the same
UPDATE schema_version SET version_num = version_num;
