import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from guerdon.passes.usage import SHARDS, Use, count_usage, shard_of
from tests.shops import Shop, problem

DAY = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


async def statistics(shop: Shop, query: str = "") -> dict[str, dict[str, Any]]:
    answer = await shop.ask("GET", f"/passes/statistics{query}")
    assert answer.status_code == 200, answer.text
    return {row.pop("passType"): row for row in answer.json()}


async def install(shop: Shop, pass_id: str, pass_type: str, devices: int) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await tx.execute(
            "UPDATE pass SET apple_devices = $3 WHERE tenant_id = $1 AND pass_id = $2", tx.tenant_id, pass_id, devices
        )
        await count_usage(tx, [Use("installed", pass_id, pass_type, "apple", devices)], DAY)


async def recount(shop: Shop) -> dict[str, tuple[int, int]]:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        rows = await tx.records(
            "SELECT pass_type, count(*) AS passes, sum(apple_devices) AS devices FROM pass WHERE tenant_id = $1"
            " GROUP BY pass_type",
            tx.tenant_id,
        )
    return {row["pass_type"]: (row["passes"], row["devices"]) for row in rows}


async def test_the_counters_are_what_a_recount_gives_after_many_at_once(shop: Shop) -> None:
    made = await asyncio.gather(*(shop.issue(["card", "bounded"][n % 2], customerId=str(n % 20)) for n in range(60)))
    pass_ids = sorted(set(made))
    await asyncio.gather(*(install(shop, one, "card" if one in made[::2] else "bounded", 2) for one in pass_ids[:9]))
    switch = (shop.ask("PATCH", f"/passes/{one}?passType=card", {}) for one in pass_ids)
    assert {answer.status_code for answer in await asyncio.gather(*switch)} == {200}

    counted = {
        name: (row["passes"], row["apple"]["active"]) for name, row in (await statistics(shop)).items() if row["passes"]
    }

    assert counted == await recount(shop)
    assert counted["card"] == (20, 18)


async def test_a_create_that_finds_its_pass_or_is_rolled_back_counts_nothing(shop: Shop) -> None:
    await shop.issue(customerId="1")
    await shop.issue(customerId="1")
    await shop.ask("POST", "/passes?passType=card", {}, headers={"guerdon-dry-run": "true"})

    assert (await statistics(shop, "?passType=card"))["card"]["created"] == 1


async def test_a_pass_that_changes_its_type_leaves_the_one_and_joins_the_other(shop: Shop) -> None:
    pass_id = await shop.issue("card", customerId="1")
    await install(shop, pass_id, "card", 1)

    await shop.ask("PATCH", f"/passes/{pass_id}?passType=bounded", {})

    rows = await statistics(shop)
    left, joined = rows["card"], rows["bounded"]
    assert (left["created"], left["passes"], joined["created"], joined["passes"]) == (1, 0, 0, 1)
    assert left["apple"] == {"installed": 1, "uninstalled": 0, "active": 0}
    assert joined["apple"] == {"installed": 0, "uninstalled": 0, "active": 1}


async def test_statistics_know_every_type_and_refuse_one_that_is_unknown(shop: Shop) -> None:
    unknown = await shop.ask("GET", "/passes/statistics?passType=nothing")

    assert set(await statistics(shop)) == {"card", "bounded"}
    assert (unknown.status_code, problem(unknown)["code"]) == (400, "unknown_pass_type")


async def test_usage_gives_totals_and_every_day_of_the_window(shop: Shop) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await count_usage(tx, [Use("created", f"p{n}", "card") for n in range(5)], DAY)
        await count_usage(tx, [Use("deleted", "p1", "card"), Use("installed", "p2", "card", "google")], DAY)
        await count_usage(tx, [Use("created", "q", "bounded")], DAY + timedelta(minutes=1))

    answer = (await shop.ask("GET", "/passes/usage?from=2026-11-21&to=2026-11-23")).json()

    days = {row["day"]: (row["created"], row["deleted"], row["google"]["active"]) for row in answer["days"]}
    assert days == {"2026-11-21": (0, 0, 0), "2026-11-22": (5, 1, 1), "2026-11-23": (1, 0, 0)}
    assert (answer["totals"]["passes"], answer["timeZone"]) == (5, "UTC")


async def test_without_dates_usage_is_of_the_last_thirty_days(shop: Shop) -> None:
    days = (await shop.ask("GET", "/passes/usage")).json()["days"]

    assert len(days) == 30
    assert abs(date.fromisoformat(days[-1]["day"]) - datetime.now(UTC).date()) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("query", "member"),
    [
        ("from=2026-11-23&to=2026-11-22", "from"),
        ("from=2025-01-01&to=2026-11-22", "from"),
        ("from=2026-02-30", "from"),
        ("to=0000-01-01", "to"),
        ("to=today", "to"),
        ("from=9999-12-31", "from"),
    ],
)
async def test_a_window_that_is_none_is_refused(shop: Shop, query: str, member: str) -> None:
    answer = await shop.ask("GET", f"/passes/usage?{query}")

    assert (answer.status_code, set(problem(answer)["errors"])) == (400, {member})


async def test_the_first_day_there_is_is_a_window(shop: Shop) -> None:
    assert len((await shop.ask("GET", "/passes/usage?to=0001-01-01")).json()["days"]) == 1


def test_passes_are_spread_over_all_rows_of_a_count() -> None:
    spread = Counter(shard_of(f"pass{n}") for n in range(1600))

    assert set(spread) == set(range(SHARDS))
    assert max(spread.values()) < 200
