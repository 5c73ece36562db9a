import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

import guerdon
from guerdon.platform.db import Database
from guerdon.platform.events import Event, emit
from guerdon.platform.jobs import Job, Progress, cancel, defer, keep_progress, list_held, retry, stats
from guerdon.platform.wakeups import CHANNEL, Wakeups

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'guerdon wake-ups'"


class Heard:
    """Counts calls and lets a test wait for one."""

    def __init__(self) -> None:
        self.count = 0
        self._once_more = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._once_more.set()

    async def once_more(self) -> None:
        await asyncio.wait_for(self._once_more.wait(), 10)
        self._once_more.clear()


@asynccontextmanager
async def hearing(url: str, topic: str) -> AsyncGenerator[tuple[Wakeups, Heard]]:
    """Wake-ups of which the one that follows a connection has been heard already."""
    heard = Heard()
    wakeups = Wakeups(url)
    wakeups.listen(topic, heard)
    async with wakeups:
        await wakeups.connected()
        await heard.once_more()
        yield wakeups, heard


@asynccontextmanager
async def raw_notifications(url: str, *channels: str) -> AsyncGenerator[list[object]]:
    received: list[object] = []
    connection = await asyncpg.connect(url)
    for channel in channels:
        await connection.add_listener(channel, lambda _c, _p, _n, payload: received.append(payload))
    yield received
    await connection.close()


async def test_what_one_process_announces_another_hears_within_moments(owner_url: str) -> None:
    async with hearing(owner_url, "jobs") as (_, heard), hearing(owner_url, "jobs") as (other, _):
        began_at = asyncio.get_running_loop().time()
        other.announce("jobs")
        await heard.once_more()
        took_s = asyncio.get_running_loop().time() - began_at

    assert took_s < 0.5


async def test_a_listener_hears_its_own_topic_only(owner_url: str) -> None:
    async with hearing(owner_url, "jobs") as (wakeups, jobs):
        access = Heard()
        wakeups.listen("access", access)
        wakeups.announce("access")
        await access.once_more()

    assert (jobs.count, access.count) == (1, 1)


async def test_who_listens_to_a_family_hears_the_name_and_none_when_some_may_have_been_missed(owner_url: str) -> None:
    names: list[str | None] = []
    heard, wakeups = Heard(), Wakeups(owner_url)
    wakeups.listen_to_family("events", names.append)
    wakeups.listen("events:acme", heard)

    async with wakeups:
        await heard.once_more()
        wakeups.announce("events:acme")
        await heard.once_more()

    assert names == [None, "acme"]


async def test_a_transaction_with_events_is_announced_once_it_has_committed(database: Database, tenant_id: str) -> None:
    announced: list[str] = []
    database.announce_by(announced.append)

    async with database.tenant(tenant_id) as tx:
        await emit(tx, [Event("k", "s", "{}", "a")], NOON)
        await emit(tx, [Event("k", "s", "{}", "a")], NOON)
        assert announced == []

    assert announced == [f"events:{tenant_id}"]


async def test_a_transaction_that_leaves_nothing_is_not_announced(database: Database, tenant_id: str) -> None:
    announced: list[str] = []
    database.announce_by(announced.append)

    async with database.tenant(tenant_id, dry_run=True) as tx:
        await emit(tx, [Event("k", "s", "{}", "a")], NOON)
    with contextlib.suppress(ZeroDivisionError):
        async with database.tenant(tenant_id) as tx:
            await emit(tx, [Event("k", "s", "{}", "a")], NOON)
            raise ZeroDivisionError
    async with database.tenant(tenant_id) as tx:
        await emit(tx, [], NOON)

    assert announced == []


async def test_a_thousand_announcements_leave_as_a_few(owner_url: str) -> None:
    async with raw_notifications(owner_url, CHANNEL) as received, hearing(owner_url, "jobs") as (wakeups, heard):
        received.clear()
        for turn in range(1000):
            wakeups.announce("jobs")
            wakeups.announce("access")
            if turn % 100 == 0:
                await asyncio.sleep(0.001)
        await heard.once_more()
        await asyncio.sleep(0.1)

    assert 2 <= len(received) <= 10
    assert set(received) == {"jobs", "access"}


async def test_the_last_announcement_of_a_burst_is_never_swallowed(owner_url: str) -> None:
    async with hearing(owner_url, "jobs") as (wakeups, heard):
        wakeups.announce("jobs")
        await heard.once_more()
        wakeups.announce("jobs")  # within the gap of the first
        await heard.once_more()

    assert heard.count == 3


