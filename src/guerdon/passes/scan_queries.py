"""Every statement on scans, and on finding the pass that a scanned value belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.passes.model import read_object
from guerdon.platform.db import Tx

FOUND_MAX = 50


@dataclass(frozen=True, slots=True)
class FoundPass:
    """A pass that a scanned value may belong to."""

    pass_id: str
    pass_type: str
    identifiers_text: str

    def identifiers(self) -> list[tuple[str, str]]:
        """Give its names and values."""
        return [(name, str(value)) for name, value in read_object(self.identifiers_text).items()]


@dataclass(frozen=True, slots=True)
class Scan:
    """A pass that was scanned: when, as what kind of code, by whom."""

    scan_id: UUID
    pass_id: str
    type: str
    actor: str
    scanned_at: datetime


async def find_by_ids(tx: Tx, pass_ids: Sequence[str]) -> list[FoundPass]:
    """Read the passes of these ids."""
    return await tx.all(
        FoundPass,
        """
        SELECT pass_id, pass_type, identifiers
          FROM pass WHERE tenant_id = $1 AND pass_id = ANY($2::text[]) AND voided_at IS NULL
        """,
        tx.tenant_id,
        pass_ids,
    )


async def find_by_value(tx: Tx, value: str) -> list[FoundPass]:
    """Find passes that have this value as an identifier of any name, or as their serial number at Apple; 50 at most."""
    return await tx.all(
        FoundPass,
        """
        SELECT p.pass_id, p.pass_type, p.identifiers
          FROM pass p
         WHERE p.tenant_id = $1
           AND p.pass_id IN (
               (SELECT i.pass_id FROM pass_identifier i WHERE i.tenant_id = $1 AND i.value = $2 LIMIT $3)
                UNION ALL
               SELECT a.pass_id FROM pass_alias a WHERE a.tenant_id = $1 AND a.provider = 'apple' AND a.alias = $2)
        """,
        tx.tenant_id,
        value,
        FOUND_MAX,
    )


async def find_by_identifiers(tx: Tx, wanted: Sequence[tuple[str, str, str]]) -> list[FoundPass]:
    """Find the passes of a type that have an identifier; `wanted` holds type, name and value; 50 at most."""
    return await tx.all(
        FoundPass,
        """
        SELECT p.pass_id, p.pass_type, p.identifiers
          FROM unnest($2::text[], $3::text[], $4::text[]) AS w (pass_type, name, value)
          JOIN pass_identifier i ON i.tenant_id = $1 AND i.name = w.name AND i.value = w.value
          JOIN pass p ON p.tenant_id = $1 AND p.pass_id = i.pass_id AND p.pass_type = w.pass_type
         LIMIT $5
        """,
        tx.tenant_id,
        [pass_type for pass_type, _, _ in wanted],
        [name for _, name, _ in wanted],
        [value for _, _, value in wanted],
        FOUND_MAX,
    )


async def insert_scan(tx: Tx, scan: Scan) -> None:
    """Keep a scan."""
    await tx.execute(
        """
        INSERT INTO pass_scan (tenant_id, scan_id, pass_id, type, actor, scanned_at) VALUES ($1, $2, $3, $4, $5, $6)
        """,
        tx.tenant_id,
        scan.scan_id,
        scan.pass_id,
        scan.type,
        scan.actor,
        scan.scanned_at,
    )


async def list_scans(tx: Tx, before: UUID | None, limit: int) -> list[Scan]:
    """Read the scans before one, newest first."""
    return await tx.all(
        Scan,
        """
        SELECT scan_id, pass_id, type, actor, scanned_at
          FROM pass_scan
         WHERE tenant_id = $1 AND scan_id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
         ORDER BY scan_id DESC LIMIT $3
        """,
        tx.tenant_id,
        before,
        limit,
    )


async def list_scans_of_pass(tx: Tx, pass_id: str, before: UUID | None, limit: int) -> list[Scan]:
    """Read the scans of one pass before one of them, newest first."""
    return await tx.all(
        Scan,
        """
        SELECT scan_id, pass_id, type, actor, scanned_at
          FROM pass_scan
         WHERE tenant_id = $1 AND pass_id = $2
           AND scan_id < coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
         ORDER BY scan_id DESC LIMIT $4
        """,
        tx.tenant_id,
        pass_id,
        before,
        limit,
    )
