"""How fast passes of another provider are checked and taken in: passes, search rows, events and counters, all durable.

`python -m benchmarks.imports [--rows N]`. It runs by itself; its figures are for whoever plans a move.
"""

import asyncio
import resource
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

import asyncpg

from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import Stage, open_quiet_stage, script_arguments
from guerdon.imports.checking import check_rows
from guerdon.imports.chunks import Seal, Spool
from guerdon.imports.files import read_rows
from guerdon.imports.jobs import run_import
from guerdon.imports.model import Checked, Import
from guerdon.imports.reading import get_import
from guerdon.imports.shapes import PASSES
from guerdon.imports.starting import start_import
from guerdon.passes.import_rows import BadRow
from guerdon.passes.importing import Importer
from guerdon.platform.clock import utc_now
from guerdon.platform.db import Database, open_database
from guerdon.platform.ids import new_id
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from guerdon.platform.keys import MasterKey
from guerdon.platform.tables import CSV
from guerdon.tenants.files import save_file

SAMPLE_S = 0.1
MASTER_KEY = "a master key for benchmarks that has enough characters"
TYPE = b"kind: customerCard\norganization: Shop\ndescription: Card\n"
HEADER = "serial,passType,authenticationToken,identifiers.customerId,metadata.tier\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One file that was taken in, and what was seen of it meanwhile."""

    rows: int
    megabytes: int
    checking_s: float
    starting_s: float
    working_s: float
    samples: int


def main() -> None:
    parser = script_arguments("imports")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the file")
    asked = parser.parse_args()
    with open_quiet_stage(asked) as stage:
        run = _measure(stage, asked.rows)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{run.rows:,} rows ({run.megabytes} MiB) checked in {run.checking_s:.1f} s, kept in {run.starting_s:.1f} s")
    print(f"taken in within {run.working_s:.1f} s: {run.rows / run.working_s:,.0f} passes/s")
    print(f"{run.samples} samples of the counters, all of which added up; {memory_mb} MB of memory at most")


def _measure(stage: Stage, rows: int) -> Run:
    place = stage.place("imports", Sizes(0))
    path = stage.home / "passes.csv"
    with path.open("w") as file:
        file.write(HEADER)
        file.writelines(f"{uuid.uuid4()},moved,{uuid.uuid4().hex},{number},gold\n" for number in range(rows))
    return asyncio.run(_import(place.url, path, rows, path.stat().st_size // 1024**2))


async def _import(url: str, path: Path, rows: int, megabytes: int) -> Run:
    database = await open_database(url, 4)
    master_key = MasterKey(MASTER_KEY)
    importer = Importer(master_key, frozenset({"moved"}), "bench")
    bad: list[BadRow] = []
    async with database.tenant(TENANT) as tx:
        await save_file(tx, path="server/passes/moved.yaml", content=TYPE, now=utc_now(), actor="bench")
    with TemporaryFile(dir=path.parent) as file:
        spool = Spool(file, Seal(master_key, TENANT, new_id()))
        began_at = time.perf_counter()
        totals = await check_rows(
            database, TENANT, importer, read_rows(path, CSV, PASSES), utc_now, bad.append, spool.keep
        )
        checked_at = time.perf_counter()
        assert (totals.good, bad) == (rows, []), (totals, bad[:3])
        async with database.tenant(TENANT) as tx:
            started = await start_import(
                tx, "passes", spool.seal.import_id, Checked(totals, []), spool.read(), "bench", utc_now()
            )
    started_at = time.perf_counter()
    working = asyncio.create_task(_work_off(database, master_key, started))
    samples = await _sample(database, started, working)
    ended_at = time.perf_counter()
    await _check(url, rows)
    await database.close()
    return Run(rows, megabytes, checked_at - began_at, started_at - checked_at, ended_at - started_at, samples)


async def _work_off(database: Database, master_key: MasterKey, started: Import) -> None:
    job = Job("imports.run", TENANT, {"importId": started.import_id.hex})
    context = JobContext(database, 1, 1, lambda: datetime.now(UTC), lambda _topic: None)
    while (await _find(database, started)).state == "running":
        await run_import(master_key, job, context)


async def _sample(database: Database, started: Import, working: "asyncio.Task[None]") -> int:
    seen: Sequence[int] = [0]
    while not working.done():
        await asyncio.sleep(SAMPLE_S)
        one = await _find(database, started)
        assert seen[-1] <= one.imported + one.existing + one.rejected <= one.total, one
        seen = [*seen, one.imported]
    await working
    return len(seen) - 1


async def _find(database: Database, started: Import) -> Import:
    async with database.tenant(TENANT) as tx:
        return await get_import(tx, "passes", started.import_id)


async def _check(url: str, rows: int) -> None:
    owner = await asyncpg.connect(url)
    for what in (
        "SELECT count(*) FROM pass WHERE pass_type = 'moved'",
        "SELECT count(DISTINCT subject_id) FROM event WHERE kind = 'Pass:Created'",
        "SELECT count(*) FROM pass_metadata WHERE name = 'tier' AND value = 'gold'",
        "SELECT sum(count)::bigint FROM pass_usage WHERE what = 'created' AND pass_type = 'moved'",
    ):
        found = await owner.fetchval(what, timeout=600)
        assert found == rows, (what, found)
    await owner.close()


if __name__ == "__main__":
    main()
