import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.shops import Shop, problem
from tests.webhooks.feeds import commit, happen, read_all, read_settled, settle


async def test_events_come_in_order_with_all_that_is_documented(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="42")
    await settle(shop.house.database, shop.tenant_id)
    page = (await shop.ask("GET", "/events?types=pass.created")).json()

    (event,) = page["events"]
    assert set(event) == {"id", "type", "timestamp", "tenantId", "subject", "data"}
    assert (event["type"], event["tenantId"], event["subject"]) == ("Pass:Created", shop.tenant_id, pass_id)
    assert event["data"]["identifiers"] == {"customerId": "42"}


async def test_pages_go_on_where_the_last_one_ended_and_say_the_same_again(shop: Shop) -> None:
    await commit(shop.house.database, shop.tenant_id, *range(8))
    await settle(shop.house.database, shop.tenant_id)

    numbers, end = await read_all(shop, "&types=Pass:Updated")
    again, _ = await read_all(shop, "&types=Pass:Updated")
    await commit(shop.house.database, shop.tenant_id, 8)

    assert numbers == again == list(range(8))
    assert await read_settled(shop, after=end) == [8]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("types=pass:*", [1, 2]),
        ("types=PASS.UPDATED", [1]),
        ("types=Store:*:Moved", [3]),
        ("types=Store:*", [3, 4]),
        ("types=Pass:Created,store.closed", [2, 4]),
        ("subject=pass-3", [3]),
        ("types=*&subject=pass-4", [4]),
    ],
)
async def test_only_what_is_asked_for_comes(shop: Shop, query: str, numbers: list[int]) -> None:
    for number, kind in enumerate(("Pass:Updated", "Pass:Created", "Store:Vienna:Moved", "Store:Closed"), start=1):
        await commit(shop.house.database, shop.tenant_id, number, kind=kind)

    assert await read_settled(shop, "&" + query) == numbers


async def test_latest_is_where_the_events_end_now(shop: Shop) -> None:
    await commit(shop.house.database, shop.tenant_id, 1)
    await settle(shop.house.database, shop.tenant_id)
    cursor = (await shop.ask("GET", "/events?after=latest")).json()["next"]

    await commit(shop.house.database, shop.tenant_id, 2)

    assert await read_settled(shop, after=cursor) == [2]


async def test_an_event_that_commits_late_is_not_skipped(shop: Shop) -> None:
    database = shop.house.database
    async with AsyncExitStack() as stack:
        late = await stack.enter_async_context(database.tenant(shop.tenant_id))
        await happen(late, 1)
        await late.flush()
        await commit(database, shop.tenant_id, 2)
        before, cursor = await read_all(shop)
    after = await read_settled(shop, after=cursor)

    assert before == []
    assert after == [1, 2]


async def test_writers_that_commit_out_of_order_lose_no_event_and_double_none(shop: Shop) -> None:
    database, chance = shop.house.database, random.Random(7)  # noqa: S311  # only times

    async def write(first: int) -> None:
        for number in range(first, first + 15):
            async with database.tenant(shop.tenant_id) as tx:
                await happen(tx, number)
                await asyncio.sleep(chance.random() / 50)

    writing = asyncio.gather(*(write(100 * writer) for writer in range(4)))
    seen: list[int] = []
    cursor: str | None = None
    while not writing.done():
        numbers, cursor = await read_all(shop, after=cursor)
        seen += numbers
    await writing
    seen += await read_settled(shop, after=cursor)

    assert sorted(seen) == sorted(100 * writer + number for writer in range(4) for number in range(15))
    for writer in range(4):
        own = [number for number in seen if number // 100 == writer]
        assert own == sorted(own)


async def test_events_of_another_tenant_are_never_shown(shop: Shop, owner: object) -> None:
    del owner
    answer = await shop.http.get("/api/another-tenant/events", headers={"x-api-key": shop.key})

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query", ["after=nonsense", "after=99999999999999999999-" + "0" * 32, "types=a%20b", "types=Pass::x", "limit=0"]
)
async def test_a_bad_query_is_a_clear_refusal(shop: Shop, query: str) -> None:
    answer = await shop.ask("GET", f"/events?{query}")

    assert (answer.status_code, list(problem(answer)["errors"])) == (400, [query.partition("=")[0]])


async def test_tests_of_webhooks_are_shown_only_to_those_who_name_them(shop: Shop) -> None:
    await commit(shop.house.database, shop.tenant_id, 1, kind="Webhook:Test")

    assert await read_settled(shop) == []
    assert await read_settled(shop, "&types=webhook:test") == [1]
