-- Signed checkpoints of the ledger: what every account had come to, so that no chain can be rewritten from its start.
-- A checkpoint has a leaf for each account that moved since the one before, and names the one before; together they
-- cover everything, and one costs no more than what moved.

CREATE TABLE ledger_checkpoint (
    tenant_id text NOT NULL,
    checkpoint_id bigint NOT NULL CHECK (checkpoint_id > 0), -- rises by one
    taken_at timestamptz NOT NULL,
    accounts bigint NOT NULL CHECK (accounts >= 0), -- with at least one entry, since the beginning
    entries bigint NOT NULL CHECK (entries >= 0), -- since the beginning
    leaves bigint NOT NULL CHECK (leaves >= 0), -- accounts that moved since the checkpoint before
    root bytea NOT NULL CHECK (length(root) = 32),
    previous bytea NOT NULL CHECK (length(previous) = 32),
    key_id text NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (tenant_id, checkpoint_id)
);

-- No foreign key: the leaves come first, page by page, and the checkpoint that signs them last.
CREATE TABLE ledger_checkpoint_leaf (
    tenant_id text NOT NULL,
    account_id uuid NOT NULL,
    checkpoint_id bigint NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant_id, account_id, checkpoint_id)
);
CREATE INDEX ledger_checkpoint_leaf_order ON ledger_checkpoint_leaf (tenant_id, checkpoint_id, account_id);

ALTER TABLE ledger_checkpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_checkpoint_leaf ENABLE ROW LEVEL SECURITY;

CREATE POLICY one_tenant ON ledger_checkpoint TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON ledger_checkpoint_leaf TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));

GRANT SELECT, INSERT ON ledger_checkpoint TO guerdon_app;
GRANT SELECT, INSERT ON ledger_checkpoint_leaf TO guerdon_app;

-- One entry opens at most one lot; also how verification finds the lot of an entry.
CREATE UNIQUE INDEX ledger_lot_entry ON ledger_lot (tenant_id, account_id, opened_seq);
