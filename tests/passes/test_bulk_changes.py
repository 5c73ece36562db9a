import asyncio
import json

import asyncpg
import pytest

from guerdon.passes.bulk_changes import BulkChange, change_passes
from guerdon.passes.model import Changes, JsonObject
from guerdon.platform.clock import utc_now
from tests.shops import Shop, until_waiting

SEATED = Changes(metadata={"seat": "b"})


async def change(shop: Shop, bulk: BulkChange) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await change_passes(tx, bulk, None, "key:test", utc_now())


async def metadata_of(shop: Shop, pass_id: str) -> JsonObject:
    return json.loads((await shop.ask("GET", f"/passes/{pass_id}/document")).text)["metadata"]


@pytest.mark.parametrize(
    "tier", ["gold", 9, 0.5, True, ["a"], {"a": "b"}, "x" * 600], ids=["text", "9", "0.5", "true", *"[{", "long"]
)
async def test_passes_that_each_get_their_own_are_found_as_if_they_had_been_changed_alone(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]", tier: object
) -> None:
    before = [{"tier": "old", "kept": 1, "9": 9}, {"tier": ["old"], "9": 9}, {"tier": 9}, {"9": "nine"}, {}]
    after = [{"tier": tier, "9": number} for number in range(len(before))]
    pass_ids = [await shop.issue(customerId=f"c{number}") for number in range(2 * len(before))]
    alone, of_many = pass_ids[: len(before)], pass_ids[len(before) :]
    for pass_id, metadata in zip(pass_ids, before * 2, strict=True):
        await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": metadata})
    for pass_id, metadata in zip(alone, after, strict=True):
        await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": metadata})

    await change(shop, BulkChange(of_many, Changes(), [Changes(metadata=metadata) for metadata in after]))

    rows = "SELECT name, value, number FROM pass_metadata WHERE pass_id = $1 ORDER BY name"
    for one, other in zip(alone, of_many, strict=True):
        assert await owner.fetch(rows, other) == await owner.fetch(rows, one)
        assert await metadata_of(shop, other) == await metadata_of(shop, one)


@pytest.mark.parametrize("is_shared", [True, False], ids=["shared", "own"])
async def test_a_member_that_somebody_removes_meanwhile_is_searched_again(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]", is_shared: bool
) -> None:
    pass_id = await shop.issue(customerId="1")
    await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"seat": "a"}})
    bulk = BulkChange([pass_id], SEATED if is_shared else Changes(), None if is_shared else [SEATED])

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await change_passes(tx, BulkChange([pass_id], Changes(metadata={"seat": None})), None, "key:test", utc_now())
        waiting = asyncio.create_task(change(shop, bulk))
        await until_waiting(shop.house.database)
    await waiting

    rows = await owner.fetch("SELECT name, value FROM pass_metadata WHERE pass_id = $1", pass_id)
    assert [tuple(row) for row in rows] == [("seat", "b")]