async def test_a_lost_connection_is_made_again_and_listeners_are_called_for_what_they_missed(
    owner_url: str, owner: Owner
) -> None:
    async with hearing(owner_url, "jobs") as (wakeups, heard):
        for record in await owner.fetch(OURS):
            await owner.execute("SELECT pg_terminate_backend($1)", record["pid"])
        await heard.once_more()
        wakeups.announce("jobs")
        await heard.once_more()

    assert heard.count >= 3


async def test_a_connection_that_is_lost_again_and_again_is_made_again_as_soon_as_the_first_time(
    owner_url: str, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guerdon.platform.wakeups.RECONNECT_S_FIRST", 0.05)
    monkeypatch.setattr("guerdon.platform.wakeups.RECONNECT_S_MAX", 3600)

    async with hearing(owner_url, "jobs") as (_, heard):
        for _ in range(10):  # at twice the wait each time, the last would wait for longer than `once_more` does
            await owner.fetch(f"SELECT pg_terminate_backend(pid) FROM ({OURS}) AS ours")  # noqa: S608  # fragments of ours
            await heard.once_more()


async def test_an_announcement_made_without_a_connection_leaves_with_the_next_one(owner_url: str) -> None:
    wakeups = Wakeups(owner_url)
    wakeups.announce("early")

    async with raw_notifications(owner_url, CHANNEL) as received, wakeups:
        async with asyncio.timeout(10):
            while "early" not in received:  # noqa: ASYNC110  # the callback only appends
                await asyncio.sleep(0.01)


async def test_a_server_that_is_not_there_is_no_trouble_for_who_announces(tmp_path: Path) -> None:
    async with Wakeups(f"postgresql://nobody@/nowhere?host={tmp_path}") as wakeups:
        wakeups.announce("jobs")
        await asyncio.sleep(0.2)
        wakeups.announce("jobs")


async def test_a_listener_that_fails_silences_nobody(owner_url: str) -> None:
    def fail() -> None:
        raise ValueError

    async with hearing(owner_url, "jobs") as (wakeups, _):
        wakeups.listen("both", fail)
        heard = Heard()
        wakeups.listen("both", heard)
        wakeups.announce("both")
        await heard.once_more()


async def test_no_statement_of_a_business_transaction_notifies(
    database: Database, owner_url: str, tenant_id: str
) -> None:
    statements: list[str] = []

    async with raw_notifications(owner_url, CHANNEL, "ch_pgqueuer") as received:
        async with database.tenant(tenant_id) as tx:
            with tx.connection.query_logger(lambda record: statements.append(record.query)):
                await emit(tx, [Event("k", "s", "{}", "a")], NOON)
                job_id = await defer(tx, Job("push", tenant_id, {}), dedupe_key="p1")
                await keep_progress(tx, job_id, Progress(1, 2, ""), NOON)
                assert (await stats(tx), await list_held(tx, 1), await retry(tx, job_id)) is not None
                assert await cancel(tx, job_id)
        await asyncio.sleep(0.1)

    assert len(statements) >= 7
    assert [statement for statement in statements if "notify" in statement.lower()] == []
    assert received == []


async def test_nothing_in_the_database_notifies_by_itself(owner: Owner) -> None:
    notifying = await owner.fetchval(
        "SELECT count(*) FROM pg_proc JOIN pg_namespace AS space ON space.oid = pronamespace"
        " WHERE prosrc ILIKE '%notify%' AND nspname NOT IN ('pg_catalog', 'information_schema')"
    )
    reacting = await owner.fetchval(
        "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal)"
        " + (SELECT count(*) FROM pg_rules WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))"
    )

    assert (notifying, reacting) == (0, 0)


def test_no_other_file_of_ours_speaks_of_notifying_to_the_database() -> None:
    sends = re.compile(r"pg_notify|\bNOTIFY\s+[\"'{$\w]+\s*[\"',;]")
    root = Path(guerdon.__file__).parent

    senders = [path.name for path in root.rglob("*.py") if sends.search(path.read_text())]

    assert senders == ["wakeups.py"]


@pytest.mark.parametrize("topic", ["", "x" * 101])
def test_a_topic_has_a_name_of_bounded_length(topic: str) -> None:
    with pytest.raises(AssertionError):
        Wakeups("postgresql://").announce(topic)
