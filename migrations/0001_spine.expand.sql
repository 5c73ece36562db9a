-- The spine: tenants, access, idempotency, events, the ledger, passes and privileges.
-- Every tenant table begins with tenant_id and is closed by row-level security to all but the tenant that the
-- transaction names (SET LOCAL app.tenant_id); the application's role owns nothing and cannot bypass it.
--
-- The tables that every movement writes have no foreign key to tenant (nor the entry to its account): each insert
-- would lock the one tenant row in share mode, and all tills of a tenant would queue at that row's lock list.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guerdon_app') THEN
        CREATE ROLE guerdon_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
    EXECUTE format('GRANT guerdon_app TO %I', current_user);
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- two databases of one server were migrated at the same instant
END
$$;

GRANT USAGE ON SCHEMA public TO guerdon_app;

CREATE TABLE tenant (
    tenant_id text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('onboarding', 'active', 'disabled')),
    default_language text NOT NULL DEFAULT 'en' CHECK (default_language ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    requests_per_minute integer CHECK (requests_per_minute > 0),
    created_at timestamptz NOT NULL
);

CREATE TABLE tenant_secret (
    tenant_id text NOT NULL REFERENCES tenant,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE tenant_file (
    tenant_id text NOT NULL REFERENCES tenant,
    path text NOT NULL CHECK (length(path) BETWEEN 1 AND 200),
    version integer NOT NULL CHECK (version > 0),
    content bytea, -- null: the file was removed by this version
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (tenant_id, path, version)
);

CREATE TABLE api_key (
    tenant_id text NOT NULL REFERENCES tenant,
    key_id text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    digest bytea NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, key_id)
);

CREATE TABLE idempotency (
    tenant_id text NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    status smallint,
    media_type text,
    location text,
    body bytea,
    created_at timestamptz NOT NULL,
    kept_until timestamptz, -- null: for ever, as for every movement of value
    PRIMARY KEY (tenant_id, idempotency_key)
);
CREATE INDEX idempotency_kept_until ON idempotency (tenant_id, kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE event (
    tenant_id text NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    payload jsonb NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    -- Readers stay below the oldest transaction still under way, so that none skips an event that commits late.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id, transaction_id, event_id)
);

CREATE TABLE ledger_account (
    tenant_id text NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('privilege', 'wallet')),
    owner_id text NOT NULL,
    subject_id text NOT NULL,
    value bigint NOT NULL CHECK (value BETWEEN -1000000000000000000 AND 1000000000000000000),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    seq bigint NOT NULL CHECK (seq >= 0),
    head bytea NOT NULL CHECK (length(head) = 32),
    has_lots boolean NOT NULL,
    value_min bigint,
    value_max bigint,
    opened_at timestamptz NOT NULL,
    moved_at timestamptz NOT NULL,
    closes_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (tenant_id, account_id),
    CHECK (NOT has_lots OR value - held >= 0)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX ledger_account_owner ON ledger_account (tenant_id, kind, owner_id) WHERE closed_at IS NULL;
CREATE INDEX ledger_account_closes ON ledger_account (tenant_id, closes_at)
    WHERE closes_at IS NOT NULL AND closed_at IS NULL;

CREATE TABLE ledger_entry (
    tenant_id text NOT NULL,
    account_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    kind text NOT NULL CHECK (kind IN ('move', 'earn', 'spend', 'return', 'expire', 'hold', 'capture', 'release')),
    amount bigint NOT NULL CHECK (amount BETWEEN -1000000000000000000 AND 1000000000000000000),
    held_change bigint NOT NULL DEFAULT 0,
    value_after bigint NOT NULL,
    movement_id text NOT NULL CHECK (movement_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    reference_id text,
    remarks text CHECK (length(remarks) BETWEEN 1 AND 500),
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz, -- when it happened outside, for history that was brought in; null: when it was recorded
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, account_id, seq),
    CHECK (kind <> 'move' OR amount <> 0)
);
CREATE UNIQUE INDEX ledger_entry_movement ON ledger_entry (tenant_id, movement_id);
CREATE INDEX ledger_entry_reference ON ledger_entry (tenant_id, account_id, reference_id)
    WHERE reference_id IS NOT NULL;

CREATE TABLE ledger_lot (
    tenant_id text NOT NULL,
    lot_id uuid NOT NULL,
    account_id uuid NOT NULL,
    opened_seq bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    remaining bigint NOT NULL CHECK (remaining BETWEEN 0 AND amount),
    unit_price bigint NOT NULL DEFAULT 0 CHECK (unit_price >= 0),
    opened_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, lot_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_account
) WITH (fillfactor = 70);
CREATE INDEX ledger_lot_account ON ledger_lot (tenant_id, account_id, expires_at, opened_at, lot_id);

