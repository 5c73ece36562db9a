"""Group commit: batches really form, and no command ever suffers for its neighbours."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
import pytest

from guerdon.ledger.model import AccountKey, Earn, Move, Posted, Spend
from guerdon.platform.cores import ALLOWED, SharedCore
from guerdon.platform.db import Database, Tx, open_database
from guerdon.platform.ids import new_id
from guerdon.platform.problems import Problem
from tests.ledger.builders import (
    a_poster,
    bulk_told,
    code,
    command,
    entries,
    opened,
    outcomes_of,
    posted,
    remaining,
    standing,
)

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_concurrent_commands_share_transactions(database: Database, tenant_id: str, owner: Owner) -> None:
    keys = [await opened(database, tenant_id) for _ in range(40)]

    await outcomes_of(a_poster(database), tenant_id, [command(key, Move(1)) for key in keys])

    transactions = await owner.fetchval(
        "SELECT count(DISTINCT xmin::text) FROM ledger_entry WHERE tenant_id = $1", tenant_id
    )
    assert transactions == 1


class Notes(SharedCore):
    """A core that says what it was told."""

    def __init__(self) -> None:
        super().__init__(min(ALLOWED))
        self.told: list[bool] = []

    def note(self, *, has_company: bool) -> None:
        self.told.append(has_company)


@pytest.mark.parametrize(
    ("crowd", "commands_max", "told"),
    [(1, 64, [False]), (2, 64, [True]), (2, 1, [True, False]), (5, 2, [True, True, False])],
)
async def test_a_batch_has_company_where_it_serves_several_or_others_wait(
    database: Database, owner_url: str, tenant_id: str, crowd: int, commands_max: int, told: list[bool]
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(crowd)]
    core = Notes()
    batches = await open_database(owner_url, 1, core=core)
    poster = a_poster(database, batches=batches, commands_max=commands_max)

    await outcomes_of(poster, tenant_id, [command(key, Move(1)) for key in keys])
    await batches.close()

    assert core.told == told


async def test_a_dry_run_and_a_bulk_keep_no_batch_waiting(database: Database, owner_url: str, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    batches = await open_database(owner_url, 1)
    poster = a_poster(database, batches=batches)
    async with asyncio.timeout(5), batches.shared():
        await poster.post(tenant_id, command(key, Move(1)), dry_run=True)
        told = await bulk_told(poster, tenant_id, [command(key, Move(1))])
    await batches.close()

    assert told == "posted"


async def test_a_hot_account_moves_many_times_in_one_transaction(
    database: Database, tenant_id: str, owner: Owner
) -> None:
    key = await opened(database, tenant_id)

    outcomes = await outcomes_of(
        a_poster(database), tenant_id, [command(key, Move(1, value, value)) for value in range(40)]
    )

    assert [code(outcome) for outcome in outcomes] == ["posted"] * 40
    assert (
        await owner.fetchval("SELECT count(DISTINCT xmin::text) FROM ledger_entry WHERE tenant_id = $1", tenant_id) == 1
    )


async def test_every_command_keeps_its_own_outcome(database: Database, tenant_id: str) -> None:
    key, wallet = await opened(database, tenant_id), await opened(database, tenant_id, "wallet")
    wishes = [
        command(key, Move(1, 0)),
        command(key, Move(1, 0, 0)),
        command(key, Move(1, 500)),
        command(AccountKey("privilege", "none"), Move(1)),
        command(wallet, Spend(1)),
        command(key, Move(1), "m"),
        command(key, Move(1), "m"),
    ]

    outcomes = await outcomes_of(a_poster(database), tenant_id, wishes)

    assert [code(outcome) for outcome in outcomes] == [
        "posted",
        "version_mismatch",
        "value_mismatch",
        "account_not_found",
        "not_enough",
        "posted",
        "repeat",
    ]


LOT = new_id()
BAD = {
    "a character that PostgreSQL cannot keep": Move(1),
    "half of a pair of surrogates": Move(1),
    "an amount that no column holds": Move(2**70),
    "a spending of nothing": Spend(0),
    "a price that no column holds": Earn(1, LOT, None, 2**70),
}


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_command_fails_alone_and_for_certain(database: Database, tenant_id: str, bad: str) -> None:
    keys = [await opened(database, tenant_id) for _ in range(4)]
    wallet = await opened(database, tenant_id, "wallet")
    remarks = {"a character that PostgreSQL cannot keep": "\x00", "half of a pair of surrogates": "\ud800"}.get(bad)
    target = keys[0] if isinstance(BAD[bad], Move) else wallet
    wishes = [command(key, Move(1)) for key in keys]
    wishes.insert(2, command(target, BAD[bad], remarks=remarks))

    outcomes = await outcomes_of(a_poster(database), tenant_id, wishes)

    failure = outcomes.pop(2)
    assert [code(outcome) for outcome in outcomes] == ["posted"] * 4
    # Nothing was posted and nobody needs to ask again: this is no OutcomeUnknown.
    assert isinstance(failure, Problem)
    assert failure.status in {409, 500}
    assert len(await entries(database, tenant_id)) == 4


async def test_a_lot_id_that_is_taken_is_a_conflict_for_its_command_alone(database: Database, tenant_id: str) -> None:
    wallet, other = await opened(database, tenant_id, "wallet"), await opened(database, tenant_id, "wallet")
    lot = new_id()
    await posted(database, tenant_id, command(other, Earn(7, lot)))

    outcomes = await outcomes_of(
        a_poster(database), tenant_id, [command(wallet, Earn(1, new_id())), command(wallet, Earn(2, lot))]
    )

    assert [code(outcome) for outcome in outcomes] == ["posted", "lot_taken"]
    assert await remaining(database, tenant_id, wallet) == [1]


async def test_twins_of_two_processes_move_once(database: Database, tenant_id: str) -> None:
    keys = [await opened(database, tenant_id) for _ in range(4)]
    processes = [a_poster(database) for _ in range(2)]
    wishes = [command(keys[number % 4], Move(1), f"m-{number}", repeat=f"k-{number}") for number in range(40)]

    one, other = await asyncio.gather(*(outcomes_of(process, tenant_id, wishes) for process in processes))

    assert Counter(code(outcome) for outcome in (*one, *other)) == {"posted": 40, "repeat": 40}
    assert [(await standing(database, tenant_id, key)).value for key in keys] == [10] * 4


async def test_one_movement_id_on_two_accounts_in_two_processes_moves_one(database: Database, tenant_id: str) -> None:
    pairs = [(await opened(database, tenant_id), await opened(database, tenant_id)) for _ in range(10)]

    found = await asyncio.gather(
        *(
            outcomes_of(a_poster(database), tenant_id, [command(pair[side], Move(1), f"m-{n}") for n, pair in order])
            for side, order in ((0, list(enumerate(pairs))), (1, list(enumerate(pairs))[::-1]))
        )
    )

    # The ids are taken in opposite orders, so this also makes deadlocks, which PostgreSQL breaks.
    assert Counter(code(outcome) for side in found for outcome in side) == {"posted": 10, "movement_mismatch": 10}


async def test_a_caller_that_goes_away_disturbs_nobody_and_its_command_is_carried_out(
    database: Database, tenant_id: str
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(3)]
    poster = a_poster(database)
    tasks = [asyncio.ensure_future(poster.post(tenant_id, command(key, Move(1)))) for key in keys]
    await asyncio.sleep(0)

    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    await poster.drain()

    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert [(await standing(database, tenant_id, key)).value for key in keys] == [1, 1, 1]


async def test_above_the_queue_commands_are_refused_at_once(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    poster = a_poster(database, commands_max=1, queue_max=5)

    outcomes = await outcomes_of(poster, tenant_id, [command(key, Move(1)) for _ in range(20)])

    assert Counter(code(outcome) for outcome in outcomes) == {"posted": 5, "overloaded": 15}
    assert (await standing(database, tenant_id, key)).value == 5


async def test_a_quiet_tenant_does_not_wait_for_a_loud_one(
    database: Database, tenant_id: str, other_tenant_id: str
) -> None:
    loud, quiet = await opened(database, tenant_id), await opened(database, other_tenant_id)
    poster = a_poster(database, commands_max=2)
    answered: list[str] = []

    async def ask(tenant: str, key: AccountKey) -> None:
        await poster.post(tenant, command(key, Move(1)))
        answered.append(tenant)

    await asyncio.gather(*(ask(tenant_id, loud) for _ in range(20)), ask(other_tenant_id, quiet))

    assert answered.index(other_tenant_id) <= 4


async def test_a_dry_run_leaves_nothing_and_runs_the_effects(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    seen: list[int] = []

    async def effect(_tx: Tx, moved: Sequence[Posted], _now: datetime) -> None:
        seen.append(len(moved))

    tried = await a_poster(database, effect=effect).post(tenant_id, command(key, Move(5)), dry_run=True)

    assert (tried.entry.value_after, seen) == (5, [1])
    assert (await standing(database, tenant_id, key)).version == 0


async def test_effects_share_the_transaction_and_skip_repeats(database: Database, tenant_id: str) -> None:
    keys = [await opened(database, tenant_id) for _ in range(2)]
    seen: list[list[str]] = []

    async def effect(_tx: Tx, moved: Sequence[Posted], _now: datetime) -> None:
        seen.append([one.entry.movement_id for one in moved])

    poster = a_poster(database, effect=effect)
    await poster.post(tenant_id, command(keys[0], Move(1), "first"))
    await outcomes_of(poster, tenant_id, [command(keys[0], Move(1), "first"), command(keys[1], Move(1), "second")])

    assert seen == [["first"], ["second"]]


async def test_an_effect_that_fails_for_one_command_rolls_back_that_one_alone(
    database: Database, tenant_id: str
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(3)]

    async def effect(tx: Tx, moved: Sequence[Posted], _now: datetime) -> None:
        if any(one.account == keys[1] for one in moved):
            await tx.execute("SELECT 1 / 0")

    outcomes = await outcomes_of(a_poster(database, effect=effect), tenant_id, [command(key, Move(1)) for key in keys])

    assert [isinstance(outcome, Posted) for outcome in outcomes] == [True, False, True]
    assert [(await standing(database, tenant_id, key)).value for key in keys] == [1, 0, 1]
