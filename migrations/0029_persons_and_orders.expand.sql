-- All that is kept of a wallet can be found by its id: to export a person, and to erase what is said of one. And orders that earn.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallet_hold_wallet ON wallet_hold (tenant_id, wallet_id, hold_id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX voucher_wallet ON voucher (tenant_id, wallet_id, voucher_id) WHERE wallet_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX voucher_for_wallet ON voucher (tenant_id, for_wallet_id, voucher_id) WHERE for_wallet_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX reward_claim_of_wallet ON reward_claim (tenant_id, wallet_id, operation_id);

-- Orders of another system that earned points, or were returned: so that none earns twice, and what is taken back is known.
CREATE TABLE earned_order (
    tenant_id text NOT NULL,
    order_digest bytea NOT NULL CHECK (length(order_digest) = 32), -- of the order's id, which may say something of a person
    wallet_id uuid NOT NULL,
    points bigint NOT NULL CHECK (points >= 0), -- in millionths; 0 when it was returned before it had earned
    welcome bigint NOT NULL CHECK (welcome >= 0),
    batch_id uuid,
    welcome_batch_id uuid,
    rule_version integer NOT NULL CHECK (rule_version > 0), -- of the file that decided
    received_at timestamptz NOT NULL,
    returned_at timestamptz,
    operation_id uuid, -- what took the points back, if there were any to take
    taken bigint CHECK (taken >= 0),
    PRIMARY KEY (tenant_id, order_digest),
    CHECK ((points > 0) = (batch_id IS NOT NULL)),
    CHECK ((welcome > 0) = (welcome_batch_id IS NOT NULL)),
    CHECK ((returned_at IS NULL) = (taken IS NULL)),
    CHECK (points > 0 OR returned_at IS NOT NULL)
);
CREATE INDEX earned_order_wallet ON earned_order (tenant_id, wallet_id, order_digest);
CREATE INDEX earned_order_welcome ON earned_order (tenant_id, wallet_id) WHERE welcome > 0 AND returned_at IS NULL;

ALTER TABLE earned_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON earned_order TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE ON earned_order TO guerdon_app;
