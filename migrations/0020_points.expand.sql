-- Points: wallets, what is said of batches and operations, and the commands of the asynchronous writes. Value itself is in the
-- ledger alone: a batch is a lot, an operation is an entry, and these tables hold what surrounds them.

CREATE TABLE wallet (
    tenant_id text NOT NULL,
    wallet_id uuid NOT NULL,
    account_id uuid NOT NULL,
    attributes jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, wallet_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_account
);

CREATE TABLE wallet_batch (
    tenant_id text NOT NULL,
    batch_id uuid NOT NULL, -- the lot's id
    price bigint CHECK (price > 0), -- what was paid for the whole batch, in millionths; null: it was given
    order_id text CHECK (length(order_id) <= 64),
    description text CHECK (length(description) <= 32),
    venue text CHECK (length(venue) <= 255),
    extra jsonb NOT NULL,
    PRIMARY KEY (tenant_id, batch_id),
    FOREIGN KEY (tenant_id, batch_id) REFERENCES ledger_lot
);

CREATE TABLE wallet_operation (
    tenant_id text NOT NULL,
    operation_id uuid NOT NULL, -- the movement id of its entry
    wallet_id uuid NOT NULL,
    account_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('SPEND', 'CLAIM', 'CAPTURE')),
    order_id text CHECK (length(order_id) <= 64),
    venue text CHECK (length(venue) <= 255),
    extra jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, operation_id),
    FOREIGN KEY (tenant_id, account_id, seq) REFERENCES ledger_entry
);
CREATE UNIQUE INDEX wallet_operation_entry ON wallet_operation (tenant_id, account_id, seq);

CREATE TABLE wallet_hold (
    tenant_id text NOT NULL,
    hold_id uuid NOT NULL, -- the movement id of its entry
    wallet_id uuid NOT NULL,
    order_id text CHECK (length(order_id) <= 64),
    venue text CHECK (length(venue) <= 255),
    extra jsonb NOT NULL,
    PRIMARY KEY (tenant_id, hold_id)
);

CREATE TABLE wallet_command (
    tenant_id text NOT NULL,
    correlation_id uuid NOT NULL,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    subject_id text NOT NULL CHECK (length(subject_id) BETWEEN 1 AND 100), -- the id that the 202 answered
    state text NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'DONE', 'FAILED')),
    done bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    total bigint CHECK (total >= 0),
    problem jsonb, -- why it failed, as a problem document
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, correlation_id)
);

-- What is due: lots and holds whose time is over, whatever account they are on.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_lot_due ON ledger_lot (tenant_id, expires_at, account_id)
    WHERE NOT is_empty AND expires_at IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_hold_due ON ledger_hold (tenant_id, expires_at, account_id)
    WHERE closed_seq IS NULL AND expires_at IS NOT NULL;

-- What other rooms may read of lots, holds and allocations, under names that stay.
CREATE OR REPLACE VIEW ledger_movement WITH (security_invoker = true) AS
SELECT tenant_id, account_id, seq, kind, amount, value_after, movement_id, remarks, recorded_at,
       coalesce(occurred_at, recorded_at) AS occurred_at, reference_id, held_change, actor
  FROM ledger_entry;
CREATE VIEW ledger_lot_state WITH (security_invoker = true) AS
SELECT tenant_id, lot_id, account_id, opened_seq, amount, remaining, is_empty, unit_price, opened_at, expires_at
  FROM ledger_lot;
CREATE VIEW ledger_lot_change WITH (security_invoker = true) AS
SELECT tenant_id, account_id, seq, ordinal, lot_id, amount
  FROM ledger_allocation;
CREATE VIEW ledger_hold_state WITH (security_invoker = true) AS
SELECT tenant_id, hold_id, account_id, opened_seq, amount, opened_at, expires_at, closed_seq
  FROM ledger_hold;

ALTER TABLE wallet ENABLE ROW LEVEL SECURITY;
ALTER TABLE wallet_batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE wallet_operation ENABLE ROW LEVEL SECURITY;
ALTER TABLE wallet_hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE wallet_command ENABLE ROW LEVEL SECURITY;

CREATE POLICY one_tenant ON wallet TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON wallet_batch TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON wallet_operation TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON wallet_hold TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON wallet_command TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));

GRANT SELECT, INSERT, UPDATE, DELETE ON wallet TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON wallet_batch TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON wallet_operation TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON wallet_hold TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON wallet_command TO guerdon_app;
GRANT SELECT ON ledger_lot_state, ledger_lot_change, ledger_hold_state TO guerdon_app;
