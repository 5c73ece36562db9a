-- Coupons: what a wallet is entitled to once. What one does is decided by whoever reads its data; what state it is in follows
-- from its times.

CREATE TABLE coupon (
    tenant_id text NOT NULL,
    coupon_id text NOT NULL CHECK (length(coupon_id) BETWEEN 1 AND 16 AND coupon_id !~ '[^A-Za-z0-9_-]'),
    wallet_id uuid NOT NULL,
    details jsonb NOT NULL,
    data jsonb,
    expires_at timestamptz,
    reward_id uuid, -- of a claim: what was claimed, and the spending that paid for it
    operation_id uuid,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    used_at timestamptz,
    used_by text,
    reverted_at timestamptz, -- the last time that a use was taken back
    reverted_by text,
    cancelled_at timestamptz,
    cancelled_by text,
    PRIMARY KEY (tenant_id, coupon_id),
    CHECK ((reward_id IS NULL) = (operation_id IS NULL)),
    CHECK ((used_at IS NULL) = (used_by IS NULL)),
    CHECK ((reverted_at IS NULL) = (reverted_by IS NULL)),
    CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL)),
    CHECK (used_at IS NULL OR cancelled_at IS NULL)
);
CREATE INDEX coupon_wallet ON coupon (tenant_id, wallet_id, created_at, coupon_id);

ALTER TABLE coupon ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON coupon TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE ON coupon TO guerdon_app;
