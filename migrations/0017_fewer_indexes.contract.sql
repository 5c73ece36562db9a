-- Two indexes that cost their writers and serve nobody any more. Dropping them waits for the table's readers and writers, and
-- is then done at once.

-- Notifications of a pass are found by pass_notification_history, which begins with the same columns.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX pass_notification_pass;

-- Lots with something in them are found by ledger_lot_filled, all lots of an account by ledger_lot_entry.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ledger_lot_account;
