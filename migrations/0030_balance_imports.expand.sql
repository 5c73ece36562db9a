-- Balances are brought in from a file as passes are. An import is of passes or of balances from here on; the tables of imports keep
-- the names that they got while there were passes only. What the file says of each lot stays beside the import, so that the ledger can be
-- held against it for as long as the import is kept.

-- squawk-ignore adding-field-with-default
ALTER TABLE pass_import ADD COLUMN kind text NOT NULL DEFAULT 'passes' CHECK (kind IN ('passes', 'balances'));

-- Amounts are millionths of points, money is millionths of points times millionths of a price: sums of a million rows leave 64 bits.
CREATE TABLE balance_import (
    tenant_id text NOT NULL,
    import_id uuid NOT NULL,
    wallets bigint NOT NULL CHECK (wallets >= 0), -- that the rows name
    wallets_opened bigint NOT NULL DEFAULT 0 CHECK (wallets_opened >= 0),
    said_rows bigint NOT NULL CHECK (said_rows >= 0), -- of the file, those left out not counted
    said_amount numeric NOT NULL CHECK (said_amount >= 0),
    said_money numeric NOT NULL CHECK (said_money >= 0),
    posted_rows bigint NOT NULL DEFAULT 0 CHECK (posted_rows >= 0), -- as the ledger has them
    posted_amount numeric NOT NULL DEFAULT 0 CHECK (posted_amount >= 0),
    posted_money numeric NOT NULL DEFAULT 0 CHECK (posted_money >= 0),
    left_out_amount numeric NOT NULL CHECK (left_out_amount >= 0), -- of rows whose amount can be read
    without_amount bigint NOT NULL CHECK (without_amount >= 0), -- rows left out whose amount cannot
    expired_rows bigint NOT NULL CHECK (expired_rows >= 0), -- rows left out since their lots were over
    expired_amount numeric NOT NULL CHECK (expired_amount >= 0),
    PRIMARY KEY (tenant_id, import_id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES pass_import ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE TABLE balance_import_row (
    tenant_id text NOT NULL,
    import_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    line bigint NOT NULL CHECK (line > 0),
    amount bigint NOT NULL CHECK (amount > 0),
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    PRIMARY KEY (tenant_id, import_id, wallet_id, batch_id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES pass_import ON DELETE CASCADE
);

ALTER TABLE wallet_batch
    ADD COLUMN external_id text CHECK (length(external_id) BETWEEN 1 AND 200), -- its name where it comes from
    ADD COLUMN earned_at timestamptz; -- when it was earned there; its age counts from then on
-- Reports look for these among all batches of a tenant; most tenants have none.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallet_batch_earned ON wallet_batch (tenant_id, batch_id) INCLUDE (earned_at) WHERE earned_at IS NOT NULL;

ALTER TABLE balance_import ENABLE ROW LEVEL SECURITY;
ALTER TABLE balance_import_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON balance_import TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON balance_import_row TO guerdon_app
    USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON balance_import TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON balance_import_row TO guerdon_app;
