-- examine --
-- Read the settings that durability hangs on, the size, and the version of the schema
SELECT
    current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
    current_setting('full_page_writes'), pg_database_size(current_database()),
    (SELECT version_num FROM schema_version);
