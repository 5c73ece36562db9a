-- Roles are named sets of permissions; keys may name them, be switched off for a while, and be replaced with an overlap.

CREATE TABLE access_role (
    tenant_id text NOT NULL REFERENCES tenant,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    permissions text[] NOT NULL CHECK (cardinality(permissions) > 0),
    updated_at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

ALTER TABLE access_role ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON access_role TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON access_role TO guerdon_app;

ALTER TABLE api_key
    ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN disabled_at timestamptz, -- refused while it is set
    ADD COLUMN replaced_by text; -- the key that has its name now; this one is good until it expires

-- A key of roles needs no scopes of its own.
-- squawk-ignore ban-drop-constraint
ALTER TABLE api_key DROP CONSTRAINT api_key_scopes_check;
ALTER TABLE api_key
    ADD CONSTRAINT api_key_grants_something CHECK (cardinality(scopes) + cardinality(roles) > 0) NOT VALID;
-- Keys are few: looking at them all takes no time.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE api_key VALIDATE CONSTRAINT api_key_grants_something;
