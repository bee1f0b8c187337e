-- save_operation --
-- Keep the newest state of an operation
INSERT INTO operation (name, document) VALUES (%(name)s, %(document)b)
ON CONFLICT (name) DO UPDATE SET document = excluded.document;

-- operation --
-- Read the newest state of an operation
SELECT document FROM operation WHERE name = %(operation)s;

-- operations --
-- Read all operations in order of their names
SELECT name, document FROM operation ORDER BY name;
