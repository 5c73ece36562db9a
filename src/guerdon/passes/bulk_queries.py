"""Every statement that changes, notifies or finds many passes at once."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from guerdon.passes.model import Removed
from guerdon.passes.sizes import Growth
from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class Held:
    """A pass whose row is locked: what decides whether another one is the same."""

    pass_id: str
    pass_type: str
    identifiers_text: str


@dataclass(slots=True)
class Touched:
    """Passes as they stand after a change, as columns in one order."""

    pass_ids: list[str] = field(default_factory=list[str])
    pass_types: list[str] = field(default_factory=list[str])
    revisions: list[int] = field(default_factory=list[int])

    def extend(self, others: "Touched") -> None:
        """Add other passes."""
        self.pass_ids += others.pass_ids
        self.pass_types += others.pass_types
        self.revisions += others.revisions


@dataclass(frozen=True, slots=True)
class SharedChanges:
    """What every pass of a statement gets, as JSON text, and loses."""

    metadata: str
    additional_data: str
    removed: Removed


@dataclass(frozen=True, slots=True)
class OwnChanges:
    """What the passes of a statement get, each its own, as columns in the order of the ids.

    The three columns of an identity come together; when they are empty, every pass keeps its own.
    """

    metadata: Sequence[str]
    additional_data: Sequence[str]
    pass_types: Sequence[str] = ()
    identifiers: Sequence[str] = ()
    identities: Sequence[bytes | None] = ()


# Whether documents, called d, are as large as a pass may be (sizes.py).
_FITS: Final = """
octet_length(d.identifiers::text) + octet_length(d.metadata::text) + octet_length(d.additional_data::text) <= 1048576
AND (SELECT count(*) FROM jsonb_object_keys(d.identifiers)) <= 60
AND (SELECT count(*) FROM jsonb_object_keys(d.metadata)) <= 200
AND (SELECT count(*) FROM jsonb_object_keys(d.additional_data)) <= 200
"""
# Whether those of a pass p are so small that a small change, at forty characters a byte, cannot make them too large.
_ROOMY: Final = """
    pg_column_size(p.metadata) < 800 AND pg_column_compression(p.metadata) IS NULL
    AND pg_column_size(p.additional_data) < 800 AND pg_column_compression(p.additional_data) IS NULL
