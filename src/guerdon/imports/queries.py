"""Every statement on imports, their chunks and their bad rows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.imports.model import Chunk, Import, KeptMistakes, Kind
from guerdon.platform.db import Tx


async def insert_import(tx: Tx, new: Import) -> None:
    """Keep a new import, without its rows."""
    await tx.execute(
        """
        INSERT INTO pass_import (tenant_id, import_id, kind, actor, total, imported, existing, rejected, started_at,
                                 last_activity_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        """,
        tx.tenant_id,
        new.import_id,
        new.kind,
        new.actor,
        new.total,
        new.imported,
        new.existing,
        new.rejected,
        new.started_at,
    )


async def insert_chunk(tx: Tx, import_id: UUID, chunk: Chunk) -> None:
    """Keep rows that are to be taken in together."""
    await tx.execute(
        "INSERT INTO pass_import_chunk (tenant_id, import_id, first_row, sealed) VALUES ($1, $2, $3, $4)",
        tx.tenant_id,
        import_id,
        chunk.first_row,
        chunk.sealed,
    )


async def insert_mistakes(tx: Tx, import_id: UUID, mistakes: Sequence[KeptMistakes]) -> None:
    """Keep what is wrong with rows."""
    await tx.execute(
        """
        INSERT INTO pass_import_error (tenant_id, import_id, line, serial, mistakes)
        SELECT $1, $2, e.line, e.serial, e.mistakes::jsonb
          FROM unnest($3::bigint[], $4::text[], $5::text[]) AS e (line, serial, mistakes)
        """,
        tx.tenant_id,
        import_id,
        [one.line for one in mistakes],
        [one.serial for one in mistakes],
        [one.mistakes_text for one in mistakes],
    )


async def find_import(tx: Tx, import_id: UUID) -> Import | None:
    """Read one import."""
    return await tx.maybe(
        Import,
        """
        SELECT import_id, kind, actor, total, imported, existing, rejected, started_at, last_activity_at,
               cancelled_at
          FROM pass_import WHERE tenant_id = $1 AND import_id = $2
        """,
        tx.tenant_id,
        import_id,
    )


async def list_imports(tx: Tx, kind: Kind, before: UUID | None, limit: int) -> list[Import]:
    """List imports of a kind, newest first."""
    return await tx.all(
        Import,
        """
        SELECT import_id, kind, actor, total, imported, existing, rejected, started_at, last_activity_at,
               cancelled_at
          FROM pass_import
         WHERE tenant_id = $1 AND kind = $2 AND ($3::uuid IS NULL OR import_id < $3)
         ORDER BY import_id DESC
         LIMIT $4
        """,
        tx.tenant_id,
        kind,
        before,
        limit,
    )


async def list_mistakes(tx: Tx, import_id: UUID, after: int, limit: int) -> list[KeptMistakes]:
    """List the bad rows of an import behind a line, in order."""
    return await tx.all(
        KeptMistakes,
        """
        SELECT line, serial, mistakes FROM pass_import_error
         WHERE tenant_id = $1 AND import_id = $2 AND line > $3
         ORDER BY line
         LIMIT $4
        """,
        tx.tenant_id,
        import_id,
        after,
        limit,
    )


async def hurry(tx: Tx) -> None:
    """Wait for no row longer than a second from here on."""
    await tx.execute("SET LOCAL lock_timeout = '1s'")


async def plan_anew(tx: Tx) -> None:
    """Have every statement planned for the tables as they are, until the transaction ends.

    A plan that was kept from when they were empty reads all of a table for each row of a chunk.
    """
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def lock_import(tx: Tx, import_id: UUID) -> None:
    """Let nobody else take in rows of an import until the transaction ends."""
    await tx.execute(
        "SELECT FROM pass_import WHERE tenant_id = $1 AND import_id = $2 FOR UPDATE", tx.tenant_id, import_id
    )


async def claim_chunk(tx: Tx, import_id: UUID) -> Chunk | None:
    """Take the next chunk that nobody works on, until the transaction ends; None when cancelled or all are done."""
    return await tx.maybe(
        Chunk,
        """
        SELECT c.first_row, c.sealed
          FROM pass_import_chunk c
         WHERE c.tenant_id = $1 AND c.import_id = $2
           AND EXISTS (SELECT FROM pass_import i
                        WHERE i.tenant_id = $1 AND i.import_id = $2 AND i.cancelled_at IS NULL)
         ORDER BY c.first_row
         LIMIT 1
           FOR UPDATE OF c SKIP LOCKED
        """,
        tx.tenant_id,
        import_id,
    )


async def delete_chunk(tx: Tx, import_id: UUID, first_row: int) -> None:
    """Drop a chunk: its rows are passes now, and what they say is kept there alone."""
    await tx.execute(
        "DELETE FROM pass_import_chunk WHERE tenant_id = $1 AND import_id = $2 AND first_row = $3",
        tx.tenant_id,
        import_id,
        first_row,
    )


async def drop_unclaimed(tx: Tx, import_id: UUID) -> None:
    """Drop the chunks that nobody works on."""
    await tx.execute(
        """
        DELETE FROM pass_import_chunk
         WHERE tenant_id = $1 AND import_id = $2 AND first_row IN (
               SELECT first_row FROM pass_import_chunk
                WHERE tenant_id = $1 AND import_id = $2 FOR UPDATE SKIP LOCKED)
        """,
        tx.tenant_id,
        import_id,
    )


async def count_rows(tx: Tx, import_id: UUID, now: datetime, *, imported: int, existing: int, rejected: int) -> Import:
    """Count what became of rows, and give the import as it is now."""
    counted = await tx.maybe(
        Import,
        """
        UPDATE pass_import
           SET imported = imported + $3, existing = existing + $4, rejected = rejected + $5,
               last_activity_at = greatest(last_activity_at, $6)
         WHERE tenant_id = $1 AND import_id = $2
        RETURNING import_id, kind, actor, total, imported, existing, rejected, started_at, last_activity_at,
                  cancelled_at
        """,
        tx.tenant_id,
        import_id,
        imported,
        existing,
        rejected,
        now,
    )
    assert counted is not None
    return counted


async def cancel_running(tx: Tx, import_id: UUID, now: datetime) -> bool:
    """Cancel an import that is neither finished nor cancelled, and tell whether it was such a one."""
    changed = await tx.execute(
        """
        UPDATE pass_import SET cancelled_at = $3
         WHERE tenant_id = $1 AND import_id = $2 AND cancelled_at IS NULL AND imported + existing + rejected < total
        """,
        tx.tenant_id,
        import_id,
        now,
    )
    return changed == 1


async def find_old(tx: Tx, before: datetime) -> UUID | None:
    """Find an import that saw its last activity before an instant."""
    found: UUID | None = await tx.value(
        """
        SELECT import_id FROM pass_import
         WHERE tenant_id = $1 AND last_activity_at < $2 ORDER BY import_id LIMIT 1
        """,
        tx.tenant_id,
        before,
    )
    return found


async def delete_import(tx: Tx, import_id: UUID) -> None:
    """Drop an import with its rows."""
    await tx.execute("DELETE FROM pass_import WHERE tenant_id = $1 AND import_id = $2", tx.tenant_id, import_id)
