-- declare_home --
-- Note a home unless it is known
INSERT INTO home (name, term, serving_pool, mode) VALUES (:home, :term, :serving_pool, :mode)
ON CONFLICT (name) DO NOTHING;

-- homes --
-- Read all homes in order
SELECT name, term, serving_pool, mode FROM home ORDER BY name;

-- find_home --
-- Read who serves a home
SELECT term, serving_pool, mode FROM home WHERE name = :home;

-- set_mode --
-- Change a home's mode
UPDATE home SET mode = :mode WHERE name = :home;
