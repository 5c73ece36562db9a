"""Threads and sessions of PostgreSQL that share a core while they are busy, on a real server of this machine."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from tests.conftest import fresh_database

from guerdon.platform.cores import ALLOWED, SharedCore, assign_cores, run_anywhere
from guerdon.platform.db import Database, open_database
from guerdon.platform.embedded import temporary_postgres
from guerdon.platform.line import Connection as LinedConnection

CORE = min(ALLOWED)
LONG = 100  # batches: more than enough for a rule
NOBODY_HERE = 4_194_304  # one more than a number of a process can be: proc(5), pid_max


@pytest.fixture(scope="module")
def near_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this machine, whatever one the other tests are given."""
    with temporary_postgres(tmp_path_factory.mktemp("near")) as url:
        yield url


@pytest.fixture(scope="module")
async def near_url(near_server: str) -> AsyncIterator[str]:
    async with fresh_database(near_server) as url:
        yield url


@pytest.fixture
def core() -> Iterator[SharedCore]:
    """A core for this thread, which has all of them again at the end."""
    yield SharedCore(CORE)
    os.sched_setaffinity(0, ALLOWED)


@pytest.fixture
async def near(near_url: str, core: SharedCore) -> AsyncIterator[Database]:
    """A database whose one session shares the core."""
    opened = await open_database(near_url, 1, core=core)
    yield opened
    await opened.close()


@pytest.fixture
async def line(near: Database) -> AsyncIterator[socket.socket]:
    """The socket that leads to the session."""
    async with near.shared() as connection:
        yield cast("LinedConnection", connection).line.get_extra_info("socket")


async def session_of(database: Database) -> int:
    async with database.shared() as connection:
        return connection.get_server_pid()


def note(core: SharedCore, batches: int, *, has_company: bool) -> None:
    for _ in range(batches):
        core.note(has_company=has_company)


def places(session: int) -> list[set[int]]:
    """Tell where this thread may run, and where a session may."""
    return [os.sched_getaffinity(0), os.sched_getaffinity(session)]


async def test_a_thread_and_its_session_keep_to_a_core_while_they_are_busy(near: Database, core: SharedCore) -> None:
    session = await session_of(near)
    before = places(session)
    note(core, LONG, has_company=True)
    busy = places(session)
    note(core, LONG, has_company=False)

    assert before == places(session) == [ALLOWED, ALLOWED]
    assert busy == [{CORE}, {CORE}]


async def test_a_few_batches_change_nothing(near: Database, core: SharedCore) -> None:
    session = await session_of(near)
    note(core, 8, has_company=True)
    note(core, 4, has_company=False)
    idle = places(session)
    note(core, LONG, has_company=True)
    note(core, 16, has_company=False)

    assert idle == [ALLOWED, ALLOWED]
    assert places(session) == [{CORE}, {CORE}]


async def test_the_session_that_takes_the_place_of_a_lost_one_keeps_to_the_core_at_once(
    near: Database, core: SharedCore
) -> None:
    note(core, LONG, has_company=True)
    lost = await session_of(near)
    os.kill(lost, signal.SIGTERM)
    async with asyncio.timeout(10):
        while (following := await session_of(near)) == lost:  # noqa: ASYNC110  # a server tells nobody
            await asyncio.sleep(0.01)

    assert os.sched_getaffinity(following) == {CORE}
    # The number of the lost one may be anybody's from now on.
    assert core.sessions == {following}


async def test_a_process_that_is_no_session_of_this_line_is_left_alone(core: SharedCore, line: socket.socket) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "60")
    note(core, LONG, has_company=True)
    taken = [core.add(process, line) for process in (other.pid, NOBODY_HERE)]
    note(core, LONG, has_company=False)
    note(core, LONG, has_company=True)
    place = os.sched_getaffinity(other.pid)
    other.kill()
    await other.wait()

    assert (taken, place) == ([False, False], ALLOWED)


def test_a_server_that_is_reached_by_tcp_may_be_anywhere(core: SharedCore) -> None:
    # Nobody listens at the other end, by the numbers of this machine, and nobody is the parent of the first process.
    with socket.socket() as far:
        assert not core.add(1, far)


async def test_without_a_session_the_thread_goes_where_it_likes(core: SharedCore) -> None:
    note(core, LONG, has_company=True)

    assert os.sched_getaffinity(0) == ALLOWED


async def test_a_core_that_is_not_ours_changes_nothing(near_url: str) -> None:
    foreign = SharedCore(max(ALLOWED) + 1_000)
    database = await open_database(near_url, 1, core=foreign)
    session = await session_of(database)
    note(foreign, LONG, has_company=True)

    assert places(session) == [ALLOWED, ALLOWED]
    await database.close()


async def test_what_is_done_in_threads_may_be_done_on_every_core(near: Database, core: SharedCore) -> None:
    await session_of(near)
    note(core, LONG, has_company=True)
    with ThreadPoolExecutor(1, initializer=run_anywhere) as threads, ThreadPoolExecutor(1) as others:
        anywhere, beside = (pool.submit(os.sched_getaffinity, 0).result() for pool in (threads, others))

    assert (anywhere, beside) == (ALLOWED, {CORE})


@pytest.mark.parametrize(
    ("processes", "cores", "given"),
    [
        (1, {0}, [None]),
        (2, {0}, [None, None]),
        (1, {0, 1}, [None]),
        (2, {0, 1}, [0, 1]),
        (2, {3, 9}, [3, 9]),
        (3, {0, 1}, [0, 1, 0]),
        (4, {0, 2, 4}, [0, 2, 4, 0]),
        (2, {0, 1, 2}, [None, None]),
        (2, set[int](), [None, None]),
    ],
)
def test_processes_have_cores_where_there_are_no_more_cores_than_processes(
    processes: int, cores: set[int], given: list[int | None]
) -> None:
    assert assign_cores(processes, frozenset(cores)) == given
