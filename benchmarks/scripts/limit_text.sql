-- A text that may be absent, as the ledger's hashes cover it.
CREATE OR REPLACE FUNCTION bench_text(said text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN said IS NULL THEN '\xffffffff'::bytea
                ELSE int4send(octet_length(said)) || convert_to(said, 'UTF8') END
$$;
