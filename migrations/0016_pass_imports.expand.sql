-- Imports: passes of another provider, taken in by a long job. The good rows of a file wait in sealed chunks, since they
-- hold the secrets of passes; a chunk goes in the transaction that makes passes of it.

CREATE TABLE pass_import (
    tenant_id text NOT NULL,
    import_id uuid NOT NULL, -- rises with time
    actor text NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    imported bigint NOT NULL DEFAULT 0 CHECK (imported >= 0),
    existing bigint NOT NULL DEFAULT 0 CHECK (existing >= 0),
    rejected bigint NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    started_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    PRIMARY KEY (tenant_id, import_id),
    CHECK (imported + existing + rejected <= total)
) WITH (fillfactor = 50);

CREATE TABLE pass_import_chunk (
    tenant_id text NOT NULL,
    import_id uuid NOT NULL,
    first_row bigint NOT NULL CHECK (first_row > 0), -- of its first row among the good ones
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, first_row),
    FOREIGN KEY (tenant_id, import_id) REFERENCES pass_import ON DELETE CASCADE
);

CREATE TABLE pass_import_error (
    tenant_id text NOT NULL,
    import_id uuid NOT NULL,
    line bigint NOT NULL CHECK (line > 0),
    serial text,
    mistakes jsonb NOT NULL, -- lists of texts by column
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES pass_import ON DELETE CASCADE
);

ALTER TABLE pass_import ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_import_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE pass_import_error ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON pass_import TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_import_chunk TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON pass_import_error TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON pass_import TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON pass_import_chunk TO guerdon_app; -- UPDATE: rows are locked while they are worked on
GRANT SELECT, INSERT, DELETE ON pass_import_error TO guerdon_app;

-- Whoever spends reads the lots with something in them, however many empty ones the wallet has seen. The predicate is a
-- column that changes only when a lot becomes empty or is filled again: an index on `remaining > 0` would be written anew by
-- every spending, since a change of a column that an index names, even in its predicate, touches all indexes of the row.
-- No lots have been written by a release yet, so that giving them a column takes no time.
-- squawk-ignore adding-field-with-default
ALTER TABLE ledger_lot ADD COLUMN is_empty boolean NOT NULL GENERATED ALWAYS AS (remaining = 0) STORED;
CREATE INDEX ledger_lot_filled ON ledger_lot (tenant_id, account_id, expires_at, opened_seq, lot_id) WHERE NOT is_empty;

-- Who asks for the events about one pass wants its movements too. A tree by subject would cost each movement a fifth more
-- processor time in the database and twice the log; summaries of blocks of pages, made once a block is full, cost nearly nothing, take a
-- hundredth of the room, and leave a search a few blocks to read. Other events than movements have a tree (event_subject).
CREATE INDEX event_subject_block ON event USING brin
    (tenant_id, subject_id text_bloom_ops (n_distinct_per_range = 2000, false_positive_rate = 0.001))
    WITH (pages_per_range = 64, autosummarize = on);
