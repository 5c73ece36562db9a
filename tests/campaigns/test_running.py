import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY
from uuid import UUID

import asyncpg
import pytest

from guerdon.campaigns import jobs, queries
from guerdon.campaigns.jobs import run_campaign
from guerdon.campaigns.working import get_work, work_chunk
from guerdon.platform.jobs import RetryLater
from tests.campaigns.conftest import EVERY, Marketer
from tests.shops import Shop, open_shop, problem

SMALL = {"passesPerSecond": 8}  # chunks of two
GOLD = {"metadata": {"tier": "gold"}}


async def begin(marketer: Marketer, chunks: int, **members: object) -> str:
    """Start a campaign in chunks of two and do the first few of them."""
    correlation_id = await marketer.start(**{**EVERY, "update": GOLD, "options": SMALL, **members})
    for _ in range(chunks):
        await do_chunk(marketer, correlation_id)
    return correlation_id


async def do_chunk(marketer: Marketer, correlation_id: str, *, then_die: bool = False) -> None:
    campaign_id = UUID((await marketer.statistics_of(correlation_id))["operationId"])
    async with marketer.shop.house.database.tenant(marketer.shop.tenant_id) as tx:
        campaign = await queries.find_campaign(tx, campaign_id)
        assert campaign is not None
        await work_chunk(tx, campaign, await get_work(tx, campaign_id, correlation_id), datetime.now(UTC))
        if then_die:
            raise ConnectionAbortedError


async def revisions(marketer: Marketer, pass_ids: list[str]) -> list[int]:
    return [(await marketer.document(pass_id))["revision"] for pass_id in pass_ids]


async def test_a_campaign_that_died_within_a_chunk_goes_on_with_nothing_twice_and_nothing_missed(
    marketer: Marketer,
) -> None:
    pass_ids = await marketer.issue_many(5)
    correlation_id = await begin(marketer, 1)
    with pytest.raises(ConnectionAbortedError):
        await do_chunk(marketer, correlation_id, then_die=True)
    assert (await marketer.statistics_of(correlation_id))["updated"] == 2

    statistics = await marketer.run(correlation_id)

    assert statistics["updated"] == 5
    assert await revisions(marketer, pass_ids) == [2] * 5


async def test_a_cancelled_campaign_stops_and_what_it_did_stays(marketer: Marketer) -> None:
    pass_ids = sorted(await marketer.issue_many(5))
    correlation_id = await begin(marketer, 1)

    answer = await marketer.shop.ask("POST", f"/passes/push-updates/{correlation_id}/cancel")
    statistics = await marketer.run(correlation_id)

    assert answer.status_code == 202
    assert (statistics["cancelled"], statistics["updated"], statistics["total"]) == (True, 2, 5)
    states = await marketer.outcomes(correlation_id)
    assert [states[pass_id] for pass_id in pass_ids] == ["updated", "updated", "cancelled", "cancelled", "cancelled"]


async def test_a_cancel_can_be_repeated_and_one_of_nothing_is_404(marketer: Marketer) -> None:
    await marketer.issue_many(1)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    path = f"/passes/push-updates/{correlation_id}/cancel"

    assert [(await marketer.shop.ask("POST", path)).status_code for _ in range(2)] == [202, 202]
    unknown = await marketer.shop.ask("POST", "/passes/push-updates/nobody-knows-it/cancel")
    assert problem(unknown)["code"] == "campaign_not_found"


async def test_a_cancel_after_the_end_changes_nothing(marketer: Marketer) -> None:
    await marketer.issue_many(1)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    await marketer.run(correlation_id)

    await marketer.shop.ask("POST", f"/passes/push-updates/{correlation_id}/cancel")

    assert (await marketer.statistics_of(correlation_id))["cancelled"] is False


async def test_a_running_campaign_stops_within_a_second_of_its_cancel(marketer: Marketer) -> None:
    await marketer.issue_many(12)
    correlation_id = await marketer.start(**EVERY, update=GOLD, options=SMALL)
    running = asyncio.create_task(marketer.run(correlation_id))
    await asyncio.sleep(0.3)

    await marketer.shop.ask("POST", f"/passes/push-updates/{correlation_id}/cancel")
    statistics = await asyncio.wait_for(running, 1)

    assert 0 < statistics["updated"] < 12


