-- What a search compares can be looked up in an index by a role that row-level security binds: there, only operators
-- that leak nothing (those of text and of double precision, not of numeric) reach an index.

-- squawk-ignore changing-column-type
ALTER TABLE pass_metadata ALTER COLUMN number TYPE double precision
    USING least(greatest(round(number, 300), -1e308), 1e308)::double precision;
-- The beginning of a value is a range only where texts are ordered by their bytes.
-- squawk-ignore changing-column-type
ALTER TABLE pass_identifier ALTER COLUMN value TYPE text COLLATE "C";

-- A value belongs to one name, so that the two say less together than apart.
CREATE STATISTICS pass_metadata_member (dependencies, mcv) ON name, value FROM pass_metadata;
CREATE STATISTICS pass_identifier_member (dependencies, mcv) ON name, value FROM pass_identifier;