CREATE TABLE ledger_allocation (
    tenant_id text NOT NULL,
    account_id uuid NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    lot_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (tenant_id, account_id, seq, ordinal),
    FOREIGN KEY (tenant_id, account_id, seq) REFERENCES ledger_entry,
    FOREIGN KEY (tenant_id, lot_id) REFERENCES ledger_lot
);

CREATE TABLE ledger_hold (
    tenant_id text NOT NULL,
    hold_id text NOT NULL, -- the movement id of the entry that opened it
    account_id uuid NOT NULL,
    opened_seq bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    opened_at timestamptz NOT NULL,
    expires_at timestamptz,
    closed_seq bigint CHECK (closed_seq > opened_seq),
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_account
);
CREATE INDEX ledger_hold_account ON ledger_hold (tenant_id, account_id, expires_at) WHERE closed_seq IS NULL;

CREATE TABLE pass (
    tenant_id text NOT NULL,
    pass_id text NOT NULL CHECK (pass_id ~ '^[A-Za-z0-9_-]{5,50}$'),
    pass_type text NOT NULL,
    sealed_secret bytea NOT NULL,
    identifiers jsonb NOT NULL,
    identity bytea, -- digest of type and identifiers; null when there are none, so that each create makes a pass
    metadata jsonb NOT NULL,
    additional_data jsonb NOT NULL,
    revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pass_id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX pass_identity ON pass (tenant_id, identity);

CREATE TABLE pass_identifier (
    tenant_id text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 500),
    pass_id text NOT NULL,
    PRIMARY KEY (tenant_id, name, value, pass_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_identifier_pass ON pass_identifier (tenant_id, pass_id);

CREATE TABLE privilege (
    tenant_id text NOT NULL,
    privilege_id text NOT NULL CHECK (length(privilege_id) BETWEEN 1 AND 200),
    pass_id text NOT NULL,
    account_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN ('OneTime', 'Unlimited', 'MultiUse', 'Unlockable')),
    priority integer,
    body jsonb NOT NULL, -- the members that only describe: externalId, origin, categories, content, …
    data_content text CHECK (length(data_content) BETWEEN 1 AND 500),
    deletion_date timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, privilege_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass,
    FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_account
);
CREATE INDEX privilege_pass ON privilege (tenant_id, pass_id);
CREATE INDEX privilege_deletion ON privilege (tenant_id, deletion_date) WHERE deletion_date IS NOT NULL;

CREATE TABLE pass_notification (
    tenant_id text NOT NULL,
    notification_id uuid NOT NULL,
    pass_id text NOT NULL,
    content text,
    localized_content jsonb,
    update_data boolean NOT NULL,
    correlation_id text,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, notification_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE INDEX pass_notification_pass ON pass_notification (tenant_id, pass_id);

-- What another room may read of the ledger: values and movements, under names that stay.
CREATE VIEW ledger_balance WITH (security_invoker = true) AS
SELECT tenant_id, account_id, kind, owner_id, subject_id, value, held, seq AS version, moved_at, closes_at, closed_at
  FROM ledger_account;
CREATE VIEW ledger_movement WITH (security_invoker = true) AS
SELECT tenant_id, account_id, seq, kind, amount, value_after, movement_id, remarks, recorded_at,
       coalesce(occurred_at, recorded_at) AS occurred_at
  FROM ledger_entry;

ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_lot ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_allocation ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_identifier ENABLE ROW LEVEL SECURITY;
ALTER TABLE privilege ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_notification ENABLE ROW LEVEL SECURITY;

CREATE POLICY one_tenant ON tenant TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON tenant_secret TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON tenant_file TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON api_key TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON idempotency TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON event TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_account TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_entry TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_lot TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_allocation TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_hold TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_identifier TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON privilege TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_notification TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));

-- Grants say who may alter what: entries, allocations, events and file versions are only ever appended.
GRANT SELECT, UPDATE ON tenant TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_secret TO guerdon_app;
GRANT SELECT, INSERT ON tenant_file TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON api_key TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO guerdon_app;
GRANT SELECT, INSERT ON event TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON ledger_account TO guerdon_app;
GRANT SELECT, INSERT ON ledger_entry TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON ledger_lot TO guerdon_app;
GRANT SELECT, INSERT ON ledger_allocation TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON ledger_hold TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON pass TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON pass_identifier TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON privilege TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON pass_notification TO guerdon_app;
GRANT SELECT ON ledger_balance, ledger_movement TO guerdon_app;
