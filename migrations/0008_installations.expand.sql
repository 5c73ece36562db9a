-- Where passes are installed and how people came to them; and passes that are voided before they are erased.

ALTER TABLE pass
    ADD COLUMN registrations_total integer NOT NULL DEFAULT 0 CHECK (registrations_total >= 0); -- ever, by all wallets

-- No movement changes voided_at, so that a new revision stays a cheap (HOT) update.
CREATE INDEX pass_voided ON pass (tenant_id, voided_at) WHERE voided_at IS NOT NULL;

CREATE TABLE pass_installation (
    tenant_id text NOT NULL,
    provider text NOT NULL CHECK (provider IN ('apple', 'google')),
    device_id text NOT NULL CHECK (length(device_id) BETWEEN 1 AND 200),
    pass_id text NOT NULL,
    sealed_push_token bytea, -- null: this wallet needs none, or the device has given the pass up
    source jsonb NOT NULL, -- how its holder came to it: {tags, medium, origin, userAgent}
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL, -- when the device registered last
    removed_at timestamptz,
    PRIMARY KEY (tenant_id, provider, device_id, pass_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_installation_pass ON pass_installation (tenant_id, pass_id);

CREATE TABLE pass_source (
    tenant_id text NOT NULL,
    pass_id text NOT NULL,
    source_id uuid NOT NULL, -- rises with time
    source jsonb NOT NULL,
    downloaded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pass_id, source_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_source_downloaded ON pass_source (tenant_id, downloaded_at);

-- What Apple's devices were last given of a pass, so that its date of change rises exactly when its content changes.
CREATE TABLE apple_copy (
    tenant_id text NOT NULL,
    pass_id text NOT NULL,
    content_hash text NOT NULL,
    modified_at timestamptz NOT NULL, -- whole seconds, as HTTP tells them
    PRIMARY KEY (tenant_id, pass_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);

ALTER TABLE pass_installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE apple_copy ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON pass_installation TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_source TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON apple_copy TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON pass_installation, pass_source TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON apple_copy TO guerdon_app;
