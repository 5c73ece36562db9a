from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest

from guerdon.platform.db import Database, open_database
from guerdon.tenants.clocks import TenantClocks, find_time

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=400)
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def in_a_process(database: Database) -> TenantClocks:
    return TenantClocks(database, lambda: NOON)


async def stand(owner: Owner, tenant_id: str, at: datetime) -> None:
    await owner.execute(
        "INSERT INTO tenant_clock (tenant_id, now_at) VALUES ($1, $2)"
        " ON CONFLICT (tenant_id) DO UPDATE SET now_at = excluded.now_at",
        tenant_id,
        at,
    )


async def test_a_clock_that_is_known_to_stand_is_read_anew_by_every_process(
    owner: Owner, database: Database, tenant_id: str
) -> None:
    one, other = in_a_process(database), in_a_process(database)
    await stand(owner, tenant_id, NOON)
    for clocks in (one, other):
        await clocks.read_all()

    await stand(owner, tenant_id, LATER)
    for clocks in (one, other):
        await clocks.follow(tenant_id)

    assert (one(tenant_id), other(tenant_id)) == (LATER, LATER)
    assert (await other.of(tenant_id))() == LATER


async def test_a_clock_never_goes_back_for_whoever_read_it_late(
    owner: Owner, database: Database, tenant_id: str
) -> None:
    clocks = in_a_process(database)
    await stand(owner, tenant_id, LATER)
    await clocks.look(tenant_id)
    await stand(owner, tenant_id, NOON)  # as a look does that began earlier and ends later

    await clocks.look(tenant_id)
    await clocks.read_all()

    assert clocks(tenant_id) == LATER


async def test_a_clock_that_was_seen_to_stand_is_not_forgotten_by_a_reading_that_began_before(
    owner: Owner, database: Database, tenant_id: str
) -> None:
    clocks = in_a_process(database)
    await stand(owner, tenant_id, LATER)
    await clocks.look(tenant_id)
    await owner.execute("DELETE FROM tenant_clock WHERE tenant_id = $1", tenant_id)  # so that it is not among them yet

    await clocks.read_all()

    assert clocks(tenant_id) == LATER


async def test_a_tenant_without_a_clock_has_the_time_of_the_world_and_costs_no_statement(
    owner_url: str, tenant_id: str
) -> None:
    unreachable = await open_database(owner_url, 1)
    await unreachable.close()
    clocks = in_a_process(unreachable)

    await clocks.follow(tenant_id)

    assert clocks(tenant_id) == NOON
    assert not clocks.stands(tenant_id)
    with pytest.raises(asyncpg.InterfaceError):
        await clocks.look(tenant_id)


async def test_whoever_asks_once_is_told_the_time_of_the_tenant(
    owner: Owner, database: Database, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        before = await find_time(tx, NOON)
    await stand(owner, tenant_id, LATER)
    async with database.tenant(tenant_id) as tx:
        after = await find_time(tx, NOON)

    assert (before, after) == (NOON, LATER)
