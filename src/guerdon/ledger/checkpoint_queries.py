"""Every statement on checkpoints and their leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint as it is kept."""

    checkpoint_id: int
    taken_at: datetime
    accounts: int
    entries: int
    leaves: int
    root: bytes
    previous: bytes
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class MovedAccount:
    """An account that has come further than its last leaf says."""

    account_id: UUID
    kind: str
    owner_id: str
    seq: int
    head: bytes
    sealed_seq: int


async def list_moved(tx: Tx, after: UUID | None, limit: int) -> list[MovedAccount]:
    """Read accounts in id order, `limit` of them after `after`, that have entries under no checkpoint."""
    return await tx.all(
        MovedAccount,
        """
        SELECT a.account_id, a.kind, a.owner_id, a.seq, a.head, coalesce(l.seq, 0) AS sealed_seq
          FROM ledger_account a
          LEFT JOIN LATERAL (
               SELECT seq FROM ledger_checkpoint_leaf
                WHERE tenant_id = $1 AND account_id = a.account_id
                ORDER BY checkpoint_id DESC LIMIT 1) l ON true
         WHERE a.tenant_id = $1 AND ($2::uuid IS NULL OR a.account_id > $2) AND a.seq > coalesce(l.seq, 0)
         ORDER BY a.account_id LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def insert_leaves(tx: Tx, checkpoint_id: int, moved: Sequence[MovedAccount], digests: Sequence[bytes]) -> None:
    """Keep the leaves of a checkpoint."""
    await tx.execute(
        """
        INSERT INTO ledger_checkpoint_leaf (tenant_id, account_id, checkpoint_id, seq, digest)
        SELECT $1, l.account_id, $2, l.seq, l.digest
          FROM unnest($3::uuid[], $4::bigint[], $5::bytea[]) AS l (account_id, seq, digest)
        """,
        tx.tenant_id,
        checkpoint_id,
        [one.account_id for one in moved],
        [one.seq for one in moved],
        digests,
    )


async def insert_checkpoint(tx: Tx, row: CheckpointRow) -> None:
    """Keep a checkpoint. Raises asyncpg.UniqueViolationError when its number is taken."""
    await tx.execute(
        """
        INSERT INTO ledger_checkpoint (tenant_id, checkpoint_id, taken_at, accounts, entries, leaves, root, previous,
                                       key_id, signature)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        row.checkpoint_id,
        row.taken_at,
        row.accounts,
        row.entries,
        row.leaves,
        row.root,
        row.previous,
        row.key_id,
        row.signature,
    )


async def list_newest(tx: Tx, limit: int) -> list[CheckpointRow]:
    """Read checkpoints, the newest first."""
    return await tx.all(
        CheckpointRow,
        """
        SELECT checkpoint_id, taken_at, accounts, entries, leaves, root, previous, key_id, signature
          FROM ledger_checkpoint
         WHERE tenant_id = $1 ORDER BY checkpoint_id DESC LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )


async def list_after(tx: Tx, after: int, limit: int) -> list[CheckpointRow]:
    """Read checkpoints in their order, `limit` of them after the number `after`."""
    return await tx.all(
        CheckpointRow,
        """
        SELECT checkpoint_id, taken_at, accounts, entries, leaves, root, previous, key_id, signature
          FROM ledger_checkpoint
         WHERE tenant_id = $1 AND checkpoint_id > $2 ORDER BY checkpoint_id LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def find_covering(tx: Tx, account_id: UUID, seq: int) -> tuple[int, CheckpointRow] | None:
    """Read the first checkpoint whose leaf for the account reaches an entry, and how far that leaf reaches."""
    records = await tx.records(
        """
        SELECT l.seq, c.checkpoint_id, c.taken_at, c.accounts, c.entries, c.leaves, c.root, c.previous, c.key_id,
               c.signature
          FROM ledger_checkpoint_leaf l
          JOIN ledger_checkpoint c ON c.tenant_id = $1 AND c.checkpoint_id = l.checkpoint_id
         WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.seq >= $3
         ORDER BY l.checkpoint_id LIMIT 1
        """,
        tx.tenant_id,
        account_id,
        seq,
    )
    return (records[0]["seq"], CheckpointRow(*list(records[0].values())[1:])) if records else None


async def list_leaves(tx: Tx, checkpoint_id: int) -> list[tuple[UUID, bytes]]:
    """Read all leaves of a checkpoint in account order; there are as many as accounts that moved in its day."""
    records = await tx.records(
        """
        SELECT account_id, digest FROM ledger_checkpoint_leaf
         WHERE tenant_id = $1 AND checkpoint_id = $2 ORDER BY account_id
        """,
        tx.tenant_id,
        checkpoint_id,
    )
    return [(record["account_id"], record["digest"]) for record in records]
