-- hold_generation --
-- Find a generation that has the lease; no row if another one has it
SELECT generation FROM lease WHERE generation = :generation;

-- lock_lease --
-- Read the lease inside the transaction that may take it
SELECT holder, generation, expires_at, expires_at - :now FROM lease;

-- first_lease --
-- Take the lease that nobody ever had
INSERT INTO lease (holder, generation, expires_at) VALUES (:holder, 1, :now + :seconds)
RETURNING holder, generation, expires_at;

-- take_lease --
-- Take the lease with the next generation
UPDATE lease SET holder = :holder, generation = generation + 1, expires_at = :now + :seconds
RETURNING holder, generation, expires_at;

-- renew_lease --
-- Extend the lease unless another generation has it
UPDATE lease SET expires_at = :now + :seconds WHERE generation = :generation
RETURNING holder, generation, expires_at;

-- release_lease --
-- Let the lease expire now unless another generation has it
UPDATE lease SET expires_at = min(expires_at, :now) WHERE generation = :generation;

-- raise_generation --
-- Overtake whoever has the lease, and let it expire now
UPDATE lease SET generation = max(generation + 1, :at_least), expires_at = min(expires_at, :now);

-- current_lease --
-- Read the lease unless it has expired
SELECT holder, generation, expires_at FROM lease WHERE expires_at > :now;
