-- The whole durable work of one spending in one round trip: lock, take from the lots soonest expiry first, append the
-- entry with its hash and its allocations, update lots and account, keep the operation, event.
-- It gives the value as it is then, spent or not.
-- Row-level security checks the tenant in every statement, for the caller is the application's role.
CREATE FUNCTION bench_spend(wallet uuid, wanted bigint, operation uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    account ledger_account%ROWTYPE;
    instant timestamptz := now();
    lots uuid[];
    parts bigint[];
    said bytea := ''::bytea;
    sealed bytea;
BEGIN
    SELECT * INTO account FROM ledger_account
     WHERE tenant_id = 'bench' AND kind = 'wallet' AND owner_id = wallet::text AND closed_at IS NULL FOR UPDATE;
    SELECT array_agg(lot_id ORDER BY place), array_agg(part ORDER BY place),
           string_agg(uuid_send(lot_id) || int8send(-part), ''::bytea ORDER BY place)
      INTO lots, parts, said
      FROM (SELECT lot_id, least(remaining, wanted - before) AS part, place
              FROM (SELECT lot_id, remaining, row_number() OVER soonest AS place,
                           (sum(remaining) OVER soonest - remaining)::bigint AS before
                      FROM ledger_lot
                     WHERE tenant_id = 'bench' AND account_id = account.account_id AND NOT is_empty
                       AND (expires_at IS NULL OR expires_at > instant)
                    WINDOW soonest AS (ORDER BY expires_at NULLS LAST, opened_seq, lot_id)) AS lot
             WHERE before < wanted) AS taken;
    IF lots IS NULL OR (SELECT sum(part) FROM unnest(parts) AS part) < wanted THEN
        RETURN account.value;
    END IF;
    instant := greatest(instant, account.moved_at);
    sealed := sha256(account.head || convert_to('guerdon ledger 1', 'UTF8') || bench_text('bench')
        || int4send(16) || uuid_send(account.account_id) || int8send(account.seq + 1) || int8send(-wanted)
        || int8send(0) || int8send(account.value - wanted)
        || int8send((extract(epoch FROM instant) * 1000000)::bigint) || bench_text('spend')
        || bench_text(operation::text) || bench_text(NULL) || bench_text(NULL) || bench_text('key:bench')
        || bench_text(NULL) || int4send(cardinality(lots)) || said || int4send(0) || bench_text(NULL));
    INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, held_change, value_after, movement_id, actor,
                              recorded_at, hash)
    VALUES ('bench', account.account_id, account.seq + 1, 'spend', -wanted, 0, account.value - wanted,
            operation::text, 'key:bench', instant, sealed);
    UPDATE ledger_account
       SET value = account.value - wanted, seq = account.seq + 1, head = sealed, moved_at = instant
     WHERE tenant_id = 'bench' AND account_id = account.account_id;
    INSERT INTO ledger_allocation (tenant_id, account_id, seq, ordinal, lot_id, amount)
    SELECT 'bench', account.account_id, account.seq + 1, ordinal - 1, lot_id, -part
      FROM unnest(lots, parts) WITH ORDINALITY AS taken (lot_id, part, ordinal);
    UPDATE ledger_lot SET remaining = remaining - part
      FROM unnest(lots, parts) AS taken (lot, part)
     WHERE tenant_id = 'bench' AND lot_id = lot;
    INSERT INTO wallet_operation (tenant_id, operation_id, wallet_id, account_id, seq, kind, order_id, venue, extra,
                                  updated_at)
    VALUES ('bench', operation, wallet, account.account_id, account.seq + 1, 'SPEND', 'order-4711', 'counter 4', '{}',
            instant);
    INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
    VALUES ('bench', gen_random_uuid(), 'Wallet:PointsSpent', wallet::text,
            jsonb_build_object('walletId', wallet, 'operationId', operation, 'amount', wanted / 1000000), 'key:bench',
            instant);
    RETURN account.value - wanted;
END
$$;
