-- What all passes of a tenant are made from besides themselves (its files, its secrets) has a revision of its own, so that one look tells
-- whether a pass that was built is still the pass that would be built.
ALTER TABLE tenant ADD COLUMN revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0);
