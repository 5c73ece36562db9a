"""Every statement on accounts and entries that the posting path runs; lots and holds are in lot_queries.py."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from guerdon.ledger.model import Account, AccountKey, Entry
from guerdon.platform.db import Tx

# Account ids, and the seq, value and hash at which entries leave them.
Standing = tuple[list[UUID], list[int], list[int], list[bytes]]


# Where a row lies: block and line, PostgreSQL's ctid.
Place = tuple[int, int]


class LockedAccount(Struct, frozen=True):
    """An account that is held until the transaction ends, and where its row lies until this transaction changes it."""

    account: Account
    place: Place


class PostedEntry(Struct, frozen=True):
    """An entry with the account that it stands on."""

    account: AccountKey
    subject_id: str
    entry: Entry


async def lock_accounts(tx: Tx, keys: Sequence[AccountKey]) -> list[LockedAccount]:
    """Read open accounts and hold them until the transaction ends; always in id order, so that none waits in a ring."""
    records = await tx.records(
        """
        SELECT a.account_id, a.kind, a.owner_id, a.subject_id, a.value, a.held, a.seq, a.head, a.has_lots,
               a.value_min, a.value_max, a.moved_at, a.closes_at, a.ctid
          FROM unnest($2::text[], $3::text[]) AS wanted (kind, owner_id)
          JOIN ledger_account a
            ON a.tenant_id = $1 AND a.kind = wanted.kind AND a.owner_id = wanted.owner_id AND a.closed_at IS NULL
         ORDER BY a.account_id
           FOR UPDATE OF a
        """,
        tx.tenant_id,
        [key.kind for key in keys],
        [key.owner_id for key in keys],
    )
    return [LockedAccount(Account(*values), place) for *values, place in records]


async def is_open(tx: Tx, key: AccountKey) -> bool:
    """Tell whether an owner has an open account."""
    found: bool = await tx.value(
        """
        SELECT EXISTS (SELECT FROM ledger_account
                        WHERE tenant_id = $1 AND kind = $2 AND owner_id = $3 AND closed_at IS NULL)
        """,
        tx.tenant_id,
        key.kind,
        key.owner_id,
    )
    return found


async def find_entries(tx: Tx, movement_ids: Sequence[str]) -> dict[str, PostedEntry]:
    """Read the entries of several movement ids, without their allocations."""
    records = await tx.records(
        """
        SELECT a.kind AS account_kind, a.owner_id, a.subject_id,
               e.account_id, e.seq, e.kind, e.amount, e.held_change, e.value_after, e.movement_id, e.reference_id,
               e.remarks, e.actor, e.recorded_at, e.occurred_at, e.hash
          FROM ledger_entry e
          JOIN ledger_account a ON a.tenant_id = $1 AND a.account_id = e.account_id
         WHERE e.tenant_id = $1 AND e.movement_id = ANY($2::text[])
        """,
        tx.tenant_id,
        movement_ids,
    )
    return {
        record["movement_id"]: PostedEntry(
            AccountKey(record["account_kind"], record["owner_id"]),
            record["subject_id"],
            Entry(*list(record.values())[3:]),
        )
        for record in records
    }


async def append(tx: Tx, accounts: Iterable[LockedAccount], entries: Sequence[Entry]) -> None:
    """Append entries and bring their accounts to where the last of them leaves them, in one statement.

    `accounts` are as the entries leave them, and lie where they were locked.
    """
    held_at_last, place_of_last = _at_last(accounts, entries)
    await tx.execute(
        """
        WITH e AS (
            SELECT *
              FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
                          $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::bytea[],
                          $15::bigint[], $16::tid[])
                   AS e (account_id, seq, kind, amount, held_change, value_after, movement_id, reference_id, remarks,
                         actor, recorded_at, occurred_at, hash, held_at_last, place_of_last)
        ), moved AS (
            UPDATE ledger_account a
               SET value = e.value_after, held = e.held_at_last, seq = e.seq, head = e.hash, moved_at = e.recorded_at
              FROM e
             WHERE a.tenant_id = $1 AND a.account_id = e.account_id AND a.ctid = e.place_of_last
        )
        INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, held_change, value_after, movement_id,
                                  reference_id, remarks, actor, recorded_at, occurred_at, hash)
        SELECT $1, e.account_id, e.seq, e.kind, e.amount, e.held_change, e.value_after, e.movement_id,
               e.reference_id, e.remarks, e.actor, e.recorded_at, e.occurred_at, e.hash
          FROM e
        """,
        tx.tenant_id,
        [entry.account_id for entry in entries],
        [entry.seq for entry in entries],
        [entry.kind for entry in entries],
        [entry.amount for entry in entries],
        [entry.held_change for entry in entries],
        [entry.value_after for entry in entries],
        [entry.movement_id for entry in entries],
        [entry.reference_id for entry in entries],
        [entry.remarks for entry in entries],
        [entry.actor for entry in entries],
        [entry.recorded_at for entry in entries],
        [entry.occurred_at for entry in entries],
        [entry.hash for entry in entries],
        held_at_last,
        place_of_last,
    )


def _at_last(
    accounts: Iterable[LockedAccount], entries: Sequence[Entry]
) -> tuple[list[int | None], list[Place | None]]:
    # Only an account's last entry says what is held and where it lies: the account is brought to that one.
    left = {(one.account.account_id, one.account.version): one for one in accounts}
    lasts = [left.get((entry.account_id, entry.seq)) for entry in entries]
    held = [None if last is None else last.account.held for last in lasts]
    return held, [None if last is None else last.place for last in lasts]


async def append_moves(tx: Tx, entries: Sequence[Entry], last: Sequence[Entry], places: Sequence[Place]) -> None:
    """Append moves of one instant, of which `last` are each account's last: what `append` does, with half its columns.

    `places` are where the accounts of `last` were locked. Where each entry is on an account of its own, `entries` and
    `last` say the same, and in the same order.
    """
    standing = _standing(entries)
    await _insert_moves(tx, entries, standing)
    # The very same lists are sent once.
    await _move_accounts(tx, entries[0].recorded_at, standing if len(last) == len(entries) else _standing(last), places)


async def _insert_moves(tx: Tx, entries: Sequence[Entry], standing: Standing) -> None:
    account_ids, seqs, values, hashes = standing
    # Most have no remarks and one actor: then no list of either is sent.
    remarks = [entry.remarks for entry in entries]
    actors = [entry.actor for entry in entries]
    await tx.write(
        """
        INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, held_change, value_after, movement_id,
                                  remarks, actor, recorded_at, hash)
        SELECT $1, e.account_id, e.seq, 'move', e.amount, 0, e.value_after, e.movement_id, e.remarks,
               coalesce(e.actor, $11), $2, e.hash
          FROM unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[],
                      $10::bytea[])
               AS e (account_id, seq, amount, value_after, movement_id, remarks, actor, hash)
        """,
        tx.tenant_id,
        entries[0].recorded_at,
        account_ids,
        seqs,
        [entry.amount for entry in entries],
        values,
        [entry.movement_id for entry in entries],
        remarks if any(remarks) else None,
        actors if len(set(actors)) > 1 else None,
        hashes,
        entries[0].actor,
    )


async def _move_accounts(tx: Tx, moved_at: datetime, standing: Standing, places: Sequence[Place]) -> None:
    # By their places, as to look for a row in an index a second time takes longer than to change it. They are true: an
    # account is held from its lock on, and changed but once. Its id is asked for as well, so that no mistake about that
    # could ever reach another account.
    account_ids, seqs, values, hashes = standing
    await tx.write(
        """
        UPDATE ledger_account a
           SET value = e.value_after, seq = e.seq, head = e.hash, moved_at = $2
          FROM unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::bytea[], $7::tid[])
               AS e (account_id, value_after, seq, hash, place)
         WHERE a.tenant_id = $1 AND a.account_id = e.account_id AND a.ctid = e.place
        """,
        tx.tenant_id,
        moved_at,
        account_ids,
        values,
        seqs,
        hashes,
        places,
    )


def _standing(entries: Sequence[Entry]) -> Standing:
    return (
        [entry.account_id for entry in entries],
        [entry.seq for entry in entries],
        [entry.value_after for entry in entries],
        [entry.hash for entry in entries],
    )


async def find_value_as_of(tx: Tx, account_id: UUID, as_of: datetime) -> int:
    """Tell the value that an account had at an instant; nothing before it was opened."""
    value: int | None = await tx.value(
        """
        SELECT value_after FROM ledger_entry
         WHERE tenant_id = $1 AND account_id = $2 AND recorded_at <= $3
         ORDER BY seq DESC LIMIT 1
        """,
        tx.tenant_id,
        account_id,
        as_of,
    )
    return value or 0


async def find_seq_as_of(tx: Tx, account_id: UUID, as_of: datetime) -> int:
    """Tell how many entries an account had at an instant.

    Entries of one account are recorded in the order of their numbers, so that the last one is found by halving: twenty
    looks into a million entries. The LIMIT keeps the planner from reading all of them for each look instead.
    """
    seq: int | None = await tx.value(
        """
        WITH RECURSIVE halving (low, high) AS (
            SELECT 0::bigint, seq FROM ledger_account WHERE tenant_id = $1 AND account_id = $2
            UNION ALL
            SELECT CASE WHEN e.recorded_at <= $3 THEN e.seq ELSE h.low END,
                   CASE WHEN e.recorded_at <= $3 THEN h.high ELSE e.seq - 1 END
              FROM halving h
             CROSS JOIN LATERAL (
                   SELECT o.seq, o.recorded_at FROM ledger_entry o
                    WHERE o.tenant_id = $1 AND o.account_id = $2 AND o.seq = (h.low + h.high + 1) / 2
                    LIMIT 1) AS e
             WHERE h.low < h.high
        )
        SELECT low FROM halving WHERE low = high
        """,
        tx.tenant_id,
        account_id,
        as_of,
    )
    return seq or 0


async def list_accounts(tx: Tx, after: UUID | None, limit: int) -> list[Account]:
    """Read accounts in id order, closed ones included, `limit` of them after `after`."""
    return await tx.all(
        Account,
        """
        SELECT account_id, kind, owner_id, subject_id, value, held, seq, head, has_lots, value_min, value_max,
               moved_at, closes_at
          FROM ledger_account
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR account_id > $2)
         ORDER BY account_id LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )
