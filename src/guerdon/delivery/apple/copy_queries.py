"""Every statement on what Apple's devices were last given."""

from datetime import datetime

from guerdon.platform.db import Tx


async def find_copy(tx: Tx, pass_id: str, content_hash: str) -> datetime | None:
    """Tell since when a pass has had this content; None when it had another one when it was last given."""
    since: datetime | None = await tx.value(
        "SELECT modified_at FROM apple_copy WHERE tenant_id = $1 AND pass_id = $2 AND content_hash = $3",
        tx.tenant_id,
        pass_id,
        content_hash,
    )
    return since


async def save_copy(tx: Tx, pass_id: str, content_hash: str, now: datetime) -> datetime:
    """Keep that a pass has this content now, and tell since when: a second after the one before at the earliest."""
    since: datetime = await tx.value(
        """
        INSERT INTO apple_copy AS c (tenant_id, pass_id, content_hash, modified_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, pass_id)
            DO UPDATE SET content_hash = excluded.content_hash,
                          modified_at = CASE WHEN c.content_hash = excluded.content_hash THEN c.modified_at
                                             ELSE greatest(excluded.modified_at, c.modified_at + interval '1 second')
                                         END
        RETURNING modified_at
        """,
        tx.tenant_id,
        pass_id,
        content_hash,
        now,
    )
    return since
