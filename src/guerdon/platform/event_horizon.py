"""How far events can be read now, and reading up to there: for readers that must miss nothing and wait for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.events import READ_MAX, Position, StoredEvent


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far events can be read now; `is_behind` when some that have committed must still wait for others."""

    transaction_id: int
    event_id: UUID
    is_behind: bool

    @property
    def position(self) -> Position:
        """Where a reader stands that wants nothing of the past."""
        return Position(self.transaction_id, self.event_id)


async def find_horizon(tx: Tx) -> Horizon | None:
    """Tell where the tenant's readable events end; None when there are none."""
    return await tx.maybe(
        Horizon,
        """
        SELECT transaction_id, event_id,
               EXISTS (SELECT FROM event
                        WHERE tenant_id = $1 AND transaction_id >= pg_snapshot_xmin(pg_current_snapshot())) AS is_behind
          FROM event
         WHERE tenant_id = $1
           AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY transaction_id DESC, event_id DESC
         LIMIT 1
        """,
        tx.tenant_id,
    )


async def list_about(
    tx: Tx, subject_ids: Sequence[str], after: Position, until: Position, limit: int
) -> list[StoredEvent]:
    """Read the events about some subjects after one position and up to another, in order, at most `limit`.

    `until` is a horizon that was found before; up to there nothing can commit late.
    """
    assert 1 <= limit <= READ_MAX, limit
    return await tx.all(
        StoredEvent,
        """
        SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
          FROM event
         WHERE tenant_id = $1
           AND (transaction_id, event_id) > ($2::xid8, $3::uuid)
           AND (transaction_id, event_id) <= ($4::xid8, $5::uuid)
           AND subject_id = ANY($6::text[])
         ORDER BY transaction_id, event_id
         LIMIT $7
        """,
        tx.tenant_id,
        after.transaction_id,
        after.event_id,
        until.transaction_id,
        until.event_id,
        subject_ids,
        limit,
    )
