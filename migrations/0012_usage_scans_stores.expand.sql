-- Scans of passes, the places of a tenant, and what its passes come to, counted with what happens to them.

-- A value that was scanned is looked for among all identifiers, whatever their names.
CREATE INDEX pass_identifier_value ON pass_identifier (tenant_id, value);

CREATE TABLE pass_scan (
    tenant_id text NOT NULL,
    scan_id uuid NOT NULL, -- later ones sort after earlier ones
    pass_id text NOT NULL,
    type text NOT NULL CHECK (type IN (
        'manual', 'text', 'qrcode', 'pdf417', 'aztec', 'code128', 'code39', 'codabar', 'ean8', 'ean13', 'itf14', 'upca',
        'datamatrix', 'nfc')),
    actor text NOT NULL,
    scanned_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scan_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_scan_pass ON pass_scan (tenant_id, pass_id, scan_id);

-- One count is kept in several rows, so that many passes made at once do not wait for one row; their sum is the count.
CREATE TABLE pass_usage (
    tenant_id text NOT NULL,
    day date NOT NULL, -- in UTC
    pass_type text NOT NULL,
    provider text NOT NULL CHECK (provider IN ('', 'apple', 'google')), -- empty: of the pass itself
    what text NOT NULL CHECK (what IN (
        'created', 'deleted', 'installed', 'uninstalled', 'scanned', 'joined', 'left')), -- the last two: another pass type
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    count bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (tenant_id, day, pass_type, provider, what, shard)
) WITH (fillfactor = 70);

INSERT INTO pass_usage (tenant_id, day, pass_type, provider, what, shard, count)
SELECT tenant_id, (created_at AT TIME ZONE 'UTC')::date, pass_type, '', 'created', 0, count(*)
  FROM pass GROUP BY 1, 2, 3;
INSERT INTO pass_usage (tenant_id, day, pass_type, provider, what, shard, count)
SELECT p.tenant_id, (d.installed_at AT TIME ZONE 'UTC')::date, p.pass_type, d.provider, 'installed', 0, sum(d.devices)
  FROM pass p
 CROSS JOIN LATERAL (VALUES ('apple', p.apple_installed_at, p.apple_devices),
                            ('google', p.google_installed_at, p.google_devices)) AS d (provider, installed_at, devices)
 WHERE d.installed_at IS NOT NULL AND d.devices > 0
 GROUP BY 1, 2, 3, 4;

CREATE TABLE store (
    tenant_id text NOT NULL,
    store_id text NOT NULL CHECK (length(store_id) BETWEEN 1 AND 64 AND store_id !~ '[^A-Za-z0-9_-]'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    address jsonb NOT NULL, -- street, postalCode, city, region, country
    latitude numeric CHECK (latitude BETWEEN -90 AND 90),
    longitude numeric CHECK (longitude BETWEEN -180 AND 180),
    opening_hours jsonb,
    tags text[] NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, store_id),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);

ALTER TABLE pass_scan ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE store ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON pass_scan TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_usage TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON store TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, DELETE ON pass_scan TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON pass_usage TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON store TO guerdon_app;
