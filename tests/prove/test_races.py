"""The race catalogue of accounts: whatever may meet on one meets, many times, and no invariant breaks.

What is left on an account follows from what was posted; that it is, is proven for a whole tenant at once.
"""

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from guerdon.ledger.model import (
    Action,
    Capture,
    Expire,
    Hold,
    Move,
    Posted,
    Release,
    Return,
    Spend,
)
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Database
from tests.ledger.builders import NOON, command, standing
from tests.prove.courses import Ledger, posters_of_three_processes
from tests.prove.rounds import Rounds

TILLS = 8


async def test_of_many_tills_that_believe_the_same_value_one_wins(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        key, values = await ledger.opened(), itertools.count(0, 1_000)
        for value, _ in zip(values, rounds, strict=False):
            outcomes = await ledger.raced([command(key, Move(1_000, value)) for _ in range(TILLS)])
            assert outcomes == {"posted": 1, "value_mismatch": TILLS - 1}

    await at_the_ledger.run(lane)


async def test_of_bulks_and_tills_that_believe_the_same_values_one_wins_on_each_account(
    at_the_ledger: Rounds[Ledger],
) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        keys = [await ledger.opened() for _ in range(4)]
        for value, _ in zip(itertools.count(0, 1_000), rounds, strict=False):
            orders = (keys, keys[::-1], keys[2:] + keys[:2])
            bulks, tills = await asyncio.gather(
                ledger.raced_bulks([[command(key, Move(1_000, value)) for key in order] for order in orders]),
                ledger.raced([command(key, Move(1_000, value)) for key in keys]),
            )
            assert bulks + tills == {"posted": 4, "value_mismatch": 12}

    await at_the_ledger.run(lane)


async def test_of_many_tills_with_one_version_one_wins(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        key = await ledger.opened()
        for version, _ in enumerate(rounds):
            wishes = [command(key, Move((-1) ** version, expected_version=version)) for _ in range(TILLS)]
            assert await ledger.raced(wishes) == {"posted": 1, "version_mismatch": TILLS - 1}

    await at_the_ledger.run(lane)


async def test_one_movement_id_from_many_clients_moves_once(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        key, moved = await ledger.opened(), 0
        for number in rounds:
            outcomes = await ledger.raced([command(key, Move(1), f"m-{number}") for _ in range(TILLS)])
            assert outcomes == {"posted": 1, "repeat": TILLS - 1}
            moved += 1
        assert (await standing(ledger.database, ledger.tenant_id, key)).value == moved

    await at_the_ledger.run(lane)


async def test_one_key_from_many_clients_moves_once_also_across_accounts(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        keys, moved = [await ledger.opened() for _ in range(2)], 0
        for number in rounds:
            wishes = [
                command(keys[side], Move(1), repeat=f"k-{number}", fingerprint=b"%d" % side)
                for side in (0, 1)
                for _ in range(4)
            ]
            assert await ledger.raced(wishes) == {"posted": 1, "repeat": 3, "idempotency_mismatch": 4}
            moved += 1
        values = [(await standing(ledger.database, ledger.tenant_id, key)).value for key in keys]
        assert sum(values) == moved

    await at_the_ledger.run(lane)


async def test_a_balance_is_spent_once(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, _ in ledger.furnished(rounds, (7, None), (8, None)):
            outcomes = await ledger.raced([command(wallet, Spend(4)) for _ in range(TILLS)])
            assert outcomes == {"posted": 3, "not_enough": TILLS - 3}

    await at_the_ledger.run(lane)


PAIRS: dict[str, tuple[list[Action], dict[str, int]]] = {
    "hold + spend": ([Hold(6), Spend(6)] * 4, {"posted": 1, "not_enough": 7}),
    "hold + hold": ([Hold(3)] * 8, {"posted": 3, "not_enough": 5}),
}


@pytest.mark.parametrize("pair", PAIRS)
async def test_what_is_held_is_not_spent(at_the_ledger: Rounds[Ledger], pair: str) -> None:
    actions, expected = PAIRS[pair]

    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, _ in ledger.furnished(rounds, (4, None), (6, None)):
            assert await ledger.raced([command(wallet, action) for action in actions]) == expected

    await at_the_ledger.run(lane)


async def test_what_expires_is_not_spent_and_expires_once(at_the_ledger: Rounds[Ledger]) -> None:
    actions: list[Action] = [Spend(5), Expire(), Spend(5), Expire(), Spend(6)] * 2

    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, _ in ledger.furnished(rounds, (5, NOON), (5, None)):
            outcomes = await ledger.raced([command(wallet, action) for action in actions])
            assert outcomes == {"posted": 2, "not_enough": 5, "nothing_to_expire": 3}

    await at_the_ledger.run(lane)


async def test_a_hold_is_captured_or_released_once(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, hold in ledger.furnished(rounds, (10, None), first=Hold(6)):
            actions: list[Action] = [Capture(hold, 4), Release(hold)] * 4
            outcomes = await ledger.raced([command(wallet, action) for action in actions])
            assert outcomes == {"posted": 1, "hold_closed": 7}

    await at_the_ledger.run(lane)


async def test_a_spending_is_returned_once(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, spending in ledger.furnished(rounds, (10, None), first=Spend(8)):
            outcomes = await ledger.raced([command(wallet, Return(spending, 3)) for _ in range(6)])
            assert outcomes == {"posted": 2, "nothing_to_return": 4}

    await at_the_ledger.run(lane)


async def test_what_is_returned_is_spent_again_at_most_once(at_the_ledger: Rounds[Ledger]) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        async for wallet, spending in ledger.furnished(rounds, (10, None), first=Spend(10)):
            actions: list[Action] = [Return(spending), Spend(10)] * 4
            outcomes = await ledger.raced([command(wallet, action) for action in actions])
            assert outcomes["nothing_to_return"] == 3
            assert outcomes["posted"] + outcomes["not_enough"] == 5
            assert outcomes["posted"] in {1, 2}

    await at_the_ledger.run(lane)


async def test_transfers_between_the_same_accounts_in_opposite_orders_do_not_lock_up(
    at_the_ledger: Rounds[Ledger],
) -> None:
    async def lane(ledger: Ledger, rounds: Iterator[int]) -> None:
        keys = [await ledger.opened() for _ in range(6)]
        for _ in rounds:
            async with asyncio.timeout(20):
                assert await ledger.raced([command(key, Move(1)) for key in (*keys, *keys[::-1])]) == {"posted": 12}

    await at_the_ledger.run(lane)


async def test_readers_never_see_half_of_a_batch(database: Database, tenant_id: str) -> None:
    ledger = Ledger(database, tenant_id, posters_of_three_processes(database), itertools.count())
    keys, (poster, *_) = [await ledger.opened() for _ in range(4)], ledger.posters
    seen: list[bool] = []

    async def look() -> None:
        while len(seen) < 40:
            seen.append((await verify_tenant(database, tenant_id)).is_sound)

    async def write() -> list[Posted]:
        return [await poster.post(tenant_id, command(key, Move(1))) for _ in range(20) for key in keys]

    await asyncio.gather(look(), write())

    assert all(seen)
