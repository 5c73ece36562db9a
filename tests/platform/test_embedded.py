"""One embedded server through starts, stops, kills and strangers; real processes throughout."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from guerdon.platform.cluster_folder import ClusterFolder
from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings, find_running_dsn
from guerdon.platform.embedded_errors import FolderInUse, FolderOfAnotherMajor, ForeignServer, ServerNotStarted
from guerdon.platform.process import ended

RUN_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings

async def main():
    server = EmbeddedPostgres(EmbeddedSettings(Path(sys.argv[1])))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home that every account of the machine can reach; its one cluster serves all tests here."""
    folder = Path(tempfile.mkdtemp(prefix="guerdon-test-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder)


@asynccontextmanager
async def a_server(home: Path, **settings: object) -> AsyncGenerator[tuple[EmbeddedPostgres, str]]:
    server = EmbeddedPostgres(EmbeddedSettings(home, **settings))  # pyright: ignore[reportArgumentType] - as given by each test
    dsn = await server.start()
    try:
        yield server, dsn
    finally:
        await server.stop()


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - what is waited for happens in other processes
        await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Tell whether a process that is not our child ended; it may stay a zombie where nobody reaps."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def is_ready(home: Path) -> bool:
    """Tell whether a server on the home says that it answers."""
    state = home / "postgres/server/data/postmaster.pid"
    return state.exists() and "ready" in state.read_text()


def a_launcher(home: Path) -> tuple["subprocess.Popen[str]", int]:
    """Start a server from another Python and tell the server's pid."""
    launcher = subprocess.Popen([sys.executable, "-c", RUN_FOR_EVER, str(home)], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    with launcher.stdout as said:
        return launcher, int(said.readline())


def by_hand(home: Path, words: list[str]) -> "subprocess.Popen[bytes]":
    """Start a server on the folder as a person with a shell would."""
    owner = ClusterFolder.of(home).server.stat()
    if os.geteuid() != 0:
        return subprocess.Popen(words, stderr=subprocess.DEVNULL)
    return subprocess.Popen(
        words, user=owner.st_uid, group=owner.st_gid, extra_groups=[], stderr=subprocess.DEVNULL, cwd="/"
    )


async def last_command(home: Path) -> list[str]:
    async with a_server(home):
        return shlex.split((ClusterFolder.of(home).data / "postmaster.opts").read_text())


async def test_a_first_start_makes_a_durable_cluster_with_a_private_password(home: Path) -> None:
    async with a_server(home) as (_, dsn):
        found = {
            name: await ask(dsn, f"SELECT current_setting('{name}')")
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses")
        }
        words = await ask(
            dsn, "SELECT lower('ÄÉ') || current_user || current_database() || current_setting('TimeZone')"
        )

    assert list(found.values()) == ["on", "on", "on", "on", ""]
    assert words == "äéguerdon_ownerguerdonUTC"
    assert (home / "postgres/password").stat().st_mode & 0o777 == 0o600


async def test_a_wrong_password_is_refused(home: Path) -> None:
    async with a_server(home) as (_, dsn):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(dsn.replace("guerdon_owner:", "guerdon_owner:x"), "SELECT 1")


async def test_a_second_start_finds_what_was_committed_at_the_same_address(home: Path) -> None:
    async with a_server(home) as (_, first):
        await ask(first, "CREATE TABLE kept AS SELECT 41 AS n")

    async with a_server(home) as (_, second):
        assert second == first
        assert await ask(second, "SELECT n FROM kept") == 41


async def test_other_commands_find_the_server_only_while_it_runs(home: Path) -> None:
    async with a_server(home) as (_, dsn):
        assert find_running_dsn(home) == dsn

    assert find_running_dsn(home) is None


async def test_a_stopped_server_is_gone_and_a_second_stop_does_nothing(home: Path) -> None:
    async with a_server(home) as (server, _):
        pid = server.pid
        await server.stop()

    assert server.pid is None
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_killed_server_comes_back_at_its_address_with_every_acknowledged_row(home: Path) -> None:
    async with a_server(home) as (server, dsn):
        await ask(dsn, "CREATE TABLE survives AS SELECT 42 AS n")
        keeper = asyncio.create_task(server.keep_running())
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await until(lambda: server.pid not in (None, killed) and is_ready(home))

        assert await ask(dsn, "SELECT n FROM survives") == 42
        await server.stop()
        await keeper


async def test_a_start_waits_for_the_last_processes_of_a_killed_server(home: Path) -> None:
    said: list[str] = []
    server = EmbeddedPostgres(EmbeddedSettings(home), said.append)
    connection = await asyncpg.connect(await server.start())
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    os.kill(backend, signal.SIGSTOP)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.stop()
    asyncio.get_running_loop().call_later(0.7, os.kill, backend, signal.SIGCONT)

    try:
        assert await ask(await server.start(), "SELECT 1") == 1
    finally:
        await server.stop()
    connection.terminate()
    assert any("still ending" in sentence for sentence in said)


async def test_when_the_launcher_is_killed_the_server_ends_by_itself_and_starts_again(home: Path) -> None:
    launcher, pid = a_launcher(home)
    dsn = find_running_dsn(home)
    assert dsn is not None
    await ask(dsn, "CREATE TABLE outlives AS SELECT 43 AS n")
    launcher.kill()
    launcher.wait()

    await asyncio.wait_for(until(lambda: is_gone(pid)), 10)
    async with a_server(home) as (_, again):
        assert await ask(again, "SELECT n FROM outlives") == 43


async def test_when_launcher_and_server_are_killed_at_once_nothing_acknowledged_is_lost(home: Path) -> None:
    launcher, pid = a_launcher(home)
    dsn = find_running_dsn(home)
    assert dsn is not None
    await ask(dsn, "CREATE TABLE outlives_both AS SELECT 44 AS n")
    os.kill(pid, signal.SIGKILL)
    launcher.kill()
    launcher.wait()

    await until(lambda: find_running_dsn(home) is None)
    async with a_server(home) as (_, again):
        assert await ask(again, "SELECT n FROM outlives_both") == 44


async def test_a_server_of_ours_that_lost_its_launcher_is_stopped_and_replaced(home: Path) -> None:
    orphan = by_hand(home, await last_command(home))
    await until(lambda: is_ready(home))

    async with a_server(home) as (server, dsn):
        assert server.pid != orphan.pid
        assert await ask(dsn, "SELECT 1") == 1
    assert await ended(orphan) == 0


async def test_a_server_that_someone_else_started_is_left_alone(home: Path) -> None:
    words = [word for word in await last_command(home) if word != "cluster_name=guerdon"]
    words = [word for at, word in enumerate(words) if words[at : at + 2] != ["-c", "-c"]]
    foreign = by_hand(home, words)
    await until(lambda: is_ready(home))

    with pytest.raises(ForeignServer, match=f"pid {foreign.pid}"):
        await EmbeddedPostgres(EmbeddedSettings(home)).start()

    assert foreign.poll() is None
    foreign.send_signal(signal.SIGINT)
    assert await ended(foreign) == 0


async def test_a_stale_pid_that_now_belongs_to_a_stranger_is_no_server(home: Path) -> None:
    async with a_server(home):
        pass
    stranger = by_hand(home, ["sleep", "60"])
    stale = home / "postgres/server/data/postmaster.pid"
    stale.write_text(f"{stranger.pid}\n{stale.parent}\n1\n5432\n\n\n\nready\n")

    async with a_server(home) as (_, dsn):
        assert await ask(dsn, "SELECT 1") == 1

    assert stranger.poll() is None
    stranger.terminate()
    stranger.wait()


async def test_two_launchers_on_one_folder_are_told_apart_by_pid(home: Path) -> None:
    async with a_server(home) as (_, dsn):
        with pytest.raises(FolderInUse, match=f"pid {os.getpid()}"):
            await EmbeddedPostgres(EmbeddedSettings(home)).start()

        assert await ask(dsn, "SELECT 1") == 1


async def test_a_cancelled_start_leaves_nothing_running(home: Path) -> None:
    server = EmbeddedPostgres(EmbeddedSettings(home))
    start = asyncio.create_task(server.start())
    await until(lambda: server.pid is not None)
    start.cancel()

    with pytest.raises(asyncio.CancelledError):
        await start
    assert server.pid is None
    assert not (home / "postgres/server/data/postmaster.pid").exists()


async def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with pytest.raises(ServerNotStarted, match="max_connections"):
        await EmbeddedPostgres(EmbeddedSettings(home, connections_max=-1)).start()


async def test_a_lost_password_file_is_replaced_and_the_data_stays(home: Path) -> None:
    async with a_server(home) as (_, dsn):
        await ask(dsn, "CREATE TABLE stays AS SELECT 45 AS n")
    (home / "postgres/password").unlink()

    async with a_server(home) as (_, again):
        assert again != dsn
        assert await ask(again, "SELECT n FROM stays") == 45


async def test_a_folder_of_another_major_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    data = ClusterFolder.of(tmp_path).data
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")

    with pytest.raises(FolderOfAnotherMajor, match="made by PostgreSQL 14; found here: 18"):
        await EmbeddedPostgres(EmbeddedSettings(tmp_path)).start()

    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]
