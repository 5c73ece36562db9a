-- Points may end because the customer has done nothing for so long (decision 0013).

-- When an entry ended the lot before the time that its opening says; that time is under the hash and stays as it was.
ALTER TABLE ledger_lot ADD COLUMN ended_at timestamptz;
-- Not validated: rows that were there have no such end.
ALTER TABLE ledger_lot ADD CONSTRAINT ledger_lot_ended_check
    CHECK (ended_at >= opened_at AND (expires_at IS NULL OR ended_at < expires_at)) NOT VALID;

-- What came back into such lots is due at once. There is next to nothing in this index.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_lot_ended ON ledger_lot (tenant_id, ended_at, account_id) WHERE NOT is_empty AND ended_at IS NOT NULL;

-- `expires_at` is when a lot ends or ended, `agreed_expires_at` what its opening says, `ended_at` when an entry ended it.
CREATE OR REPLACE VIEW ledger_lot_state WITH (security_invoker = true) AS
SELECT tenant_id, lot_id, account_id, opened_seq, amount, remaining, is_empty, unit_price, opened_at,
       coalesce(ended_at, expires_at) AS expires_at, expires_at AS agreed_expires_at, ended_at
  FROM ledger_lot;

-- Before this instant nobody need ask whether the wallet has been idle: it was active then, or empty, or its points ended. It is
-- brought up to date by the one who asks, and not by what happens to the wallet. Null: since it was opened.
ALTER TABLE wallet ADD COLUMN idle_since timestamptz;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallet_idle ON wallet (tenant_id, coalesce(idle_since, created_at));
