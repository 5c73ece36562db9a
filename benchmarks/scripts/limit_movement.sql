-- The whole durable work of one movement in one round trip: lock, compare, append with its hash, update, touch, event.
-- It gives the value as it is then, moved or not.
-- Row-level security checks the tenant in every statement, for the caller is the application's role.
CREATE OR REPLACE FUNCTION bench_move(owner text, expected bigint, change bigint, movement text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    account ledger_account%ROWTYPE;
    instant timestamptz := now();
    sealed bytea;
BEGIN
    SELECT * INTO account FROM ledger_account
     WHERE tenant_id = 'bench' AND kind = 'privilege' AND owner_id = owner AND closed_at IS NULL FOR UPDATE;
    IF NOT FOUND OR abs(account.value - expected) > 100 THEN
        RETURN account.value;
    END IF;
    instant := greatest(instant, account.moved_at);
    sealed := sha256(account.head || convert_to('guerdon ledger 1', 'UTF8') || bench_text('bench')
        || int4send(16) || uuid_send(account.account_id) || int8send(account.seq + 1) || int8send(change)
        || int8send(0) || int8send(account.value + change)
        || int8send((extract(epoch FROM instant) * 1000000)::bigint) || bench_text('move') || bench_text(movement)
        || bench_text(NULL) || bench_text('scan at counter 4') || bench_text('key:bench') || bench_text(NULL)
        || int4send(0) || int4send(0) || bench_text(NULL));
    INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, held_change, value_after, movement_id, remarks,
                              actor, recorded_at, hash)
    VALUES ('bench', account.account_id, account.seq + 1, 'move', change, 0, account.value + change, movement,
            'scan at counter 4', 'key:bench', instant, sealed);
    UPDATE ledger_account
       SET value = account.value + change, seq = account.seq + 1, head = sealed, moved_at = instant
     WHERE tenant_id = 'bench' AND account_id = account.account_id;
    UPDATE pass SET revision = revision + 1, updated_at = greatest(updated_at, instant)
     WHERE tenant_id = 'bench' AND pass_id = account.subject_id;
    INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
    VALUES ('bench', gen_random_uuid(), 'Privilege:Moved', account.subject_id,
            jsonb_build_object('passId', account.subject_id, 'privilegeId', owner, 'movementId', movement,
                               'movementValue', change, 'value', account.value + change), 'key:bench', instant);
    RETURN account.value + change;
END
$$;
