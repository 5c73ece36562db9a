import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from guerdon.platform.db import Database
from guerdon.platform.event_horizon import Horizon, find_horizon, list_about
from guerdon.platform.events import (
    Event,
    Position,
    StoredEvent,
    emit,
    read_after,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def an_event(subject_id: str = "pass-1") -> Event:
    return Event("pass.changed", subject_id, '{"n": 1}', "key:k1")


async def next_events(
    database: Database, tenant_id: str, count: int, position: Position | None = None
) -> list[StoredEvent]:
    # Transactions of other tests on this server hold readers back for their while.
    async with asyncio.timeout(20):
        while True:
            async with database.tenant(tenant_id) as tx:
                read = await read_after(tx, position, 1_000)
            if len(read) >= count:
                return read
            await asyncio.sleep(0.02)


async def subjects(database: Database, tenant_id: str, count: int) -> list[str]:
    return [stored.subject_id for stored in await next_events(database, tenant_id, count)]


async def test_events_are_read_as_they_were_emitted(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event("one")], NOON)

    (stored,) = await next_events(database, tenant_id, 1)

    assert (stored.kind, stored.subject_id, stored.payload) == ("pass.changed", "one", '{"n": 1}')
    assert (stored.actor, stored.occurred_at) == ("key:k1", NOON)


async def test_events_of_one_transaction_keep_their_order(database: Database, tenant_id: str) -> None:
    emitted = [f"pass-{n}" for n in range(300)]

    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event(name) for name in emitted[:150]], NOON)
        await emit(tx, [an_event(name) for name in emitted[150:]], NOON)

    assert await subjects(database, tenant_id, 300) == emitted


async def test_an_event_vanishes_with_its_transaction(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id, dry_run=True) as tx:
        await emit(tx, [an_event("vanished")], NOON)
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event("stayed")], NOON)

    assert await subjects(database, tenant_id, 1) == ["stayed"]


async def test_a_reader_goes_on_from_where_it_stood(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event(str(n)) for n in range(5)], NOON)

    await next_events(database, tenant_id, 5)
    async with database.tenant(tenant_id) as tx:
        first = await read_after(tx, None, 2)
        second = await read_after(tx, first[-1].position, 2)
        third = await read_after(tx, second[-1].position, 2)

    assert [stored.subject_id for stored in [*first, *second, *third]] == ["0", "1", "2", "3", "4"]


async def test_an_event_that_commits_late_is_never_skipped(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as early:
        await emit(early, [an_event("early")], NOON)
        await early.flush()
        async with database.tenant(tenant_id) as late:
            await emit(late, [an_event("late")], NOON)
        # The later transaction has committed first; its event must wait, or the reader's position would
        # already be past the other one.
        while_open = await subjects(database, tenant_id, 0)

    assert while_open == []
    assert await subjects(database, tenant_id, 2) == ["early", "late"]


async def test_a_reader_between_two_late_commits_sees_each_event_once(database: Database, tenant_id: str) -> None:
    seen: list[str] = []
    position = None
    for turn in range(5):
        async with database.tenant(tenant_id) as slow:
            await emit(slow, [an_event(f"slow {turn}")], NOON)
            await slow.flush()
            async with database.tenant(tenant_id) as fast:
                await emit(fast, [an_event(f"fast {turn}")], NOON)
            async with database.tenant(tenant_id) as reader:
                during = await read_after(reader, position, 100)
        reached = during[-1].position if during else position
        after = await next_events(database, tenant_id, 2 - len(during), reached)
        position = after[-1].position
        seen += [stored.subject_id for stored in [*during, *after]]

    assert seen == [f"{pace} {turn}" for turn in range(5) for pace in ("slow", "fast")]


async def test_a_tenant_reads_its_own_events_only(
    database: Database, tenant_id: str, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await owner.execute(
        "INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)"
        " VALUES ('someone-else', gen_random_uuid(), 'k', 'theirs', '{}', 'a', now())"
    )
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event("ours")], NOON)

    assert await subjects(database, tenant_id, 1) == ["ours"]


async def test_an_event_can_be_neither_altered_nor_deleted(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event()], NOON)

    for statement in ("UPDATE event SET kind = 'x'", "DELETE FROM event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.tenant(tenant_id) as tx:
                await tx.connection.execute(statement)


async def test_emitting_nothing_asks_nothing_of_the_database(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [], NOON)
        has_written = await tx.value("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")

    assert has_written is False


async def horizon(database: Database, tenant_id: str) -> Horizon | None:
    async with database.tenant(tenant_id) as tx:
        return await find_horizon(tx)


async def test_the_horizon_is_the_last_event_that_can_be_read(database: Database, tenant_id: str) -> None:
    assert await horizon(database, tenant_id) is None
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event("one"), an_event("two")], NOON)

    (_, last) = await next_events(database, tenant_id, 2)

    assert (await horizon(database, tenant_id)) == Horizon(last.transaction_id, last.event_id, is_behind=False)


async def test_the_horizon_tells_of_events_that_wait_for_an_older_transaction(
    database: Database, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event("one")], NOON)
    (first,) = await next_events(database, tenant_id, 1)
    async with database.tenant(tenant_id) as slow:
        await emit(slow, [an_event("slow")], NOON)
        await slow.flush()
        async with database.tenant(tenant_id) as quick:
            await emit(quick, [an_event("quick")], NOON)

        assert (await horizon(database, tenant_id)) == Horizon(first.transaction_id, first.event_id, is_behind=True)


async def test_events_about_some_subjects_are_read_between_two_positions(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [an_event(name) for name in ("a", "b", "c", "b", "a", "b")], NOON)
    first, *_, fifth, _last = [one.position for one in await next_events(database, tenant_id, 6)]

    async with database.tenant(tenant_id) as tx:
        read = await list_about(tx, ["a", "b"], first, fifth, 10)
        two = await list_about(tx, ["a", "b"], first, fifth, 2)

    assert [one.subject_id for one in read] == ["b", "b", "a"]
    assert [one.subject_id for one in two] == ["b", "b"]
