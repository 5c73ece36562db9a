-- Passes can be listed by what they say and by where they are installed: members of their metadata as rows of their own,
-- and on the pass itself what its installations come to.

ALTER TABLE pass
    ADD COLUMN apple_installed_at timestamptz, -- the first installation; stays when it is removed
    ADD COLUMN google_installed_at timestamptz,
    ADD COLUMN apple_devices integer NOT NULL DEFAULT 0 CHECK (apple_devices >= 0), -- that hold it now
    ADD COLUMN google_devices integer NOT NULL DEFAULT 0 CHECK (google_devices >= 0),
    ADD COLUMN voided_at timestamptz;

-- No index names a column that changes with every movement, so that a new revision stays a cheap (HOT) update.
CREATE INDEX pass_created ON pass (tenant_id, created_at, pass_id);
CREATE INDEX pass_of_type ON pass (tenant_id, pass_type, created_at, pass_id);
CREATE INDEX pass_apple ON pass (tenant_id, apple_installed_at, pass_id) WHERE apple_installed_at IS NOT NULL;
CREATE INDEX pass_google ON pass (tenant_id, google_installed_at, pass_id) WHERE google_installed_at IS NOT NULL;

CREATE TABLE pass_metadata (
    tenant_id text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    value text COLLATE "C" NOT NULL, -- texts as they are, other scalars as JSON prints them, cut to 500 characters
    number numeric, -- of a number, so that 9 is less than 10
    pass_id text NOT NULL,
    PRIMARY KEY (tenant_id, name, value, pass_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_metadata_number ON pass_metadata (tenant_id, name, number, pass_id) WHERE number IS NOT NULL;
CREATE INDEX pass_metadata_pass ON pass_metadata (tenant_id, pass_id);

INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
SELECT p.tenant_id, m.key, left(m.value #>> '{}', 500),
       CASE WHEN jsonb_typeof(m.value) = 'number' THEN (m.value #>> '{}')::numeric END, p.pass_id
  FROM pass p, jsonb_each(p.metadata) AS m
 WHERE jsonb_typeof(m.value) IN ('string', 'number', 'boolean') AND length(m.key) BETWEEN 1 AND 100;

ALTER TABLE pass_metadata ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON pass_metadata TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON pass_metadata TO guerdon_app;
