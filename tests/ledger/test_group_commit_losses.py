"""Group commit when the database goes away or an account is held: nothing lost, nothing doubled, nobody waits long."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import pytest

from guerdon.ledger.model import Move, Posted
from guerdon.platform.db import Database, Tx, open_database
from tests.ledger.builders import a_poster, code, command, entries, killing, opened, outcomes_of, standing

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.mark.parametrize("kill_after", [0, 1, 2])
async def test_a_connection_that_dies_in_mid_batch_loses_and_doubles_nothing(
    owner_url: str, database: Database, owner: Owner, tenant_id: str, kill_after: int
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(8)]
    dying = await open_database(owner_url, 2)
    poster = a_poster(dying, effect=killing(owner, kill_after + 1))
    try:
        outcomes = await outcomes_of(poster, tenant_id, [command(key, Move(1)) for key in keys])
    finally:
        await dying.close()

    acknowledged = sum(isinstance(outcome, Posted) for outcome in outcomes)
    unknown = [outcome for outcome in outcomes if not isinstance(outcome, Posted)]
    assert all(code(outcome) == "outcome_unknown" for outcome in unknown)
    assert sum([(await standing(database, tenant_id, key)).value for key in keys]) == acknowledged
    assert len(await entries(database, tenant_id)) == acknowledged
    assert acknowledged == 8 or kill_after > 1


@pytest.mark.parametrize(
    "cut",
    [
        "terminate",
        "close",
        "abort",
    ],
)
async def test_a_line_that_is_cut_before_the_commit_is_no_commit(
    owner_url: str, database: Database, tenant_id: str, cut: str
) -> None:
    key = await opened(database, tenant_id)
    lossy = await open_database(owner_url, 2)
    cuts = 0

    async def effect(tx: Tx, _moved: Sequence[Posted], _now: datetime) -> None:
        nonlocal cuts
        cuts += 1
        if cuts > 1:
            return
        match cut:
            case "terminate":
                tx.connection.terminate()
            case "abort":
                # What asyncpg itself does when a cancelled statement cannot be waited for.
                line: Any = tx.connection
                line._protocol.abort()  # noqa: SLF001  # there is no other way to have it happen here
            case _:
                await tx.connection.close()

    outcomes = await outcomes_of(a_poster(lossy, effect=effect), tenant_id, [command(key, Move(1)) for _ in range(3)])
    await lossy.close()

    assert cuts == 2
    assert [code(outcome) for outcome in outcomes] == ["posted"] * 3
    assert (await standing(database, tenant_id, key)).value == 3


async def test_a_commit_whose_answer_is_lost_is_found_again(owner_url: str, database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    lossy = await open_database(owner_url, 2)
    cut = False

    async def effect(tx: Tx, _moved: Sequence[Posted], _now: datetime) -> None:
        nonlocal cut
        if not cut:
            cut = True
            # The batch is committed, and then the line is cut before anyone hears of it.
            await tx.flush()
            await tx.connection.execute("COMMIT")
            tx.connection.terminate()

    poster = a_poster(lossy, effect=effect)
    outcomes = await outcomes_of(poster, tenant_id, [command(key, Move(1)) for _ in range(3)])
    await lossy.close()

    assert [code(outcome) for outcome in outcomes] == ["repeat"] * 3
    assert sorted(outcome.entry.value_after for outcome in outcomes if isinstance(outcome, Posted)) == [1, 2, 3]
    assert (await standing(database, tenant_id, key)).value == 3


async def test_an_account_that_someone_holds_does_not_keep_its_neighbours_waiting_for_long(
    owner_url: str, database: Database, tenant_id: str
) -> None:
    held, free = await opened(database, tenant_id), await opened(database, tenant_id)
    wishes = [*(command(held, Move(1)) for _ in range(5)), command(free, Move(1))]
    impatient = await open_database(owner_url, 2, lock_timeout_ms=200)
    holder = await asyncpg.connect(owner_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(
        "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", tenant_id, held.owner_id
    )
    try:
        async with asyncio.timeout(30):
            outcomes = await outcomes_of(a_poster(impatient), tenant_id, wishes)
    finally:
        await transaction.rollback()
        await holder.close()
        await impatient.close()

    assert [code(outcome) for outcome in outcomes] == ["overloaded"] * 5 + ["posted"]
    assert (await standing(database, tenant_id, held)).version == 0
