"""Those who take part in a campaign at size: an API process, a worker that can be killed, a client, the database."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2

from benchmarks.load import process_s, server_s
from benchmarks.machine import busy_s
from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import Place, Service, Stage

ANSWER_S = 600.0
POLL_S, POLLS_MAX = 0.2, 300
FILL = """
INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, identity, metadata, additional_data,
                  created_at, updated_at)
SELECT 'bench', substr(encode(sha256(n::text::bytea), 'hex'), 1, 20), 'loyalty', sha256(n::text::bytea),
       jsonb_build_object('customerId', n::text), sha256(n::text::bytea), '{"tier": "Friend", "store": "12"}'::jsonb,
       '{"firstName": "Ada", "points": 120}'::jsonb, now(), now()
  FROM generate_series(1, $1::int) AS n
"""
FILL_SEARCH = """
INSERT INTO pass_metadata (tenant_id, name, value, pass_id)
SELECT tenant_id, m.key, m.value, pass_id FROM pass, jsonb_each_text(metadata) AS m
"""
FILL_IDENTIFIERS = """
INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
SELECT tenant_id, 'customerId', identifiers ->> 'customerId', pass_id FROM pass WHERE metadata ? 'store'
"""


@dataclass(slots=True)
class Crew:
    """Everybody, and how to lose the worker."""

    stage: Stage
    place: Place
    api: Service
    worker: "subprocess.Popen[bytes]"
    client: httpx2.AsyncClient
    owner: "asyncpg.Connection[asyncpg.Record]"
    past_worker_s: float = 0.0
    worker_bytes_max: int = 0

    async def kill_worker(self) -> None:
        """End the worker as a power cut would, and start another."""
        self.past_worker_s = self.worker_s()
        self.worker_bytes_max = self.worker_bytes()
        self.worker.kill()
        self.worker.wait()
        self.worker = self.stage.work(self.place)

    async def crash_database(self) -> None:
        """Kill a process of the server, which ends all others and recovers from its log."""
        os.kill(await self.owner.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
        self.owner.terminate()
        for _ in range(POLLS_MAX):
            with suppress(asyncpg.PostgresError, OSError):
                self.owner = await _connect(self.place)
                return
            await asyncio.sleep(POLL_S)
        raise TimeoutError("the database does not come back")

    def worker_s(self) -> float:
        """Tell the processor seconds of all workers."""
        return self.past_worker_s + process_s(self.worker.pid)

    def worker_bytes(self) -> int:
        """Tell the most memory that a worker has had."""
        return max(self.worker_bytes_max, memory_most(self.worker.pid))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a while cost: processor seconds of each, memory at the most, and the share that others had."""

    seconds: float
    worker_s: float
    database_s: float
    worker_bytes: int
    api_bytes: int
    others_share: float


class Meter:
    """Measures from when it is made."""

    def __init__(self, crew: Crew) -> None:
        """Begin."""
        self._crew = crew
        self._before = self._now()

    def read(self) -> Measured:
        """Tell what it cost until now."""
        seconds, worker_s, database_s, ours_s, all_s = (
            late - early for early, late in zip(self._before, self._now(), strict=True)
        )
        others = max(0.0, all_s - ours_s) / (seconds * (os.cpu_count() or 1))
        api_bytes = max(memory_most(pid) for pid in self._crew.api.pids)
        return Measured(seconds, worker_s, database_s, self._crew.worker_bytes(), api_bytes, others)

    def _now(self) -> tuple[float, ...]:
        worker_s, database_s = self._crew.worker_s(), server_s(self._crew.stage.postmaster)
        api_s = sum(process_s(pid) for pid in self._crew.api.pids)
        return time.perf_counter(), worker_s, database_s, worker_s + database_s + api_s + time.process_time(), busy_s()


async def seed_passes(stage: Stage, passes: int) -> Place:
    """Make a database with so many passes, for crews to have copies of."""
    place = await stage.furnish("campaign", Sizes(0))
    owner = await asyncpg.connect(place.url)
    for statement, arguments in ((FILL, [passes]), (FILL_SEARCH, []), (FILL_IDENTIFIERS, []), ("VACUUM ANALYZE", [])):
        await owner.execute(statement, *arguments, timeout=ANSWER_S)
    await owner.close()
    return place


@asynccontextmanager
async def open_crew(stage: Stage, seeded: Place, name: str) -> AsyncGenerator[Crew]:
    """Let everybody into a copy of a database; nobody works yet, and nothing is left of it in the end."""
    place = await stage.copy(seeded, name)
    owner = await _connect(place)
    api = await asyncio.to_thread(stage.serve, place, {}, count=1)
    base = f"http://127.0.0.1:{api.port}/api/{TENANT}/passes"
    worker = stage.work(place)
    await _await_worker(owner)
    async with httpx2.AsyncClient(base_url=base, headers={"x-api-key": place.api_key}, timeout=ANSWER_S) as client:
        crew = Crew(stage, place, api, worker, client, owner)
        yield crew
    await crew.owner.close()
    stage.stop()
    await stage.drop(place)


async def _connect(place: Place) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(place.url, server_settings={"work_mem": "256MB"})


async def _await_worker(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    for _ in range(POLLS_MAX):
        # The first thing that a worker does is to arrange what recurs.
        if await owner.fetchval("SELECT EXISTS (SELECT FROM queue.schedule)"):
            return
        await asyncio.sleep(POLL_S)
    raise TimeoutError("the worker does not begin")


def memory_most(pid: int) -> int:
    """Tell the most memory that a process has had, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) * 1024
