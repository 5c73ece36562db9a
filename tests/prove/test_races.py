"""The race catalogue of accounts: whatever may meet on one meets, many times, and no invariant breaks."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import (
    AccountKey,
    Action,
    Capture,
    Command,
    Earn,
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
from guerdon.platform.ids import new_id
from tests.ledger.builders import NOON, a_poster, code, command, day, opened, posted, remaining, standing
from tests.ledger.invariants import broken
from tests.prove.rounds import rounds

TILLS = 32


def processes(database: Database, count: int = 3) -> list[Poster]:
    """Posters that know nothing of each other, as those of several processes; the last takes commands one by one."""
    sizes = [64] * (count - 1) + [1]
    return [a_poster(database, commands_max=size, in_flight=2, queue_max=10_000) for size in sizes]


async def raced(posters: Sequence[Poster], tenant_id: str, commands: Sequence[Command]) -> Counter[str]:
    """Fire all commands at once, spread over the processes, and count what became of them."""
    outcomes = await asyncio.gather(
        *(posters[number % len(posters)].post(tenant_id, one) for number, one in enumerate(commands)),
        return_exceptions=True,
    )
    return Counter(code(outcome) for outcome in outcomes)


async def sound(database: Database, tenant_id: str) -> bool:
    report = await verify_tenant(database, tenant_id)
    assert report.findings == []
    assert await broken(database, tenant_id) == []
    return True


async def a_wallet(database: Database, tenant_id: str, *lots: Earn) -> AccountKey:
    wallet = await opened(database, tenant_id, "wallet", now=day(1, 1))
    for lot in lots:
        await posted(database, tenant_id, command(wallet, lot), day(1, 1))
    return wallet


@rounds
async def test_of_many_tills_that_believe_the_same_value_one_wins(
    database: Database, tenant_id: str, count: int
) -> None:
    key, posters = await opened(database, tenant_id), processes(database)
    for value in range(count):
        outcomes = await raced(posters, tenant_id, [command(key, Move(1_000, value * 1_000)) for _ in range(TILLS)])
        assert outcomes == {"posted": 1, "value_mismatch": TILLS - 1}
    assert (await standing(database, tenant_id, key)).value == count * 1_000
    assert await sound(database, tenant_id)


@rounds
async def test_of_many_tills_with_one_version_one_wins(database: Database, tenant_id: str, count: int) -> None:
    key, posters = await opened(database, tenant_id), processes(database)
    for version in range(count):
        wishes = [command(key, Move((-1) ** version, expected_version=version)) for _ in range(TILLS)]
        assert await raced(posters, tenant_id, wishes) == {"posted": 1, "version_mismatch": TILLS - 1}
    assert await sound(database, tenant_id)


@rounds
async def test_one_movement_id_from_many_clients_moves_once(database: Database, tenant_id: str, count: int) -> None:
    key, posters = await opened(database, tenant_id), processes(database)
    for number in range(count):
        outcomes = await raced(posters, tenant_id, [command(key, Move(1), f"m-{number}") for _ in range(TILLS)])
        assert outcomes == {"posted": 1, "repeat": TILLS - 1}
    assert (await standing(database, tenant_id, key)).value == count


@rounds
async def test_one_key_from_many_clients_moves_once_also_across_accounts(
    database: Database, tenant_id: str, count: int
) -> None:
    keys, posters = [await opened(database, tenant_id) for _ in range(2)], processes(database)
    for number in range(count):
        wishes = [
            command(keys[side], Move(1), repeat=f"k-{number}", fingerprint=b"%d" % side)
            for side in (0, 1)
            for _ in range(8)
        ]
        assert await raced(posters, tenant_id, wishes) == {"posted": 1, "repeat": 7, "idempotency_mismatch": 8}
    values = [(await standing(database, tenant_id, key)).value for key in keys]
    assert sum(values) == count
    assert await sound(database, tenant_id)


@rounds
async def test_a_balance_is_spent_once(database: Database, tenant_id: str, count: int) -> None:
    posters = processes(database)
    for _ in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(7, new_id()), Earn(8, new_id()))
        outcomes = await raced(posters, tenant_id, [command(wallet, Spend(4)) for _ in range(TILLS)])
        assert outcomes == {"posted": 3, "not_enough": TILLS - 3}
        assert sum(await remaining(database, tenant_id, wallet)) == 3
    assert await sound(database, tenant_id)


PAIRS: dict[str, tuple[list[Action], dict[str, int]]] = {
    "hold + spend": ([Hold(6), Spend(6)] * 4, {"posted": 1, "not_enough": 7}),
    "hold + hold": ([Hold(3)] * 8, {"posted": 3, "not_enough": 5}),
}


@rounds
@pytest.mark.parametrize("pair", PAIRS)
async def test_what_is_held_is_not_spent(database: Database, tenant_id: str, count: int, pair: str) -> None:
    posters, (actions, expected) = processes(database), PAIRS[pair]
    for _ in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(4, new_id()), Earn(6, new_id()))
        assert await raced(posters, tenant_id, [command(wallet, action) for action in actions]) == expected
    assert await sound(database, tenant_id)


@rounds
async def test_what_expires_is_not_spent_and_expires_once(database: Database, tenant_id: str, count: int) -> None:
    posters = processes(database)
    for _ in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(5, new_id(), NOON), Earn(5, new_id()))
        actions: list[Action] = [Spend(5), Expire(), Spend(5), Expire(), Spend(6)] * 2
        outcomes = await raced(posters, tenant_id, [command(wallet, action) for action in actions])
        assert outcomes == {"posted": 2, "not_enough": 5, "nothing_to_expire": 3}
        assert await remaining(database, tenant_id, wallet) == [0, 0]
    assert await sound(database, tenant_id)


@rounds
async def test_a_hold_is_captured_or_released_once(database: Database, tenant_id: str, count: int) -> None:
    posters = processes(database)
    for number in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(10, new_id()))
        await posted(database, tenant_id, command(wallet, Hold(6), f"h-{number}"))
        actions: list[Action] = [Capture(f"h-{number}", 4), Release(f"h-{number}")] * 5
        outcomes = await raced(posters, tenant_id, [command(wallet, action) for action in actions])
        assert outcomes == {"posted": 1, "hold_closed": 9}
        assert (await standing(database, tenant_id, wallet)).value in {6, 10}
    assert await sound(database, tenant_id)


@rounds
async def test_a_spending_is_returned_once(database: Database, tenant_id: str, count: int) -> None:
    posters = processes(database)
    for number in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(10, new_id()))
        await posted(database, tenant_id, command(wallet, Spend(8), f"s-{number}"))
        outcomes = await raced(posters, tenant_id, [command(wallet, Return(f"s-{number}", 3)) for _ in range(6)])
        assert outcomes == {"posted": 2, "nothing_to_return": 4}
        assert await remaining(database, tenant_id, wallet) == [8]
    assert await sound(database, tenant_id)


@rounds
async def test_what_is_returned_is_spent_again_at_most_once(database: Database, tenant_id: str, count: int) -> None:
    posters = processes(database)
    for number in range(count):
        wallet = await a_wallet(database, tenant_id, Earn(10, new_id()))
        await posted(database, tenant_id, command(wallet, Spend(10), f"s-{number}"))
        actions: list[Action] = [Return(f"s-{number}"), Spend(10)] * 4
        outcomes = await raced(posters, tenant_id, [command(wallet, action) for action in actions])
        assert outcomes["nothing_to_return"] == 3
        assert outcomes["posted"] + outcomes["not_enough"] == 5
        assert outcomes["posted"] in {1, 2}
    assert await sound(database, tenant_id)


@rounds
async def test_transfers_between_the_same_accounts_in_opposite_orders_do_not_lock_up(
    database: Database, tenant_id: str, count: int
) -> None:
    keys, posters = [await opened(database, tenant_id) for _ in range(8)], processes(database)
    for _ in range(count):
        wishes = [command(key, Move(1)) for key in (*keys, *keys[::-1]) for _ in range(4)]
        async with asyncio.timeout(20):
            assert await raced(posters, tenant_id, wishes) == {"posted": 64}
    assert await sound(database, tenant_id)


async def test_readers_never_see_half_of_a_batch(database: Database, tenant_id: str) -> None:
    keys, (poster, *_) = [await opened(database, tenant_id) for _ in range(4)], processes(database)
    seen: list[bool] = []

    async def look() -> None:
        while len(seen) < 40:
            seen.append((await verify_tenant(database, tenant_id)).is_sound)

    async def write() -> list[Posted]:
        return [await poster.post(tenant_id, command(key, Move(1))) for _ in range(20) for key in keys]

    await asyncio.gather(look(), write())

    assert all(seen)
