-- All that is kept of a wallet can be found by its id: to export a person, and to erase what is said of one.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallet_hold_wallet ON wallet_hold (tenant_id, wallet_id, hold_id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX voucher_wallet ON voucher (tenant_id, wallet_id, voucher_id) WHERE wallet_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX voucher_for_wallet ON voucher (tenant_id, for_wallet_id, voucher_id) WHERE for_wallet_id IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX reward_claim_of_wallet ON reward_claim (tenant_id, wallet_id, operation_id);
