-- In whose days and months a tenant's reports count.
ALTER TABLE tenant ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC' CHECK (length(time_zone) BETWEEN 1 AND 64);
