"""Every statement on installations of passes and on how people came to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.passes.installation import HeldPass, Installation, Provider, Registration, Standing
from guerdon.platform.db import Tx


async def lock_standing(tx: Tx, pass_id: str) -> Standing | None:
    """Read what a pass is and its counts, and hold its row until the transaction ends; a voided one too."""
    return await tx.maybe(
        Standing,
        """
        SELECT pass_type, identifiers, apple_devices, google_devices, registrations_total, voided_at
          FROM pass WHERE tenant_id = $1 AND pass_id = $2
           FOR NO KEY UPDATE
        """,
        tx.tenant_id,
        pass_id,
    )


async def update_counts(tx: Tx, pass_id: str, counted: Standing, installed_by: Provider | None, now: datetime) -> None:
    """Keep the counts of a pass, and the date of its first installation by a wallet, which stays."""
    await tx.execute(
        """
        UPDATE pass
           SET apple_devices = $3, google_devices = $4, registrations_total = $5,
               apple_installed_at = CASE WHEN $6::text = 'apple' THEN coalesce(apple_installed_at, $7)
                                         ELSE apple_installed_at END,
               google_installed_at = CASE WHEN $6::text = 'google' THEN coalesce(google_installed_at, $7)
                                          ELSE google_installed_at END
         WHERE tenant_id = $1 AND pass_id = $2
        """,
        tx.tenant_id,
        pass_id,
        counted.apple_devices,
        counted.google_devices,
        counted.registrations_total,
        installed_by,
        now,
    )


async def find_installation(tx: Tx, provider: Provider, device_id: str, pass_id: str) -> Installation | None:
    """Read what is known of one device and one pass."""
    return await tx.maybe(
        Installation,
        """
        SELECT source, first_at, removed_at
          FROM pass_installation
         WHERE tenant_id = $1 AND provider = $2 AND device_id = $3 AND pass_id = $4
        """,
        tx.tenant_id,
        provider,
        device_id,
        pass_id,
    )


async def insert_installation(tx: Tx, new: Registration, source_text: str, now: datetime) -> None:
    """Keep a device that never held the pass before."""
    await tx.execute(
        """
        INSERT INTO pass_installation (tenant_id, provider, device_id, pass_id, sealed_push_token, source, first_at,
                                       last_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        """,
        tx.tenant_id,
        new.provider,
        new.device_id,
        new.pass_id,
        new.sealed_push_token,
        source_text,
        now,
    )


async def renew_installation(tx: Tx, new: Registration, source_text: str, now: datetime) -> None:
    """Keep that a known device holds the pass, with the push token that it gave last."""
    await tx.execute(
        """
        UPDATE pass_installation
           SET sealed_push_token = $5, source = $6, last_at = $7, removed_at = NULL
         WHERE tenant_id = $1 AND provider = $2 AND device_id = $3 AND pass_id = $4
        """,
        tx.tenant_id,
        new.provider,
        new.device_id,
        new.pass_id,
        new.sealed_push_token,
        source_text,
        now,
    )


async def remove_installation(tx: Tx, provider: Provider, device_id: str, pass_id: str, now: datetime) -> None:
    """Keep that a device has given the pass up; its push token goes."""
    await tx.execute(
        """
        UPDATE pass_installation
           SET sealed_push_token = NULL, removed_at = $5
         WHERE tenant_id = $1 AND provider = $2 AND device_id = $3 AND pass_id = $4
        """,
        tx.tenant_id,
        provider,
        device_id,
        pass_id,
        now,
    )


async def list_held_passes(tx: Tx, provider: Provider, device_id: str, limit: int) -> list[HeldPass]:
    """Read the passes that a device holds now, voided ones too, by id."""
    return await tx.all(
        HeldPass,
        """
        SELECT coalesce(a.alias, p.pass_id) AS serial_number, p.revision, p.updated_at
          FROM pass_installation i
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = i.pass_id
          LEFT JOIN pass_alias a ON a.tenant_id = $1 AND a.pass_id = i.pass_id AND a.provider = $2
         WHERE i.tenant_id = $1 AND i.provider = $2 AND i.device_id = $3 AND i.removed_at IS NULL
         ORDER BY i.pass_id LIMIT $4
        """,
        tx.tenant_id,
        provider,
        device_id,
        limit,
    )


async def insert_sources(
    tx: Tx, pass_ids: Sequence[str], source_ids: Sequence[UUID], source_texts: Sequence[str], now: datetime
) -> None:
    """Keep how people came to passes; those that are not there or are voided are left out."""
    await tx.execute(
        """
        INSERT INTO pass_source (tenant_id, pass_id, source_id, source, downloaded_at)
        SELECT $1, p.pass_id, s.source_id, s.source::jsonb, $5
          FROM unnest($2::text[], $3::uuid[], $4::text[]) AS s (pass_id, source_id, source)
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = s.pass_id AND p.voided_at IS NULL
        """,
        tx.tenant_id,
        pass_ids,
        source_ids,
        source_texts,
        now,
    )


async def delete_surplus_sources(tx: Tx, pass_ids: Sequence[str], sources_max: int) -> None:
    """Drop all but the newest sources of each pass."""
    await tx.execute(
        """
        WITH ranked AS (
            SELECT pass_id, source_id, row_number() OVER (PARTITION BY pass_id ORDER BY source_id DESC) AS place
              FROM pass_source WHERE tenant_id = $1 AND pass_id = ANY($2::text[])
        )
        DELETE FROM pass_source s
         USING ranked r
         WHERE s.tenant_id = $1 AND s.pass_id = r.pass_id AND s.source_id = r.source_id AND r.place > $3
        """,
        tx.tenant_id,
        pass_ids,
        sources_max,
    )


async def claim_source(tx: Tx, pass_id: str) -> str | None:
    """Take the newest source of a pass out, as JSON text: it belongs to the registration that follows it."""
    source: str | None = await tx.value(
        """
        DELETE FROM pass_source
         WHERE tenant_id = $1 AND pass_id = $2 AND source_id = (
               SELECT source_id FROM pass_source
                WHERE tenant_id = $1 AND pass_id = $2 ORDER BY source_id DESC LIMIT 1)
        RETURNING source
        """,
        tx.tenant_id,
        pass_id,
    )
    return source


async def delete_old_sources(tx: Tx, before: datetime, sources_max: int) -> int:
    """Drop at most so many sources of downloads before an instant, and tell how many."""
    return await tx.execute(
        """
        DELETE FROM pass_source s
         USING (SELECT pass_id, source_id FROM pass_source
                 WHERE tenant_id = $1 AND downloaded_at < $2 ORDER BY downloaded_at LIMIT $3) AS old
         WHERE s.tenant_id = $1 AND s.pass_id = old.pass_id AND s.source_id = old.source_id
        """,
        tx.tenant_id,
        before,
        sources_max,
    )
