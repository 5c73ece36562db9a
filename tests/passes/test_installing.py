import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from guerdon.passes.errors import PassNotFound
from guerdon.passes.installation import Provider, Registration, Source
from guerdon.passes.installing import device_name, record_installed, record_removed
from guerdon.passes.sources import KEPT_FOR, SOURCES_MAX, forget_old_sources, keep_sources
from tests.shops import Shop

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def install(
    shop: Shop, pass_id: str, device: str, now: datetime = NOW, provider: Provider = "apple", token: bytes = b"t"
) -> bool:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        return await record_installed(tx, Registration(provider, device, pass_id, token), "device:apple", now)


async def remove(shop: Shop, pass_id: str, device: str, now: datetime = NOW) -> bool:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        return await record_removed(tx, "apple", device, pass_id, "device:apple", now)


async def visit(shop: Shop, pass_id: str, now: datetime = NOW, *sources: Source) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await keep_sources(tx, [(pass_id, source) for source in sources], now)


async def counts(shop: Shop, owner: Owner, pass_id: str) -> Mapping[str, Any]:
    row = await owner.fetchrow(
        """SELECT apple_devices, google_devices, registrations_total, apple_installed_at, google_installed_at, revision
             FROM pass WHERE tenant_id = $1 AND pass_id = $2""",
        shop.tenant_id,
        pass_id,
    )
    assert row is not None
    return dict(row)


async def told(shop: Shop, owner: Owner, kind: str) -> list[dict[str, Any]]:
    rows = await owner.fetch(
        "SELECT payload FROM event WHERE tenant_id = $1 AND kind = $2 ORDER BY transaction_id, event_id",
        shop.tenant_id,
        kind,
    )
    return [msgspec.json.decode(row["payload"]) for row in rows]


async def test_a_device_counts_once_however_often_it_registers(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()

    news = [await install(shop, pass_id, "phone") for _ in range(3)]

    assert news == [True, False, False]
    assert (await counts(shop, owner, pass_id))["apple_devices"] == 1
    assert len(await told(shop, owner, "Pass:Installed")) == 1


async def test_a_repeat_keeps_the_push_token_that_came_last(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()
    await install(shop, pass_id, "phone", token=b"old")

    await install(shop, pass_id, "phone", token=b"new")

    query = "SELECT sealed_push_token FROM pass_installation WHERE tenant_id = $1"
    assert await owner.fetchval(query, shop.tenant_id) == b"new"


async def test_devices_that_register_at_once_are_all_counted(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()

    await asyncio.gather(*(install(shop, pass_id, f"phone-{number % 20}") for number in range(40)))
    await asyncio.gather(*(remove(shop, pass_id, f"phone-{number % 5}") for number in range(10)))

    found = await counts(shop, owner, pass_id)
    assert (found["apple_devices"], found["registrations_total"]) == (15, 20)
    events = await told(shop, owner, "Pass:Installed")
    assert sorted(event["activeRegistrationCount"] for event in events) == list(range(1, 21))


async def test_the_first_date_stays_and_the_revision_too(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()

    await install(shop, pass_id, "phone")
    await remove(shop, pass_id, "phone", NOW + timedelta(days=1))
    await install(shop, pass_id, "phone", NOW + timedelta(days=2))
    await install(shop, pass_id, "android", NOW + timedelta(days=3), provider="google")

    assert await counts(shop, owner, pass_id) == {
        "apple_devices": 1,
        "google_devices": 1,
        "registrations_total": 2,
        "apple_installed_at": NOW,
        "google_installed_at": NOW + timedelta(days=3),
        "revision": 1,
    }


async def test_a_device_that_gives_the_pass_up_leaves_its_push_token_behind(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue(customerId="7")
    await install(shop, pass_id, "phone")

    news = [await remove(shop, pass_id, "phone"), await remove(shop, pass_id, "phone")]

    assert news == [True, False]
    (event,) = await told(shop, owner, "Pass:Uninstalled")
    assert event == {
        "passId": pass_id,
        "passType": "card",
        "identifiers": {"customerId": "7"},
        "provider": "apple",
        "device": device_name("apple", "phone"),
        "activeRegistrationCount": 0,
        "totalRegistrationCount": 1,
        "source": {"tags": []},
    }
    query = "SELECT sealed_push_token FROM pass_installation WHERE tenant_id = $1"
    assert await owner.fetchval(query, shop.tenant_id) is None


async def test_a_registration_takes_the_newest_unclaimed_download(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()
    await visit(shop, pass_id, NOW, Source(("old",)))
    await visit(shop, pass_id, NOW, Source(("spring", "vip"), "email", "https://shop.example", "iPhone"))

    await install(shop, pass_id, "phone")
    await install(shop, pass_id, "watch")
    await install(shop, pass_id, "tablet")

    sources = [event["source"] for event in await told(shop, owner, "Pass:Installed")]
    newest = {"tags": ["spring", "vip"], "medium": "email", "origin": "https://shop.example", "userAgent": "iPhone"}
    assert sources == [newest, {"tags": ["old"]}, {"tags": []}]


async def test_sources_are_bounded_and_forgotten(shop: Shop, owner: Owner) -> None:
    pass_id = await shop.issue()
    await visit(shop, pass_id, NOW, *(Source((str(number),)) for number in range(SOURCES_MAX + 5)))
    query = "SELECT count(*) FROM pass_source WHERE tenant_id = $1"
    kept = await owner.fetchval(query, shop.tenant_id)

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        early = await forget_old_sources(tx, NOW + KEPT_FOR, 100)
        late = await forget_old_sources(tx, NOW + KEPT_FOR + timedelta(seconds=1), 15)

    assert (kept, early, late) == (SOURCES_MAX, 0, 15)


@pytest.mark.parametrize("pass_id", ["aaaaaaaaaaaaaaaaaaaa", "?", "x" * 60])
async def test_only_a_pass_that_exists_can_be_installed(shop: Shop, pass_id: str) -> None:
    with pytest.raises(PassNotFound):
        await install(shop, pass_id, "phone")
