-- Rewards: what can be claimed for points, and the claims, each a spending and a coupon of one transaction.

CREATE TABLE reward (
    tenant_id text NOT NULL,
    reward_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 3 AND 128),
    is_visible boolean NOT NULL,
    details jsonb,
    available_from timestamptz,
    available_to timestamptz,
    points bigint NOT NULL CHECK (points > 0), -- in millionths
    max_count integer CHECK (max_count > 0),
    max_per_wallet integer CHECK (max_per_wallet > 0),
    priority integer CHECK (priority >= 0),
    data jsonb NOT NULL,
    tags text[] NOT NULL,
    extra jsonb NOT NULL,
    claimed bigint NOT NULL DEFAULT 0 CHECK (claimed >= 0), -- without claims that were rolled back
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    archived_at timestamptz, -- deleted from the catalogue; kept, since coupons name it as their origin
    PRIMARY KEY (tenant_id, reward_id),
    CHECK (claimed <= max_count)
) WITH (fillfactor = 70);
CREATE INDEX reward_catalogue ON reward (tenant_id, (-coalesce(priority, -1)), created_at, reward_id)
 WHERE is_visible AND archived_at IS NULL;

CREATE TABLE reward_claim (
    tenant_id text NOT NULL,
    operation_id uuid NOT NULL,
    reward_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    coupon_id text NOT NULL,
    points bigint NOT NULL CHECK (points > 0),
    claimed_at timestamptz NOT NULL,
    claimed_by text NOT NULL,
    rolled_back_at timestamptz,
    rolled_back_by text,
    PRIMARY KEY (tenant_id, operation_id),
    UNIQUE (tenant_id, coupon_id),
    FOREIGN KEY (tenant_id, reward_id) REFERENCES reward,
    CHECK ((rolled_back_at IS NULL) = (rolled_back_by IS NULL))
);
CREATE INDEX reward_claim_wallet ON reward_claim (tenant_id, wallet_id, reward_id) WHERE rolled_back_at IS NULL;

ALTER TABLE reward ENABLE ROW LEVEL SECURITY;
ALTER TABLE reward_claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON reward TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON reward_claim TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE ON reward TO guerdon_app;
GRANT SELECT, INSERT, UPDATE ON reward_claim TO guerdon_app;
