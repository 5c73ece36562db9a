"""Every statement on passes, their identifiers and their notifications."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from guerdon.passes.model import Pass, identity_of, write_json
from guerdon.platform.db import Tx


async def insert_pass(tx: Tx, new: Pass, identity: bytes | None) -> int | None:
    """Keep a new pass and give the bytes of its documents; None when another one has this type and identifiers."""
    bytes_count: int | None = await tx.value(
        """
        INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, identity, metadata,
                          additional_data, revision, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (tenant_id, identity) DO NOTHING
        RETURNING octet_length(identifiers::text) + octet_length(metadata::text) + octet_length(additional_data::text)
        """,
        tx.tenant_id,
        new.pass_id,
        new.pass_type,
        new.sealed_secret,
        new.identifiers_text,
        identity,
        new.metadata_text,
        new.additional_data_text,
        new.revision,
        new.created_at,
        new.updated_at,
    )
    return bytes_count


async def insert_identifiers(tx: Tx, pass_id: str, identifiers: Mapping[str, object]) -> None:
    """Keep the identifiers by which a pass is found."""
    await tx.execute(
        """
        INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
        SELECT $1, i.name, i.value, $2 FROM unnest($3::text[], $4::text[]) AS i (name, value)
        """,
        tx.tenant_id,
        pass_id,
        list(identifiers),
        list(identifiers.values()),
    )


async def delete_identifiers(tx: Tx, pass_id: str) -> None:
    """Drop all identifiers of a pass, before its new ones are kept."""
    await tx.execute("DELETE FROM pass_identifier WHERE tenant_id = $1 AND pass_id = $2", tx.tenant_id, pass_id)


async def delete_members(tx: Tx, pass_id: str) -> None:
    """Drop all that a pass is searched and found by, its identifiers and its metadata: it is voided."""
    await delete_identifiers(tx, pass_id)
    await tx.execute("DELETE FROM pass_metadata WHERE tenant_id = $1 AND pass_id = $2", tx.tenant_id, pass_id)


async def find_by_identity(tx: Tx, identity: bytes) -> str | None:
    """Find the pass of a type and identifiers."""
    pass_id: str | None = await tx.value(
        "SELECT pass_id FROM pass WHERE tenant_id = $1 AND identity = $2", tx.tenant_id, identity
    )
    return pass_id


async def find_pass(tx: Tx, pass_id: str) -> Pass | None:
    """Read one pass, a voided one too."""
    return await tx.maybe(
        Pass,
        """
        SELECT pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, revision, created_at,
               updated_at, voided_at
          FROM pass WHERE tenant_id = $1 AND pass_id = $2
        """,
        tx.tenant_id,
        pass_id,
    )


async def has_passes_of(tx: Tx, pass_type: str) -> bool:
    """Tell whether any pass is of a type."""
    found = await tx.value(
        "SELECT EXISTS (SELECT FROM pass WHERE tenant_id = $1 AND pass_type = $2)", tx.tenant_id, pass_type
    )
    return found is True


async def list_revisions(tx: Tx, pass_ids: Sequence[str]) -> dict[str, int]:
    """Read the revisions of several passes by id."""
    records = await tx.records(
        "SELECT pass_id, revision FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[])", tx.tenant_id, pass_ids
    )
    return {record["pass_id"]: record["revision"] for record in records}


async def list_present(tx: Tx, pass_ids: Sequence[str]) -> set[str]:
    """Tell which of these passes are there and not voided."""
    records = await tx.records(
        "SELECT pass_id FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND voided_at IS NULL",
        tx.tenant_id,
        pass_ids,
    )
    return {record["pass_id"] for record in records}


async def lock_pass(tx: Tx, pass_id: str) -> Pass | None:
    """Read one pass, a voided one too, and hold its row until the transaction ends."""
    return await tx.maybe(
        Pass,
        """
        SELECT pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, revision, created_at,
               updated_at, voided_at
          FROM pass WHERE tenant_id = $1 AND pass_id = $2
           FOR NO KEY UPDATE
        """,
        tx.tenant_id,
        pass_id,
    )


async def find_pass_ids(
    tx: Tx, external: Sequence[tuple[str, str]], pass_id: str | None, pass_type: str | None
) -> list[str]:
    """Find the passes that all given identifiers match; two at most, for two are already too many."""
    (name, value), *others = external
    records = await tx.records(
        """
        SELECT i.pass_id
          FROM pass_identifier i
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = i.pass_id
         WHERE i.tenant_id = $1 AND i.name = $2 AND i.value = $3
           AND ($4::text IS NULL OR i.pass_id = $4)
           AND ($5::text IS NULL OR p.pass_type = $5)
           AND NOT EXISTS (
               SELECT FROM unnest($6::text[], $7::text[]) AS wanted (name, value)
                WHERE NOT EXISTS (
                      SELECT FROM pass_identifier o
                       WHERE o.tenant_id = $1 AND o.name = wanted.name AND o.value = wanted.value
                         AND o.pass_id = i.pass_id))
         LIMIT 2
        """,
        tx.tenant_id,
        name,
        value,
        pass_id,
        pass_type,
        [name for name, _ in others],
        [value for _, value in others],
    )
    return [record["pass_id"] for record in records]


async def void_pass(tx: Tx, pass_id: str, now: datetime) -> None:
    """Mark a pass as voided under a new revision; another one may have its type and identifiers from now on."""
    await tx.execute(
        """
        UPDATE pass
           SET voided_at = $3, identity = NULL, revision = revision + 1, updated_at = greatest(updated_at, $3)
         WHERE tenant_id = $1 AND pass_id = $2
        """,
        tx.tenant_id,
        pass_id,
        now,
    )


async def first_voided_after(tx: Tx, instant: datetime) -> datetime | None:
    """Read when the first pass was voided after an instant."""
    first: datetime | None = await tx.value(
        "SELECT min(voided_at) FROM pass WHERE tenant_id = $1 AND voided_at > $2", tx.tenant_id, instant
    )
    return first


async def list_voided(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give the ids of passes that were voided before an instant, in order."""
    records = await tx.records(
        "SELECT pass_id FROM pass WHERE tenant_id = $1 AND voided_at <= $2 ORDER BY pass_id LIMIT $3",
        tx.tenant_id,
        before,
        limit,
    )
    return [record["pass_id"] for record in records]