async def test_two_campaigns_at_once_change_every_pass_once_each(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(20)
    first = await marketer.start(**EVERY, update={"metadata": {"a": 1}}, options={"passesPerSecond": 40})
    second = await marketer.start(**EVERY, update={"metadata": {"b": 2}}, options={"passesPerSecond": 28})

    both = await asyncio.gather(marketer.run(first), marketer.run(second))

    assert [one["updated"] for one in both] == [20, 20]
    assert await revisions(marketer, pass_ids) == [3] * 20
    assert (await marketer.document(pass_ids[0]))["metadata"] == {"a": 1, "b": 2}


async def test_two_workers_of_one_campaign_do_each_pass_once(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(9)
    correlation_id = await marketer.start(**EVERY, update=GOLD, options={"passesPerSecond": 12})

    await asyncio.gather(marketer.run(correlation_id), marketer.run(correlation_id))

    assert (await marketer.statistics_of(correlation_id))["updated"] == 9
    assert await revisions(marketer, pass_ids) == [2] * 9


async def test_the_statistics_add_up_at_every_instant(marketer: Marketer) -> None:
    await marketer.issue_many(10)
    correlation_id = await marketer.start(
        **EVERY, update={"identifiers": {"customerId": "same"}}, options={"passesPerSecond": 16}
    )
    running = asyncio.create_task(marketer.run(correlation_id))

    seen: list[tuple[int, int, int]] = []
    while not running.done():
        one = await marketer.statistics_of(correlation_id)
        seen.append((one["updated"], one["errors"], one["total"]))
        await asyncio.sleep(0.02)

    assert all(updated + errors <= total == 10 for updated, errors, total in seen)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    await running


async def test_a_campaign_is_not_faster_than_its_pace(marketer: Marketer) -> None:
    await marketer.issue_many(6)
    correlation_id = await marketer.start(**EVERY, update=GOLD, options=SMALL)
    clock = asyncio.get_running_loop().time
    began_at = clock()

    await marketer.run(correlation_id)

    assert clock() - began_at >= 4 / SMALL["passesPerSecond"]


async def test_a_campaign_makes_room_for_others_after_its_turn(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await marketer.issue_many(4)
    correlation_id = await marketer.start(**EVERY, update=GOLD, options=SMALL)
    await owner.execute("DELETE FROM queue.pgqueuer")
    monkeypatch.setattr(jobs, "TURN_S", 0.2)

    statistics = await marketer.run(correlation_id)

    assert statistics["updated"] == 2
    assert await owner.fetchval("SELECT count(*) FROM queue.pgqueuer WHERE entrypoint = 'campaigns.run'") == 1


async def test_the_next_turn_is_due_by_the_time_of_the_world_whatever_that_of_the_tenant_is(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await marketer.issue_many(4)
    await marketer.start(**EVERY, update=GOLD, options=SMALL)
    await owner.execute("DELETE FROM queue.pgqueuer")
    monkeypatch.setattr(jobs, "TURN_S", 0.2)
    (one,) = await marketer.statistics()

    advanced = replace(marketer.context(), now=lambda: datetime(2099, 1, 1, tzinfo=UTC))
    await run_campaign(marketer.job(one["operationId"]), advanced)

    due_at = await owner.fetchval("SELECT execute_after FROM queue.pgqueuer WHERE entrypoint = 'campaigns.run'")
    assert due_at < datetime.now(UTC) + timedelta(hours=1)


async def test_passes_that_somebody_holds_are_tried_again_later(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await marketer.issue_many(1)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    async with owner.transaction():
        await owner.execute("SELECT FROM pass WHERE tenant_id = $1 FOR UPDATE", marketer.shop.tenant_id)
        with pytest.raises(RetryLater):
            await marketer.run(correlation_id)

    assert (await marketer.run(correlation_id))["updated"] == 1


async def test_statistics_come_newest_first_and_in_pages(marketer: Marketer) -> None:
    started = [await marketer.start(**EVERY, update=GOLD) for _ in range(3)]

    page = await marketer.shop.ask("GET", "/passes/push-updates?limit=2")
    following = page.links["next"]["url"].removeprefix(f"/api/{marketer.shop.tenant_id}")
    rest = await marketer.shop.ask("GET", following)

    assert [one["correlationId"] for one in page.json() + rest.json()] == started[::-1]
    assert page.json()[0] == {
        "operationId": ANY,
        "name": "bulk-update",
        "correlationId": started[2],
        "startDate": ANY,
        "lastActivityDate": ANY,
        "total": 0,
        "updated": 0,
        "errors": 0,
        "appleDeployed": 0,
        "googleDeployed": 0,
        "cancelled": False,
    }


async def test_campaigns_older_than_thirty_days_are_not_listed(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await marketer.start(**EVERY, update=GOLD)
    await owner.execute("UPDATE campaign SET started_at = started_at - interval '31 days'")

    assert await marketer.statistics() == []


async def test_outcomes_are_read_page_by_page_over_all_campaigns_of_a_correlation_id(marketer: Marketer) -> None:
    pass_ids = sorted(await marketer.issue_many(5))
    for _ in range(2):
        await marketer.start(**EVERY, update=GOLD, options={"correlationId": "together-1", **SMALL})

    read: list[str] = []
    path: str | None = "/passes/push-updates/together-1/passes?limit=3"
    while path is not None:
        page = await marketer.shop.ask("GET", path)
        read += [one["passId"] for one in page.json()]
        path = page.links["next"]["url"].removeprefix(f"/api/{marketer.shop.tenant_id}") if page.links else None

    assert read == pass_ids * 2


async def test_campaigns_of_another_tenant_are_not_there(marketer: Marketer, shop: Shop, tenant_id: str) -> None:
    await marketer.start(**EVERY, update=GOLD, options={"correlationId": "ours-alone"})
    async with shop.house.database.tenant("somebody-else") as tx:
        assert not await queries.is_known(tx, "ours-alone")
    assert open_shop is not None
    assert tenant_id == shop.tenant_id


async def test_old_campaigns_are_forgotten_with_their_passes(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await marketer.issue_many(1)
    correlation_id = await marketer.start(**EVERY, update=GOLD)
    await owner.execute("UPDATE campaign SET last_activity_at = last_activity_at - interval '91 days'")

    await jobs.forget_campaigns(marketer.job("0" * 32), marketer.context())

    answer = await marketer.shop.ask("GET", f"/passes/push-updates/{correlation_id}/passes")
    assert answer.status_code == 404


async def test_a_job_of_a_campaign_that_is_gone_ends(marketer: Marketer) -> None:
    await run_campaign(marketer.job("0" * 32), marketer.context())
