"""The stage of a run: a PostgreSQL of its own that syncs every commit, databases with data, and API processes."""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import asyncpg

from benchmarks.machine import describe, wait_until_quiet
from benchmarks.seeding import Sizes, seed
from guerdon.entrypoints.listening import listening_sockets
from guerdon.entrypoints.up_sockets import api_words
from guerdon.platform.cores import assign_cores
from guerdon.platform.embedded import EmbeddedPostgres, EmbeddedSettings
from guerdon.platform.migrate import migrate
from guerdon.platform.postgres_binaries import Binaries, find_binaries

SHARED_BUFFERS_MB = 1024
CONNECTIONS_MAX = 300
LOG_FILES = 128  # 16 MB each: what may be written from one checkpoint to the next
READY_WITHIN_S = 60.0
COPIED_WITHIN_S = 600.0
SCRAM_CAN_BE_QUICK = 16  # the major that brought scram_iterations
API = ("-m", "guerdon.entrypoints.cli", "api")
WORKER = ("-m", "guerdon.entrypoints.cli", "worker")
REFERENCE = ("-m", "benchmarks.reference")


@dataclass(frozen=True, slots=True)
class Place:
    """One database with data in it, and the key that opens its tenant."""

    url: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Service:
    """Processes that answer on one port."""

    port: int
    pids: tuple[int, ...]


class Stage:
    """One server, and what runs on it until the end of the run."""

    def __init__(self, owner_url: str, postmaster: int, home: Path, binaries: Binaries) -> None:
        """Take over a running server."""
        self.owner_url = owner_url
        self.postmaster = postmaster
        self.home = home
        self.binaries = binaries
        self._processes: list[subprocess.Popen[bytes]] = []

    def place(self, name: str, sizes: Sizes) -> Place:
        """Make a database, migrate it, and fill it."""
        return asyncio.run(self.furnish(name, sizes))

    def serve(
        self, place: Place, settings: Mapping[str, str], *, count: int = 2, what: tuple[str, ...] = API
    ) -> Service:
        """Start processes on one address, as `guerdon up` does, and wait until they answer."""
        with listening_sockets("127.0.0.1", 0, count) as sockets:
            port = int(sockets[0].getsockname()[1])
            cores = assign_cores(count) if what == API else [None] * count
            started = [
                self._spawn(place, settings, (*what, *api_words(one, core)), (one.fileno(),))
                for one, core in zip(sockets, cores, strict=True)
            ]
        _wait_until_ready(port, started)
        return Service(port, tuple(process.pid for process in started))

    def work(self, place: Place) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        return self._spawn(place, {}, WORKER, ())

    def stop(self) -> None:
        """Stop all processes, the youngest first."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait()

    async def furnish(self, name: str, sizes: Sizes) -> Place:
        """Do what `place` does, from within a loop."""
        server = await asyncpg.connect(self.owner_url)
        await server.execute(f"CREATE DATABASE {name}")
        if self.binaries.major >= SCRAM_CAN_BE_QUICK:
            # pgbench opens its connections inside of its window; checking their passwords is not what is measured.
            password = urlsplit(self.owner_url).password
            await server.execute(f"SET scram_iterations = 1; ALTER ROLE CURRENT_USER PASSWORD '{password}'")
        await server.close()
        url = self.owner_url.replace("/guerdon?", f"/{name}?")
        await migrate(url)
        return Place(url, await seed(url, self.home, sizes))

    async def copy(self, place: Place, name: str) -> Place:
        """Make a database that is like another one, which nobody uses meanwhile."""
        made = urlsplit(place.url)
        server = await asyncpg.connect(self.owner_url)
        await server.execute(
            f"CREATE DATABASE {name} TEMPLATE {made.path[1:]} STRATEGY file_copy", timeout=COPIED_WITHIN_S
        )
        await server.close()
        return Place(urlunsplit(made._replace(path=f"/{name}")), place.api_key)

    async def drop(self, place: Place) -> None:
        """Drop a database that nobody uses any more."""
        server = await asyncpg.connect(self.owner_url)
        await server.execute(f"DROP DATABASE {urlsplit(place.url).path[1:]} WITH (FORCE)")
        await server.close()

    def _spawn(
        self, place: Place, settings: Mapping[str, str], words: Sequence[str], descriptors: Sequence[int]
    ) -> "subprocess.Popen[bytes]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GUERDON_")}
        ours = {"DATABASE_URL": place.url, "GUERDON_HOME": str(self.home), "GUERDON_LOG_LEVEL": "warning"}
        # The limit of requests is for tenants, not for benchmarks.
        ours["GUERDON_REQUESTS_PER_MINUTE"] = str(2**31)
        process = subprocess.Popen(
            [sys.executable, *words], env={**kept, **ours, **settings}, pass_fds=tuple(descriptors)
        )
        self._processes.append(process)
        return process


@contextmanager
def open_stage(bin_dir: Path | None, kept: Path | None = None) -> Generator[Stage]:
    """Run a durable server in a folder of its own, and leave nothing behind; or in `kept`, and leave it there."""
    # /tmp may be memory; what is measured is a disk.
    home = kept or Path(tempfile.mkdtemp(prefix="guerdon-bench-", dir="/var/tmp"))
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    settings = EmbeddedSettings(home, bin_dir, shared_buffers_mb=SHARED_BUFFERS_MB, connections_max=CONNECTIONS_MAX)
    server = EmbeddedPostgres(settings)
    loop = asyncio.new_event_loop()
    try:
        url = loop.run_until_complete(server.start())
        assert server.pid is not None
        loop.run_until_complete(_fill_log(url))
        stage = Stage(url, server.pid, home, find_binaries(bin_dir, data=home))
        try:
            yield stage
        finally:
            stage.stop()
    finally:
        loop.run_until_complete(server.stop())
        loop.close()
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)


def script_arguments(name: str) -> argparse.ArgumentParser:
    """Begin the options of a script that measures by itself: those that `open_quiet_stage` reads."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--patience", type=int, default=10, help="seconds to wait for a quiet machine")
    parser.add_argument("--bin-dir", type=Path, help="folder of PostgreSQL's programs; else the embedded ones")
    return parser


@contextmanager
def open_quiet_stage(asked: argparse.Namespace) -> Generator[Stage]:
    """Do what `open_stage` does, wait until the machine is quiet or patience ends, and print what machine it is."""
    with open_stage(asked.bin_dir) as stage:
        others = wait_until_quiet(asked.patience)
        print(f"{describe()}; others used {others:.0%} of the processors just before")
        yield stage


async def _fill_log(url: str) -> None:
    """Make the log's files, as a server that has run for a while has them: who needs a new one waits 40 ms for it."""
    owner = await asyncpg.connect(url)
    for _ in range(LOG_FILES):
        await owner.execute("SELECT pg_logical_emit_message(false, 'guerdon', ''), pg_switch_wal()")
    await owner.execute("CHECKPOINT")
    await owner.close()


def _wait_until_ready(port: int, started: list[subprocess.Popen[bytes]]) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    answers = 0
    # One of several processes answers each time; a few answers in a row mean that all are there.
    while answers < 10 * len(started):
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=READY_WITHIN_S) as answer:
                answers += answer.status == 200
        except OSError:
            assert time.monotonic() < give_up_at, "the processes do not answer"
            assert all(process.poll() is None for process in started), "a process died at its start"
            time.sleep(0.05)
