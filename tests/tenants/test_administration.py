from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from guerdon.platform.db import Database
from guerdon.tenants.administration import (
    create_tenant,
    get_tenant,
    list_tenants,
    set_requests_per_minute,
    set_tenant_status,
)
from guerdon.tenants.errors import TenantExists, TenantIdInvalid, TenantIdReserved, TenantNotFound

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def a_tenant_id() -> str:
    return f"shop-{uuid4().hex[:12]}"


async def test_a_created_tenant_is_read_in_its_own_transaction(owner: Owner, database: Database) -> None:
    tenant_id = a_tenant_id()

    created = await create_tenant(owner, tenant_id=tenant_id, name="Shop", now=NOW)

    async with database.tenant(tenant_id) as tx:
        assert await get_tenant(tx) == created
    assert not created.is_disabled


async def test_an_id_is_given_once(owner: Owner, tenant_id: str) -> None:
    with pytest.raises(TenantExists):
        await create_tenant(owner, tenant_id=tenant_id, name="Again", now=NOW)


@pytest.mark.parametrize("tenant_id", ["api", "static", "wallet2-api"])
async def test_no_tenant_stands_in_the_place_of_our_own_addresses(owner: Owner, tenant_id: str) -> None:
    with pytest.raises(TenantIdReserved):
        await create_tenant(owner, tenant_id=tenant_id, name="Shop", now=NOW)


@pytest.mark.parametrize("tenant_id", ["", "a", "-a", "a-", "A1", "a_b", "a'b", "x" * 41])
async def test_a_strange_id_is_refused(owner: Owner, tenant_id: str) -> None:
    with pytest.raises(TenantIdInvalid):
        await create_tenant(owner, tenant_id=tenant_id, name="Shop", now=NOW)


async def test_tenants_are_listed_in_pages(owner: Owner) -> None:
    start = a_tenant_id()
    for ending in ("a", "b", "c"):
        await create_tenant(owner, tenant_id=start + ending, name="Shop", now=NOW)

    first = await list_tenants(owner, after=start, limit=2)
    second = await list_tenants(owner, after=first[-1].tenant_id, limit=1)

    assert [tenant.tenant_id[-1] for tenant in [*first, *second]] == ["a", "b", "c"]


async def test_a_tenant_is_disabled_and_opened_again(owner: Owner, database: Database, tenant_id: str) -> None:
    await set_tenant_status(owner, tenant_id, "disabled")
    async with database.tenant(tenant_id) as tx:
        assert (await get_tenant(tx)).is_disabled

    await set_tenant_status(owner, tenant_id, "active")
    async with database.tenant(tenant_id) as tx:
        assert not (await get_tenant(tx)).is_disabled


async def test_a_tenant_may_have_its_own_limit(owner: Owner, database: Database, tenant_id: str) -> None:
    await set_requests_per_minute(owner, tenant_id, 7)

    async with database.tenant(tenant_id) as tx:
        assert (await get_tenant(tx)).requests_per_minute == 7


async def test_an_unknown_tenant_is_not_found(owner: Owner, database: Database) -> None:
    with pytest.raises(TenantNotFound):
        await set_tenant_status(owner, "nobody", "disabled")
    with pytest.raises(TenantNotFound):
        await set_requests_per_minute(owner, "nobody", 1)
    async with database.tenant("nobody") as tx:
        with pytest.raises(TenantNotFound):
            await get_tenant(tx)
