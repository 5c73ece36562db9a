"""Every statement on what passes hold of a person: finding it, reading it whole, erasing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class ErasedPass:
    """A pass that is being erased, with what it counts for and what goes with it."""

    pass_id: str
    pass_type: str
    apple_devices: int
    google_devices: int
    is_voided: bool
    identifiers: int
    scans: int
    notifications: int
    installations: int


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """What a holder was to be told."""

    notification_id: UUID
    content: str | None
    localized_content_text: str | None
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InstallationRow:
    """A device that holds a pass, or held it."""

    provider: str
    device_id: str
    source_text: str
    first_at: datetime
    last_at: datetime
    removed_at: datetime | None


async def list_matching(tx: Tx, external: Sequence[tuple[str, str]], pass_id: str | None, limit: int) -> list[str]:
    """Find the passes that all identifiers match, and the id when one is given."""
    records = await tx.records(
        """
        SELECT p.pass_id
          FROM pass p
         WHERE p.tenant_id = $1
           AND ($2::text IS NULL OR p.pass_id = $2)
           AND ($3::text IS NULL OR p.pass_id IN (
                SELECT i.pass_id FROM pass_identifier i WHERE i.tenant_id = $1 AND i.name = $3 AND i.value = $4))
           AND NOT EXISTS (
               SELECT FROM unnest($5::text[], $6::text[]) AS wanted (name, value)
                WHERE NOT EXISTS (
                      SELECT FROM pass_identifier o
                       WHERE o.tenant_id = $1 AND o.name = wanted.name AND o.value = wanted.value
                         AND o.pass_id = p.pass_id))
         ORDER BY p.pass_id LIMIT $7
        """,
        tx.tenant_id,
        pass_id,
        external[0][0] if external else None,
        external[0][1] if external else None,
        [name for name, _ in external[1:]],
        [value for _, value in external[1:]],
        limit,
    )
    return [record["pass_id"] for record in records]


async def lock_passes(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Hold passes against every other writer until the transaction ends, in id order."""
    await tx.records(
        """
        SELECT pass_id FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) ORDER BY pass_id FOR UPDATE
        """,
        tx.tenant_id,
        pass_ids,
    )


async def list_erased(tx: Tx, pass_ids: Sequence[str]) -> list[ErasedPass]:
    """Read what passes count for, and how many rows go with each."""
    return await tx.all(
        ErasedPass,
        """
        SELECT p.pass_id, p.pass_type, p.apple_devices, p.google_devices, p.voided_at IS NOT NULL AS is_voided,
               (SELECT count(*) FROM pass_identifier i WHERE i.tenant_id = $1 AND i.pass_id = p.pass_id) AS identifiers,
               (SELECT count(*) FROM pass_scan s WHERE s.tenant_id = $1 AND s.pass_id = p.pass_id) AS scans,
               (SELECT count(*) FROM pass_notification n WHERE n.tenant_id = $1 AND n.pass_id = p.pass_id)
                   AS notifications,
               (SELECT count(*) FROM pass_installation d WHERE d.tenant_id = $1 AND d.pass_id = p.pass_id)
                   AS installations
          FROM pass p
         WHERE p.tenant_id = $1 AND p.pass_id = ANY($2::text[])
         ORDER BY p.pass_id
        """,
        tx.tenant_id,
        pass_ids,
    )


async def delete_passes(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Drop passes with all that goes with them. Raises asyncpg.ForeignKeyViolationError when one has a privilege."""
    await tx.execute("DELETE FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[])", tx.tenant_id, pass_ids)


async def list_notifications(tx: Tx, pass_id: str, after: UUID, limit: int) -> list[NotificationRow]:
    """Read what the holder of a pass was to be told."""
    return await tx.all(
        NotificationRow,
        """
        SELECT notification_id, content, localized_content, state, created_at
          FROM pass_notification
         WHERE tenant_id = $1 AND pass_id = $2 AND notification_id > $3
         ORDER BY notification_id LIMIT $4
        """,
        tx.tenant_id,
        pass_id,
        after,
        limit,
    )


async def list_installations(tx: Tx, pass_id: str, limit: int) -> list[InstallationRow]:
    """Read the devices that hold a pass or held it, the first ones first."""
    return await tx.all(
        InstallationRow,
        """
        SELECT provider, device_id, source, first_at, last_at, removed_at
          FROM pass_installation
         WHERE tenant_id = $1 AND pass_id = $2
         ORDER BY first_at LIMIT $3
        """,
        tx.tenant_id,
        pass_id,
        limit,
    )
