-- A tenant that was made to be tested, and never becomes anything else, may have a clock that stands until it is advanced.
ALTER TABLE tenant ADD COLUMN is_sandbox boolean NOT NULL DEFAULT false;

-- Where the clock of a tenant stands, and its last advance: from where to where, and how much fell due on the way.
CREATE TABLE tenant_clock (
    tenant_id text PRIMARY KEY REFERENCES tenant,
    now_at timestamptz NOT NULL,
    advance_id uuid,
    from_at timestamptz,
    to_at timestamptz,
    posted bigint CHECK (posted >= 0),
    state text CHECK (state IN ('running', 'done', 'cancelled')),
    actor text,
    CHECK (num_nulls(advance_id, from_at, to_at, posted, state, actor) IN (0, 6)),
    CHECK (now_at BETWEEN from_at AND to_at)
);

ALTER TABLE tenant_clock ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON tenant_clock TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE ON tenant_clock TO guerdon_app;

-- Every process asks which clocks stand, and where.
GRANT SELECT (tenant_id, now_at) ON tenant_clock TO guerdon_worker;
CREATE POLICY every_clock ON tenant_clock FOR SELECT TO guerdon_worker USING (true);