"""
_MAY_EACH: Final = (
    "(NOT $11 OR ($12 AND "
    + _ROOMY
    + """) OR EXISTS (SELECT FROM (
    SELECT coalesce(g.identifiers::jsonb, p.identifiers) AS identifiers,
           (p.metadata || g.metadata::jsonb) - $8::text[] AS metadata,
           (p.additional_data || g.additional_data::jsonb) - $9::text[] AS additional_data OFFSET 0
) AS d WHERE """
    + _FITS
    + "))"
)
_UPDATE_EACH: Final = (
    """
        WITH touched AS (
            UPDATE pass p
               SET metadata = (p.metadata || g.metadata::jsonb) - $8::text[],
                   additional_data = (p.additional_data || g.additional_data::jsonb) - $9::text[],
                   pass_type = coalesce(g.pass_type, p.pass_type),
                   identifiers = coalesce(g.identifiers::jsonb, p.identifiers),
                   identity = CASE WHEN g.identifiers IS NULL THEN p.identity ELSE g.identity END,
                   revision = p.revision + 1,
                   updated_at = greatest(p.updated_at, $10)
              FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
                   AS g (pass_id, metadata, additional_data, pass_type, identifiers, identity)
             WHERE p.tenant_id = $1 AND p.pass_id = g.pass_id AND p.voided_at IS NULL
               AND """  # noqa: S608  # fragments of ours only
    + _MAY_EACH
    + """
            RETURNING p.pass_id, p.pass_type, p.revision
        )
        SELECT coalesce(array_agg(pass_id), '{}') AS pass_ids, coalesce(array_agg(pass_type), '{}') AS pass_types,
               coalesce(array_agg(revision), '{}') AS revisions
          FROM touched
        """
)


@asynccontextmanager
async def undone_if_refused(tx: Tx) -> AsyncGenerator[None]:
    """Take back what the block wrote, and nothing before it, when PostgreSQL refuses some of it; raises the refusal."""
    await tx.execute("SAVEPOINT attempt")
    try:
        yield
    except asyncpg.PostgresError:
        await tx.undo_to("attempt")
        raise
    await tx.execute("RELEASE SAVEPOINT attempt")


async def lock_passes(tx: Tx, pass_ids: Sequence[str]) -> list[Held]:
    """Hold the rows of passes, in id order, until the transaction ends; those that are gone are left out."""
    return await tx.all(
        Held,
        """
        SELECT pass_id, pass_type, identifiers FROM pass
         WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND voided_at IS NULL
         ORDER BY pass_id FOR NO KEY UPDATE
        """,
        tx.tenant_id,
        pass_ids,
    )


async def list_holders(tx: Tx, identities: Sequence[bytes]) -> dict[bytes, str]:
    """Tell which passes have which of these identities now."""
    records = await tx.records(
        "SELECT identity, pass_id FROM pass WHERE tenant_id = $1 AND identity = ANY($2::bytea[])",
        tx.tenant_id,
        identities,
    )
    return {record["identity"]: record["pass_id"] for record in records}


async def update_alike(
    tx: Tx, pass_ids: Sequence[str], shared: SharedChanges, growth: Growth, now: datetime
) -> Touched:
    """Merge the same changes into passes that are locked, under new revisions.

    Those that are gone, or would become too large, are left out.
    """
    touched = await tx.maybe(
        Touched,
        """
        WITH touched AS (
            UPDATE pass p
               SET metadata = (p.metadata || $3::jsonb) - $4::text[],
                   additional_data = (p.additional_data || $5::jsonb) - $6::text[],
                   revision = p.revision + 1,
                   updated_at = greatest(p.updated_at, $7)
             WHERE p.tenant_id = $1 AND p.pass_id = ANY($2::text[]) AND p.voided_at IS NULL
               AND (NOT $8 OR ($9 AND """  # noqa: S608  # fragments of ours only
        + _ROOMY
        + """) OR (
                   SELECT """
        + _FITS
        + """
                     FROM (SELECT p.identifiers, (p.metadata || $3::jsonb) - $4::text[] AS metadata,
                                  (p.additional_data || $5::jsonb) - $6::text[] AS additional_data OFFSET 0) AS d))
            RETURNING p.pass_id, p.pass_type, p.revision
        )
        SELECT coalesce(array_agg(pass_id), '{}') AS pass_ids, coalesce(array_agg(pass_type), '{}') AS pass_types,
               coalesce(array_agg(revision), '{}') AS revisions
          FROM touched
        """,
        tx.tenant_id,
        pass_ids,
        shared.metadata,
        shared.removed.metadata,
        shared.additional_data,
        shared.removed.additional_data,
        now,
        growth.adds,
        growth.is_small,
    )
    assert touched is not None
    return touched


async def update_each(
    tx: Tx, pass_ids: Sequence[str], own: OwnChanges, removed: Removed, growth: Growth, now: datetime
) -> Touched:
    """Merge a change of its own into each of the passes, which are locked, as `update_alike` does.

    Raises asyncpg.UniqueViolationError.
    """
    touched = await tx.maybe(
        Touched,
        _UPDATE_EACH,
        tx.tenant_id,
        pass_ids,
        own.metadata,
        own.additional_data,
        own.pass_types,
        own.identifiers,
        own.identities,
        removed.metadata,
        removed.additional_data,
        now,
        growth.adds,
        growth.is_small,
    )
    assert touched is not None
    return touched


async def replace_identifiers(tx: Tx, pass_ids: Sequence[str], kept: Sequence[tuple[str, str, str]]) -> None:
    """Drop the identifiers of passes and keep others: pass id, name, value."""
    await tx.execute(
        "DELETE FROM pass_identifier WHERE tenant_id = $1 AND pass_id = ANY($2::text[])", tx.tenant_id, pass_ids
    )
    await tx.execute(
        """
        INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
        SELECT $1, i.name, i.value, i.pass_id
          FROM unnest($2::text[], $3::text[], $4::text[]) AS i (pass_id, name, value)
        """,
        tx.tenant_id,
        [pass_id for pass_id, _, _ in kept],
        [name for _, name, _ in kept],
        [value for _, _, value in kept],
    )


async def insert_notifications(
    tx: Tx,
    notification_ids: Sequence[UUID],
    pass_ids: Sequence[str],
    content: str | None,
    localized_content: str | None,
    update_data: bool,
    correlation_id: str | None,
    now: datetime,
) -> None:
    """Keep the intent to tell the holders of many passes the same."""
    await tx.execute(
        """
        INSERT INTO pass_notification (tenant_id, notification_id, pass_id, content, localized_content, update_data,
                                       correlation_id, created_at)
        SELECT $1, n.notification_id, n.pass_id, $4, $5, $6, $7, $8
          FROM unnest($2::uuid[], $3::text[]) AS n (notification_id, pass_id)
        """,
        tx.tenant_id,
        notification_ids,
        pass_ids,
        content,
        localized_content,
        update_data,
        correlation_id,
        now,
    )


async def list_matches(
    tx: Tx, groups: Sequence[int], names: Sequence[str], values: Sequence[str]
) -> list[tuple[int, str]]:
    """Find the passes that have all identifiers of a group: pairs of group and pass id, in id order.

    A group names each identifier once. The name `id` stands for the pass id itself.
    """
    records = await tx.records(
        """
        WITH wanted AS MATERIALIZED (
            SELECT w.at, w.name, w.value, count(*) OVER (PARTITION BY w.at) AS needed
              FROM unnest($2::integer[], $3::text[], $4::text[]) AS w (at, name, value)
        ), found AS (
            SELECT w.at, w.needed, i.pass_id FROM wanted w
              JOIN pass_identifier i ON i.tenant_id = $1 AND i.name = w.name AND i.value = w.value
             WHERE w.name <> 'id'
             UNION ALL
            SELECT w.at, w.needed, p.pass_id FROM wanted w JOIN pass p ON p.tenant_id = $1 AND p.pass_id = w.value
             WHERE w.name = 'id' AND p.voided_at IS NULL
        )
        SELECT f.at, f.pass_id FROM found f
         GROUP BY f.at, f.pass_id, f.needed
        HAVING count(*) = f.needed
         ORDER BY f.pass_id, f.at
        """,
        tx.tenant_id,
        groups,
        names,
        values,
    )
    return [(record["at"], record["pass_id"]) for record in records]
