import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from guerdon.passes.updating import Notification, request_notification
from guerdon.platform.db import Database
from guerdon.platform.events import Event, emit
from tests.live.conftest import Served, next_frame
from tests.shops import Shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_a_page_is_told_of_everything_that_happens_to_its_pass_in_order(served: Served, shop: Shop) -> None:
    pass_id = await shop.issue()
    async with await served.watch(shop, pass_id) as page:
        privilege_id = await shop.grant(pass_id)
        movement = {"oldValue": 0, "movementValue": 1.5}
        assert (await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", movement)).is_success
        assert (await shop.ask("PUT", f"/passes/{pass_id}/privileges/{privilege_id}", {"priority": 3})).is_success
        assert (await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"storeId": "7"}})).is_success
        assert (await shop.ask("DELETE", f"/passes/{pass_id}/privileges/{privilege_id}")).is_success

        told = [await next_frame(page) for _ in range(5)]

    assert [frame["type"] for frame in told] == [
        "privilegeAdded",
        "privilegeMoved",
        "privilegeUpdated",
        "updated",
        "privilegeDeleted",
    ]
    assert {frame["passId"] for frame in told} == {pass_id}


async def test_a_frame_says_what_the_page_may_see_and_no_more(served: Served, shop: Shop, database: Database) -> None:
    pass_id = await shop.issue()
    payload = '{"passId":"x","provider":"apple","deviceId":"secret","pushToken":"secret"}'
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as tx:
            await emit(tx, [Event(f"Pass:{kind}", pass_id, payload, "a") for kind in ("Installed", "Uninstalled")], NOW)

        assert [await next_frame(page), await next_frame(page)] == [
            {"type": kind, "passId": pass_id, "at": "2026-11-23T12:00:00Z", "provider": "apple"}
            for kind in ("installed", "uninstalled")
        ]


async def test_what_a_holder_is_told_stays_between_the_two(served: Served, shop: Shop, database: Database) -> None:
    pass_id = await shop.issue()
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as tx:
            secret = Notification("a private word", None, update_data=False, correlation_id=None)
            await request_notification(tx, uuid4(), pass_id, secret, "a", NOW)

        assert await next_frame(page) == {"type": "notified", "passId": pass_id, "at": "2026-11-23T12:00:00Z"}


async def test_values_are_told_exactly(served: Served, shop: Shop) -> None:
    pass_id = await shop.issue()
    privilege_id = await shop.grant(pass_id, 0.1)
    async with await served.watch(shop, pass_id) as page:
        movement = {"oldValue": 0.1, "movementValue": 0.2}
        await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", movement)

        while (text := await page.recv(decode=True)) and '"privilegeMoved"' not in text:
            pass

    assert '"movementValue":0.2,"value":0.3}' in text


async def test_a_page_hears_of_its_own_pass_only(served: Served, shop: Shop) -> None:
    mine, other = await shop.issue(customer="1"), await shop.issue(customer="2")
    async with await served.watch(shop, mine) as page:
        await shop.grant(other)
        privilege_id = await shop.grant(mine)

        assert (await next_frame(page))["privilegeId"] == privilege_id


async def test_what_another_process_commits_without_a_wake_up_is_found_by_polling(
    served: Served, shop: Shop, database: Database
) -> None:
    pass_id = await shop.issue()
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as tx:
            await emit(tx, [Event("Pass:Updated", pass_id, '{"revision": 9}', "a")], NOW)

        assert (await next_frame(page))["revision"] == 9


async def test_what_commits_late_is_told_all_the_same(served: Served, shop: Shop, database: Database) -> None:
    pass_id = await shop.issue()
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as late:
            await emit(late, [Event("Pass:Updated", pass_id, '{"revision": 1}', "a")], NOW)
            await late.flush()
            privilege_id = await shop.grant(pass_id)
            await asyncio.sleep(0.3)
        told = [await next_frame(page), await next_frame(page)]

    assert [frame.get("revision") or frame.get("privilegeId") for frame in told] == [1, privilege_id]


async def test_a_burst_reaches_a_client_that_keeps_up(served: Served, shop: Shop, database: Database) -> None:
    pass_id = await shop.issue()
    events = [Event("Privilege:Moved", pass_id, f'{{"value": {n}}}', "a") for n in range(1_000)]
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as tx:
            await emit(tx, events, NOW)

        assert [(await next_frame(page))["value"] for _ in range(1_000)] == list(range(1_000))


@pytest.mark.parametrize("kind", ["Pass:Created", "Pass:Scanned", "ApiKey:Created"])
async def test_what_is_no_news_to_a_page_is_not_told(served: Served, shop: Shop, database: Database, kind: str) -> None:
    pass_id = await shop.issue()
    async with await served.watch(shop, pass_id) as page:
        async with database.tenant(shop.tenant_id) as tx:
            await emit(tx, [Event(kind, pass_id, "{}", "a"), Event("Pass:Updated", pass_id, "{}", "a")], NOW)

        assert (await next_frame(page))["type"] == "updated"