async def update_pass(tx: Tx, changed: Pass, identifiers: Mapping[str, object]) -> int:
    """Keep the changed documents of a pass under a new revision, and give their bytes."""
    bytes_count: int = await tx.value(
        """
        UPDATE pass
           SET pass_type = $3, identifiers = $4, identity = $5, metadata = $6, additional_data = $7,
               revision = revision + 1, updated_at = greatest(updated_at, $8)
         WHERE tenant_id = $1 AND pass_id = $2
        RETURNING octet_length(identifiers::text) + octet_length(metadata::text) + octet_length(additional_data::text)
        """,
        tx.tenant_id,
        changed.pass_id,
        changed.pass_type,
        write_json(identifiers),
        identity_of(changed.pass_type, identifiers),
        changed.metadata_text,
        changed.additional_data_text,
        changed.updated_at,
    )
    return bytes_count


async def touch_passes(tx: Tx, pass_ids: Sequence[str], now: datetime) -> None:
    """Give passes a new revision; their rows are locked in id order, so that no two writers wait in a ring.

    They are locked by the transaction's next statement, or at its commit (see platform.pending).
    """
    await tx.write(
        """
        WITH held AS MATERIALIZED (
            SELECT pass_id FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[])
             ORDER BY pass_id FOR NO KEY UPDATE
        )
        UPDATE pass p SET revision = p.revision + 1, updated_at = greatest(p.updated_at, $3)
          FROM held
         WHERE p.tenant_id = $1 AND p.pass_id = held.pass_id
        """,
        tx.tenant_id,
        pass_ids,
        now,
    )


async def insert_notification(
    tx: Tx,
    notification_id: UUID,
    pass_id: str,
    content: str | None,
    localized_content: str | None,
    update_data: bool,
    correlation_id: str | None,
    now: datetime,
) -> None:
    """Keep the intent to tell the holder of a pass something."""
    await tx.execute(
        """
        INSERT INTO pass_notification (tenant_id, notification_id, pass_id, content, localized_content, update_data,
                                       correlation_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        tx.tenant_id,
        notification_id,
        pass_id,
        content,
        localized_content,
        update_data,
        correlation_id,
        now,
    )
