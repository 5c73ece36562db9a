-- Vouchers: codes that become a batch of points, once. The id is the code, so it is random.

CREATE TABLE voucher_bulk (
    tenant_id text NOT NULL,
    bulk_id uuid NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, bulk_id)
);

CREATE TABLE voucher (
    tenant_id text NOT NULL,
    voucher_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0), -- in millionths, as the price of the whole
    price bigint CHECK (price > 0),
    expires_at timestamptz,
    points_expire_in_days integer CHECK (points_expire_in_days > 0),
    for_wallet_id uuid,
    extra jsonb NOT NULL,
    bulk_id uuid,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    used_at timestamptz,
    used_by text,
    wallet_id uuid, -- whose it became, and which batch
    batch_id uuid,
    cancelled_at timestamptz,
    cancelled_by text,
    PRIMARY KEY (tenant_id, voucher_id),
    FOREIGN KEY (tenant_id, bulk_id) REFERENCES voucher_bulk,
    CHECK ((used_at IS NULL) = (used_by IS NULL)),
    CHECK ((used_at IS NULL) = (wallet_id IS NULL)),
    CHECK ((used_at IS NULL) = (batch_id IS NULL)),
    CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL)),
    CHECK (used_at IS NULL OR cancelled_at IS NULL),
    CHECK (for_wallet_id IS NULL OR wallet_id IS NULL OR wallet_id = for_wallet_id)
);
CREATE INDEX voucher_of_bulk ON voucher (tenant_id, bulk_id, voucher_id) WHERE bulk_id IS NOT NULL;
CREATE INDEX voucher_created ON voucher (tenant_id, created_at, voucher_id);

ALTER TABLE voucher_bulk ENABLE ROW LEVEL SECURITY;
ALTER TABLE voucher ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON voucher_bulk TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON voucher TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT ON voucher_bulk TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON voucher TO guerdon_app;
