-- try_copy_lock --
-- Let one session at a time make throw-away copies of this database
SELECT pg_try_advisory_lock(hashtextextended('twinpool drill', 0));

-- this_database --
-- Name the database of this session
SELECT current_database();

-- copies_of_this_database --
-- Name the copies that a crash has left, by what they say of themselves
SELECT datname FROM pg_database
WHERE shobj_description(oid, 'pg_database') = 'twinpool drill of ' || current_database();

-- unbound_setting --
-- Take a time limit off, where the server has it
SELECT set_config(name, '0', false) FROM pg_settings WHERE name = %(setting)s;

-- tables_to_copy --
-- Name all tables but the one that tells the version of the schema
SELECT tablename FROM pg_tables
WHERE schemaname = current_schema() AND tablename <> %(version_table)s ORDER BY tablename;

-- sequences --
-- Name all sequences with the number last drawn, NULL where none was
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY sequencename;

-- set_sequence --
-- Go on behind a number
SELECT setval(%(sequence)s::regclass, %(last)s);
