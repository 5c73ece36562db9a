"""Whoever comes at the same moment: each wallet ends as if they had come one after the other."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

import httpx2
import pytest

from guerdon.ledger.verifying import verify_tenant
from tests.ledger.invariants import broken
from tests.points.tills import Till, soon

ROUNDS = 8


async def at_once(*requests: Coroutine[Any, Any, httpx2.Response]) -> list[int]:
    return [answer.status_code for answer in await asyncio.gather(*requests)]


async def check(till: Till) -> None:
    assert await broken(till.shop.house.database, till.shop.tenant_id) == []
    assert (await verify_tenant(till.shop.house.database, till.shop.tenant_id)).findings == []


@pytest.mark.parametrize("parts", [2, 7])
async def test_points_are_spent_once_however_many_try(till: Till, parts: int) -> None:
    for lot in range(3):
        await till.add(1, soon(days=lot + 1))

    statuses = await at_once(*(till.ask("POST", "/operation", {"amount": 3}) for _ in range(parts)))

    assert sorted(statuses) == [201] + [409] * (parts - 1)
    assert await till.balance() == (0, 0, 0)
    await check(till)


async def test_one_operation_is_rolled_back_once(till: Till) -> None:
    await till.add(10)
    for _ in range(ROUNDS):
        spent = await till.spend(10)
        back = {"operation": spent["id"]}

        statuses = await at_once(*(till.ask("POST", "/operation/rollback", back) for _ in range(4)))

        assert sorted(statuses) == [200, 409, 409, 409]
        assert await till.balance() == (10, 10, 0)
    await check(till)


async def test_parts_of_a_rollback_never_come_to_more_than_was_spent(till: Till) -> None:
    await till.add(10)
    spent = await till.spend(10)

    part = {"operation": spent["id"], "amount": 4}
    statuses = await at_once(*(till.ask("POST", "/operation/rollback", part) for _ in range(6)))

    assert sorted(statuses) == [200, 200, 409, 409, 409, 409]
    assert await till.balance() == (8, 8, 0)
    await check(till)


async def test_a_rollback_and_a_spending_add_up_in_either_order(till: Till) -> None:
    await till.add(10, soon(days=1))
    for _ in range(ROUNDS):
        spent = await till.spend(6)

        rolled, used = await at_once(
            till.ask("POST", "/operation/rollback", {"operation": spent["id"]}),
            till.ask("POST", "/operation", {"amount": 8}),
        )

        assert (rolled, used) in {(200, 201), (200, 409)}
        left = (await till.balance())[0]
        assert left == (2 if used == 201 else 10)
        if used == 201:
            await till.add(10 - left)
    await check(till)


async def test_a_hold_and_a_spending_never_share_a_point(till: Till) -> None:
    await till.add(10)
    for _ in range(ROUNDS):
        held, used = await asyncio.gather(
            till.ask("POST", "/hold", {"amount": 6}), till.ask("POST", "/operation", {"amount": 6})
        )

        assert sorted([held.status_code, used.status_code]) == [201, 409]
        if held.is_success:
            ends = [till.ask("POST", f"/hold/{held.json()['id']}/{end}") for end in ("capture", "release")]
            assert sorted(await at_once(*ends)) in ([200, 409], [201, 409])
        left = (await till.balance())[0]
        if left < 10:
            await till.add(10 - left)
    await check(till)


async def test_a_wallet_that_two_open_at_once_is_one(till: Till) -> None:
    for _ in range(ROUNDS):
        till.wallet = str(uuid.uuid4())

        statuses = await at_once(*(till.ask("POST", "", {"name": str(n)}) for n in range(3)))

        assert sorted(statuses) == [200, 200, 201]


async def test_one_key_is_one_spending_however_often_it_arrives_at_once(till: Till) -> None:
    await till.add(10)
    key = {"Idempotency-Key": uuid.uuid4().hex}

    answers = await asyncio.gather(*(till.ask("POST", "/operation", {"amount": 3}, headers=key) for _ in range(5)))

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert await till.balance() == (7, 7, 0)
