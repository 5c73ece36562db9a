-- Points on passes: a pass names a wallet by an identifier, whichever; and coupons whose time is over are told of.

-- A uuid is 36 characters long. Passes without such an identifier have no row here, and their writers pay nothing.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX pass_identifier_uuid ON pass_identifier (tenant_id, value) WHERE length(value) = 36;

ALTER TABLE coupon ADD COLUMN expiry_told_at timestamptz; -- when its passes and webhooks were told that its time is over
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX coupon_due ON coupon (tenant_id, expires_at)
    WHERE expiry_told_at IS NULL AND used_at IS NULL AND cancelled_at IS NULL AND expires_at IS NOT NULL;
