-- The rows of members name passes that are there: those of a voided pass go when it is voided. So a search can count and
-- order passes by such rows alone. What an older release voids meanwhile keeps its rows until it is erased, a day later.
DELETE FROM pass_metadata m USING pass p
 WHERE p.voided_at IS NOT NULL AND m.tenant_id = p.tenant_id AND m.pass_id = p.pass_id;
