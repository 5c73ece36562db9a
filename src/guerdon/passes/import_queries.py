"""Every statement on passes that come from another provider, and on the names by which phones know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A pass that is to be inserted."""

    pass_id: str
    pass_type: str
    sealed_secret: bytes
    identifiers_text: str
    identity: bytes | None
    metadata_text: str
    additional_data_text: str
    created_at: datetime
    apple_installed_at: datetime | None
    google_installed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alias:
    """A name under which a wallet knows a pass: Apple's serial number, Google's object id."""

    provider: str
    alias: str
    pass_id: str


async def list_serials(tx: Tx, serials: Sequence[str]) -> dict[str, str]:
    """Read the pass types of the passes that have these serials, as id or as Apple's alias."""
    records = await tx.records(
        """
        SELECT p.pass_id AS serial, p.pass_type
          FROM pass p WHERE p.tenant_id = $1 AND p.pass_id = ANY($2::text[])
         UNION ALL
        SELECT a.alias, p.pass_type
          FROM pass_alias a JOIN pass p ON p.tenant_id = $1 AND p.pass_id = a.pass_id
         WHERE a.tenant_id = $1 AND a.provider = 'apple' AND a.alias = ANY($2::text[])
        """,
        tx.tenant_id,
        serials,
    )
    return {record["serial"]: record["pass_type"] for record in records}


async def list_identities(tx: Tx, identities: Sequence[bytes]) -> set[bytes]:
    """Read which of these digests of type and identifiers are taken."""
    records = await tx.records(
        "SELECT identity FROM pass WHERE tenant_id = $1 AND identity = ANY($2::bytea[])", tx.tenant_id, identities
    )
    return {record["identity"] for record in records}


async def list_google_ids(tx: Tx, object_ids: Sequence[str]) -> set[str]:
    """Read which of these object ids of Google are taken."""
    records = await tx.records(
        """
        SELECT alias FROM pass_alias WHERE tenant_id = $1 AND provider = 'google' AND alias = ANY($2::text[])
        """,
        tx.tenant_id,
        object_ids,
    )
    return {record["alias"] for record in records}


async def measure_documents(tx: Tx, documents: Sequence[str]) -> int:
    """Tell how many bytes documents, as JSON text, have when the database prints them."""
    bytes_count: int = await tx.value(
        "SELECT sum(octet_length(d::jsonb::text)) FROM unnest($1::text[]) AS d", documents
    )
    return bytes_count


async def insert_passes(tx: Tx, rows: Sequence[ImportedRow]) -> None:
    """Keep new passes. Raises asyncpg.UniqueViolationError."""
    await tx.execute(
        """
        INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, identity, metadata,
                          additional_data, created_at, updated_at, apple_installed_at, google_installed_at)
        SELECT $1, n.pass_id, n.pass_type, n.sealed_secret, n.identifiers::jsonb, n.identity, n.metadata::jsonb,
               n.additional_data::jsonb, n.created_at, n.created_at, n.apple_installed_at, n.google_installed_at
          FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::bytea[], $7::text[], $8::text[],
                      $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
               AS n (pass_id, pass_type, sealed_secret, identifiers, identity, metadata, additional_data, created_at,
                     apple_installed_at, google_installed_at)
        """,
        tx.tenant_id,
        [row.pass_id for row in rows],
        [row.pass_type for row in rows],
        [row.sealed_secret for row in rows],
        [row.identifiers_text for row in rows],
        [row.identity for row in rows],
        [row.metadata_text for row in rows],
        [row.additional_data_text for row in rows],
        [row.created_at for row in rows],
        [row.apple_installed_at for row in rows],
        [row.google_installed_at for row in rows],
    )


async def insert_identifiers(tx: Tx, identifiers: Sequence[tuple[str, str, str]]) -> None:
    """Keep the identifiers of several passes: pass id, name, value."""
    await tx.execute(
        """
        INSERT INTO pass_identifier (tenant_id, pass_id, name, value)
        SELECT $1, i.pass_id, i.name, i.value
          FROM unnest($2::text[], $3::text[], $4::text[]) AS i (pass_id, name, value)
        """,
        tx.tenant_id,
        [pass_id for pass_id, _, _ in identifiers],
        [name for _, name, _ in identifiers],
        [value for _, _, value in identifiers],
    )


async def insert_aliases(tx: Tx, aliases: Sequence[Alias]) -> None:
    """Keep the names under which wallets know passes. Raises asyncpg.UniqueViolationError."""
    await tx.execute(
        """
        INSERT INTO pass_alias (tenant_id, provider, alias, pass_id)
        SELECT $1, a.provider, a.alias, a.pass_id
          FROM unnest($2::text[], $3::text[], $4::text[]) AS a (provider, alias, pass_id)
        """,
        tx.tenant_id,
        [one.provider for one in aliases],
        [one.alias for one in aliases],
        [one.pass_id for one in aliases],
    )


async def find_by_alias(tx: Tx, provider: str, alias: str) -> str | None:
    """Find the pass that a wallet knows under a name."""
    pass_id: str | None = await tx.value(
        "SELECT pass_id FROM pass_alias WHERE tenant_id = $1 AND provider = $2 AND alias = $3",
        tx.tenant_id,
        provider,
        alias,
    )
    return pass_id


async def list_aliases(tx: Tx, pass_id: str) -> list[Alias]:
    """Read the names under which wallets know a pass, one of each wallet at most."""
    return await tx.all(
        Alias,
        "SELECT provider, alias, pass_id FROM pass_alias WHERE tenant_id = $1 AND pass_id = $2 LIMIT 2",
        tx.tenant_id,
        pass_id,
    )
