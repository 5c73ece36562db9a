"""Every statement that asks whether wallets are idle, and the rule by which they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.ledger.lot_rules import EXPIRY_ACTOR
from guerdon.ledger.model import INACTIVITY
from guerdon.platform.db import Tx
from guerdon.points.expiry_rule import PATH


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The file of the rule of expiry as it stood at an instant, and the zone whose days it means."""

    content: bytes | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A wallet that may be idle, when it was active last, and whether nothing is left to end; see `list_active`."""

    wallet_id: UUID
    account_id: UUID
    active_at: datetime
    is_over: bool


async def find_rule_file(tx: Tx, instant: datetime) -> RuleFile:
    """Read the file as it stood at an instant."""
    found = await tx.maybe(
        RuleFile,
        """
        SELECT (SELECT f.content FROM tenant_file f
                 WHERE f.tenant_id = $1 AND f.path = $2 AND f.created_at <= $3
                 ORDER BY f.version DESC LIMIT 1) AS content,
               t.time_zone
          FROM tenant t WHERE t.tenant_id = $1
        """,
        tx.tenant_id,
        PATH,
        instant,
    )
    assert found is not None, "whoever asks is a tenant"
    return found


async def list_watched(tx: Tx, before: datetime, limit: int) -> list[UUID]:
    """Read wallets of which it is not known that somebody touched them since an instant, the longest left first."""
    records = await tx.records(
        """
        SELECT wallet_id FROM wallet
         WHERE tenant_id = $1 AND coalesce(idle_since, created_at) < $2
         ORDER BY coalesce(idle_since, created_at) LIMIT $3
        """,
        tx.tenant_id,
        before,
        limit,
    )
    return [record["wallet_id"] for record in records]


async def list_active(tx: Tx, wallet_ids: Sequence[UUID]) -> list[Watched]:
    """Tell when wallets were active last: their last entry that somebody made, or their opening.

    Those with nothing in them are over, and those that have ended since: what they still hold, holds have set aside.
    """
    return await tx.all(
        Watched,
        """
        SELECT w.wallet_id, w.account_id, coalesce(last.recorded_at, w.created_at) AS active_at,
               b.value = 0 OR EXISTS (SELECT FROM ledger_movement e
                                       WHERE e.tenant_id = $1 AND e.account_id = w.account_id AND e.reference_id = $4
                                         AND e.seq > last.seq) AS is_over
          FROM wallet w
          JOIN ledger_balance b ON b.tenant_id = $1 AND b.account_id = w.account_id
          LEFT JOIN LATERAL (
               SELECT m.recorded_at, m.seq FROM ledger_movement m
                WHERE m.tenant_id = $1 AND m.account_id = w.account_id AND m.actor <> $3
                ORDER BY m.seq DESC LIMIT 1) AS last ON true
         WHERE w.tenant_id = $1 AND w.wallet_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        wallet_ids,
        EXPIRY_ACTOR,
        INACTIVITY,
    )


async def update_idle_since(tx: Tx, instants: Sequence[tuple[UUID, datetime]]) -> None:
    """Keep until when wallets need not be asked after again; locked in id order, so that no two wait in a ring."""
    await tx.execute(
        """
        WITH held AS MATERIALIZED (
            SELECT wallet_id FROM wallet WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])
             ORDER BY wallet_id FOR NO KEY UPDATE
        )
        UPDATE wallet w SET idle_since = n.idle_since
          FROM held
          JOIN unnest($2::uuid[], $3::timestamptz[]) AS n (wallet_id, idle_since) ON n.wallet_id = held.wallet_id
         WHERE w.tenant_id = $1 AND w.wallet_id = held.wallet_id
        """,
        tx.tenant_id,
        [wallet_id for wallet_id, _ in instants],
        [instant for _, instant in instants],
    )


async def find_first_watched(tx: Tx) -> datetime | None:
    """Tell since when the wallet that was left alone longest may have been idle."""
    first: datetime | None = await tx.value(
        """
        SELECT coalesce(idle_since, created_at) FROM wallet
         WHERE tenant_id = $1 ORDER BY coalesce(idle_since, created_at) LIMIT 1
        """,
        tx.tenant_id,
    )
    return first
