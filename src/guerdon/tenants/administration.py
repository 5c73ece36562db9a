"""What the operator does with tenants, through the owner's connection; and how a tenant is read in its own."""

from datetime import datetime

import asyncpg

from guerdon.platform.db import Tx
from guerdon.platform.tenant_ids import OWN_ADDRESSES, is_tenant_id
from guerdon.tenants import queries
from guerdon.tenants.errors import TenantExists, TenantIdInvalid, TenantIdReserved, TenantNotFound
from guerdon.tenants.model import LIST_MAX, Tenant, TenantStatus


async def create_tenant(
    owner: "asyncpg.Connection[asyncpg.Record]",
    *,
    tenant_id: str,
    name: str,
    now: datetime,
    default_language: str = "en",
    is_sandbox: bool = False,
) -> Tenant:
    """Add an active tenant, which is a sandbox for good or never.

    Raises TenantIdInvalid, TenantIdReserved, TenantExists.
    """
    if not is_tenant_id(tenant_id):
        raise TenantIdInvalid
    if tenant_id in OWN_ADDRESSES:
        raise TenantIdReserved(tenant_id)
    tenant = Tenant(tenant_id, name, "active", default_language, None, now, is_sandbox=is_sandbox)
    if not await queries.insert_tenant(owner, tenant):
        raise TenantExists(tenant_id)
    return tenant


async def list_tenants(
    owner: "asyncpg.Connection[asyncpg.Record]", *, after: str = "", limit: int = LIST_MAX
) -> list[Tenant]:
    """Read at most `limit` tenants (1000 at most) whose ids follow `after`."""
    return await queries.list_tenants(owner, after=after, limit=min(limit, LIST_MAX))


async def set_tenant_status(owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, status: TenantStatus) -> None:
    """Open or disable a tenant; processes notice within `key_cache_s`. Raises TenantNotFound."""
    if not await queries.update_status(owner, tenant_id, status):
        raise TenantNotFound(tenant_id)


async def set_requests_per_minute(
    owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, requests_per_minute: int | None
) -> None:
    """Give a tenant its own limit of requests, or take it back with None. Raises TenantNotFound."""
    if not await queries.update_requests_per_minute(owner, tenant_id, requests_per_minute):
        raise TenantNotFound(tenant_id)


async def get_tenant(tx: Tx) -> Tenant:
    """Read the tenant of this transaction. Raises TenantNotFound."""
    tenant = await queries.find_tenant(tx)
    if tenant is None:
        raise TenantNotFound(tx.tenant_id)
    return tenant


async def lock_tenant(tx: Tx) -> None:
    """Let administrative writes of one tenant wait for each other, and nothing else. Raises TenantNotFound."""
    if not await queries.lock_tenant(tx):
        raise TenantNotFound(tx.tenant_id)


async def redraw_passes(tx: Tx) -> None:
    """Have every pass of the tenant drawn anew when next asked for: something that all may show has changed."""
    await queries.raise_revision(tx)
