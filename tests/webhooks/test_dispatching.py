"""Several tenants at one dispatcher: who waits for whom."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import asyncpg
import httpx2
import pytest

from guerdon.entrypoints.house import House
from guerdon.platform.db import Database
from guerdon.webhooks.registering import WEBHOOKS_TOPIC
from tests.shops import Shop, open_shop
from tests.webhooks.feeds import commit
from tests.webhooks.receiving import dispatching, receiver, subscribe

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NEVER_S = 60
WAITING_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
NOTED = "SELECT count(*) FROM webhook_delivery WHERE tenant_id = $1"


@pytest.fixture
async def neighbour(house: House, http: httpx2.AsyncClient, owner: Owner) -> Shop:
    """Another tenant at the same dispatcher."""
    name = f"n-{uuid.uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", name, datetime.now(UTC))
    return await open_shop(house, http, name)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await is_so():  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.01)


async def test_places_that_one_tenant_did_not_need_go_to_another_that_had_found_none(
    shop: Shop, neighbour: Shop, owner: Owner
) -> None:
    async def is_looked_at() -> bool:
        return await owner.fetchval(WAITING_FOR_A_LOCK) == 1

    async def is_noted() -> bool:
        return await owner.fetchval(NOTED, shop.tenant_id) == 1

    async with receiver() as at, AsyncExitStack() as running:
        webhook = await subscribe(shop, at.url, enabled=False)
        await commit(shop.house.database, shop.tenant_id, 1)
        await subscribe(neighbour, at.url, "Nothing:Ever")
        await commit(neighbour.house.database, neighbour.tenant_id, 1)
        async with neighbour.house.database.tenant(neighbour.tenant_id) as holding:
            await holding.value("SELECT 1 FROM webhook WHERE tenant_id = $1 FOR UPDATE", neighbour.tenant_id)
            await running.enter_async_context(dispatching(shop, sending_max=1, poll_s=NEVER_S))
            # The look at the neighbour has the only place, and waits for us.
            await until(is_looked_at)
            await shop.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
            await until(is_noted)

        await at.until(lambda: at.numbers == [1])


class Interrupted(Database):
    """A database in which something happens once, behind the first look across tenants and before its end."""

    def __init__(self, database: Database, happen: Callable[[], Awaitable[None]]) -> None:
        super().__init__(database._pool)  # noqa: SLF001  # the same pool under another name
        self._happen: Callable[[], Awaitable[None]] | None = happen

    @asynccontextmanager
    async def shared(self) -> AsyncGenerator[Any]:
        async with super().shared() as connection:
            yield connection
        happen, self._happen = self._happen, None
        if happen is not None:
            await happen()


async def test_webhooks_that_change_while_they_are_listed_are_listed_again(shop: Shop) -> None:
    heard = asyncio.Event()

    async def enable() -> None:
        await asyncio.sleep(0.2)  # until what was announced before has been heard
        heard.clear()
        await shop.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
        await heard.wait()

    async with receiver() as at:
        webhook = await subscribe(shop, at.url, enabled=False)
        await commit(shop.house.database, shop.tenant_id, 1)
        async with dispatching(shop, poll_s=NEVER_S, database=Interrupted(shop.house.database, enable)):
            shop.house.wakeups.listen(WEBHOOKS_TOPIC, heard.set)
            await at.until(lambda: at.numbers == [1])
