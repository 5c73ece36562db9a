"""Bulks: what one request brings is posted in one transaction, with one answer, whatever happens meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
import pytest

from guerdon.ledger.group_commit import BULKS_WAITING_MAX
from guerdon.ledger.model import Move, Posted
from guerdon.ledger.posting import Outcome
from guerdon.platform.db import Database, Tx, open_database
from guerdon.platform.hot import NO_OPTIONS
from guerdon.platform.problems import Conflict
from guerdon.platform.writes import Answer, WriteOptions
from tests.ledger.builders import a_poster, bulk_told, command, entries, killing, opened, standing

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
KEYED = WriteOptions("night run", b"fingerprint", is_dry_run=False)


async def test_a_bulk_is_one_transaction_whatever_becomes_of_each(
    database: Database, tenant_id: str, owner: Owner
) -> None:
    one, two = await opened(database, tenant_id), await opened(database, tenant_id)
    wishes = [command(one, Move(1, 0)), command(two, Move(5, 777)), command(one, Move(1, 1)), command(two, Move(2))]

    told = await bulk_told(a_poster(database), tenant_id, wishes)

    assert told == "posted value_mismatch posted posted"
    assert [(await standing(database, tenant_id, key)).value for key in (one, two)] == [2, 2]
    count = "SELECT count(DISTINCT xmin::text) FROM ledger_entry WHERE tenant_id = $1"
    assert await owner.fetchval(count, tenant_id) == 1


async def test_what_refuses_a_bulk_as_a_whole_leaves_nothing_and_runs_no_second_time(
    database: Database, tenant_id: str
) -> None:
    key = await opened(database, tenant_id)
    asked = 0

    def refuse(_outcomes: Sequence[Outcome]) -> Answer:
        nonlocal asked
        asked += 1
        raise Conflict("not all of them")

    with pytest.raises(Conflict, match="not all"):
        await a_poster(database).post_bulk(tenant_id, [command(key, Move(1))], KEYED, refuse)

    assert (asked, (await standing(database, tenant_id, key)).version) == (1, 0)
    assert await bulk_told(a_poster(database), tenant_id, [command(key, Move(1))], KEYED) == "posted"


@pytest.mark.parametrize("options", [NO_OPTIONS, KEYED])
@pytest.mark.parametrize("kill_after", [0, 1, 2])
async def test_a_connection_that_dies_in_mid_bulk_loses_and_doubles_nothing(
    owner_url: str, database: Database, owner: Owner, tenant_id: str, kill_after: int, options: WriteOptions
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(8)]
    dying = await open_database(owner_url, 2)
    poster = a_poster(dying, effect=killing(owner, kill_after + 1))

    told = await bulk_told(poster, tenant_id, [command(key, Move(1)) for key in keys], options)
    await dying.close()

    assert told == ("outcome_unknown" if kill_after > 1 else " ".join(["posted"] * 8))
    assert len(await entries(database, tenant_id)) == (0 if kill_after > 1 else 8)


@pytest.mark.parametrize(("options", "found"), [(NO_OPTIONS, "repeat repeat"), (KEYED, "posted posted")])
async def test_a_commit_whose_answer_is_lost_is_found_again(
    owner_url: str, database: Database, tenant_id: str, options: WriteOptions, found: str
) -> None:
    key = await opened(database, tenant_id)
    lossy = await open_database(owner_url, 2)
    losses = 0

    def lose(_topic: str) -> None:
        nonlocal losses
        losses += 1
        if losses == 1:
            raise asyncpg.ConnectionDoesNotExistError("the line went away behind the commit")

    async def effect(tx: Tx, _moved: Sequence[Posted], _now: datetime) -> None:
        tx.announce("moved")

    lossy.announce_by(lose)
    poster = a_poster(lossy, effect=effect)
    told = await bulk_told(poster, tenant_id, [command(key, Move(1)), command(key, Move(1))], options)
    await lossy.close()

    assert (losses, told) == (1, found)
    assert (await standing(database, tenant_id, key)).value == 2


async def test_movement_ids_that_two_bulks_take_in_opposite_orders_move_once(
    database: Database, tenant_id: str
) -> None:
    pairs = [(await opened(database, tenant_id), await opened(database, tenant_id)) for _ in range(10)]
    order = list(enumerate(pairs))

    # On accounts of their own, so that only the ids are in each other's way; PostgreSQL breaks the deadlocks.
    found = await asyncio.gather(
        bulk_told(a_poster(database), tenant_id, [command(pair[0], Move(1), f"m-{n}") for n, pair in order]),
        bulk_told(a_poster(database), tenant_id, [command(pair[1], Move(1), f"m-{n}") for n, pair in order[::-1]]),
    )

    assert Counter(" ".join(found).split()) == {"posted": 10, "movement_mismatch": 10}


async def test_bulks_and_single_commands_of_several_processes_wait_for_each_other_in_no_ring(
    database: Database, tenant_id: str
) -> None:
    keys = [await opened(database, tenant_id) for _ in range(30)]
    processes = [a_poster(database) for _ in range(3)]
    bulks = [[command(key, Move(1)) for key in (keys[::-1] if number % 2 else keys) * 2] for number in range(12)]
    singles = [command(key, Move(1)) for key in keys * 4]

    told, alone = await asyncio.gather(
        asyncio.gather(*(bulk_told(processes[n % 3], tenant_id, bulk) for n, bulk in enumerate(bulks))),
        asyncio.gather(*(processes[n % 3].post(tenant_id, one) for n, one in enumerate(singles))),
    )

    assert Counter(" ".join(told).split()) == {"posted": 12 * 60}
    assert len(alone) == 120
    assert {(await standing(database, tenant_id, key)).value for key in keys} == {12 * 2 + 4}


async def test_an_account_that_someone_holds_keeps_a_bulk_waiting_for_a_while_only(
    owner_url: str, database: Database, tenant_id: str
) -> None:
    held, free = await opened(database, tenant_id), await opened(database, tenant_id)
    impatient = await open_database(owner_url, 2, lock_timeout_ms=200)
    async with database.tenant(tenant_id) as tx:
        await tx.execute("SELECT FROM ledger_account WHERE owner_id = $1 FOR UPDATE", held.owner_id)

        told = await bulk_told(a_poster(impatient), tenant_id, [command(free, Move(1)), command(held, Move(1))])
    await impatient.close()

    assert told == "overloaded"
    assert (await standing(database, tenant_id, free)).version == 0


async def test_more_bulks_than_may_wait_are_refused_at_once(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    poster, count = a_poster(database), BULKS_WAITING_MAX + 6

    told = await asyncio.gather(*(bulk_told(poster, tenant_id, [command(key, Move(1))]) for _ in range(count)))
    await poster.drain()

    assert Counter(told) == {"posted": BULKS_WAITING_MAX, "overloaded": 6}
    assert (await standing(database, tenant_id, key)).value == BULKS_WAITING_MAX


async def test_a_dry_run_keeps_neither_entries_nor_key(database: Database, tenant_id: str) -> None:
    key = await opened(database, tenant_id)
    poster, dry = a_poster(database), WriteOptions(KEYED.idempotency_key, KEYED.fingerprint, is_dry_run=True)

    tried = await bulk_told(poster, tenant_id, [command(key, Move(1, 0)), command(key, Move(1, 1))], dry)
    done = await bulk_told(poster, tenant_id, [command(key, Move(1, 0)), command(key, Move(1, 1))], KEYED)

    assert tried == done == "posted posted"
    assert (await standing(database, tenant_id, key)).value == 2
