-- Webhooks: who is told of events, what is still to be told, and how each attempt went.

CREATE TABLE webhook (
    tenant_id text NOT NULL REFERENCES tenant,
    webhook_id text NOT NULL,
    endpoint text NOT NULL CHECK (length(endpoint) BETWEEN 1 AND 2048),
    patterns text[] NOT NULL CHECK (cardinality(patterns) BETWEEN 1 AND 50),
    description text CHECK (length(description) BETWEEN 1 AND 500),
    state text NOT NULL CHECK (state IN ('enabled', 'disabled', 'paused')),
    reason text, -- why it was paused
    secret bytea NOT NULL, -- sealed
    previous_secret bytea, -- sealed; signs too until previous_until
    previous_until timestamptz,
    seen_transaction_id xid8 NOT NULL, -- the last event that became a delivery or was passed over
    seen_event_id uuid NOT NULL,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0), -- in a row
    failing_since timestamptz, -- the first of them
    held_until timestamptz, -- after many failures in a row, nothing is sent before
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id),
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
) WITH (fillfactor = 70);

-- An event that a webhook is still to be told of; the row goes when it was told, or given up.
CREATE TABLE webhook_delivery (
    tenant_id text NOT NULL,
    webhook_id text NOT NULL,
    transaction_id xid8 NOT NULL,
    event_id uuid NOT NULL,
    subject_id text NOT NULL, -- of one subject, the earliest goes first and alone
    number integer NOT NULL DEFAULT 0, -- of the last attempt, for ever
    tries integer NOT NULL DEFAULT 0, -- failed ones since it was put here, which the backoff counts
    due_at timestamptz NOT NULL,
    expires_at timestamptz, -- three days after the first failure
    claim uuid, -- who sends it now
    claimed_until timestamptz, -- a sender that died loses it then
    PRIMARY KEY (tenant_id, webhook_id, transaction_id, event_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE,
    CHECK ((claim IS NULL) = (claimed_until IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, webhook_id, due_at);
CREATE INDEX webhook_delivery_subject
    ON webhook_delivery (tenant_id, webhook_id, subject_id, transaction_id, event_id);

CREATE TABLE webhook_attempt (
    tenant_id text NOT NULL,
    webhook_id text NOT NULL,
    attempt_id uuid NOT NULL,
    transaction_id xid8 NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'givenUp')),
    status smallint,
    error text,
    duration_ms integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id, attempt_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE
);
CREATE INDEX webhook_attempt_age ON webhook_attempt (tenant_id, attempted_at);

ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON webhook TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook TO guerdon_app;

ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON webhook_delivery TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_delivery TO guerdon_app;

ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON webhook_attempt TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_attempt TO guerdon_app;

-- The worker asks whose webhooks there are, and may read no more than that.
GRANT SELECT (tenant_id, state) ON webhook TO guerdon_worker;
CREATE POLICY every_name ON webhook FOR SELECT TO guerdon_worker USING (true);
