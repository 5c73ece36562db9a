"""How fast a campaign changes passes: rows, revisions, search rows, events and counters, all of it durable.

`python -m benchmarks.campaigns [--passes N]`. It runs by itself, since what it is held against is a rate
(DESIGN.md section 8), not another side.
"""

import argparse
import asyncio
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from uuid import UUID

import asyncpg

from benchmarks.machine import describe, wait_until_quiet
from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import open_stage
from guerdon.campaigns import queries
from guerdon.campaigns.jobs import run_campaign
from guerdon.campaigns.model import Campaign
from guerdon.campaigns.parts import read_parts
from guerdon.campaigns.selecting import Selection, keep_selected
from guerdon.campaigns.starting import start_campaign
from guerdon.platform.db import Database, open_database
from guerdon.platform.ids import new_id
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext

BAR_PER_S = 20_000
SAMPLE_S = 0.1
REQUEST = '{"update": {"metadata": {"tier": "gold", "season": null}}}'
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


@dataclass(frozen=True, slots=True)
class Run:
    """One campaign that was worked off, and what was seen of it meanwhile."""

    passes: int
    choosing_s: float
    working_s: float
    samples: int

    @property
    def per_s(self) -> float:
        """Give the passes of a second."""
        return self.passes / self.working_s


def main() -> None:
    asked = _arguments()
    with open_stage(asked.bin_dir) as stage:
        others = wait_until_quiet(asked.patience)
        print(f"{describe()}; others used {others:.0%} of the processors just before")
        place = stage.place("campaigns", Sizes(0))
        run = asyncio.run(_measure(place.url, asked.passes))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{run.passes:,} passes chosen in {run.choosing_s:.1f} s and changed in {run.working_s:.1f} s")
    print(f"{run.per_s:,.0f} passes/s; the bar is {BAR_PER_S:,}: {'yes' if run.per_s >= BAR_PER_S else 'NO'}")
    print(f"{run.samples} samples of the statistics, all of which added up; {memory_mb} MB of memory at most")


async def _measure(url: str, passes: int) -> Run:
    owner = await asyncpg.connect(url)
    await owner.execute(FILL, passes, timeout=600)
    await owner.execute(FILL_SEARCH, timeout=600)
    await owner.execute("VACUUM ANALYZE", timeout=600)
    await owner.execute("CHECKPOINT", timeout=600)
    database = await open_database(url, 4)
    began_at = time.perf_counter()
    campaign = await _start(database)
    chosen_at = time.perf_counter()
    working = asyncio.create_task(_work_off(database, campaign))
    samples = await _sample(database, campaign, working)
    ended_at = time.perf_counter()
    await _check(owner, campaign.total)
    await database.close()
    await owner.close()
    return Run(campaign.total, chosen_at - began_at, ended_at - chosen_at, samples)


async def _start(database: Database) -> Campaign:
    now, campaign_id = datetime.now(UTC), new_id()
    new = Campaign(campaign_id, "bench", campaign_id.hex, "bench", 1_000_000, 0, 0, 0, 0, 0, now, now, None)
    with SpooledTemporaryFile(2**20) as spool:
        await keep_selected(database, TENANT, Selection((), None, ()), spool)
        async with database.tenant(TENANT) as tx:
            return (await start_campaign(tx, new, REQUEST, read_parts(spool))).campaign


async def _work_off(database: Database, campaign: Campaign) -> None:
    job = Job("campaigns.run", TENANT, {"campaignId": campaign.campaign_id.hex})
    context = JobContext(database, 1, 1, lambda: datetime.now(UTC), lambda _topic: None)
    while not (await _find(database, campaign.campaign_id)).is_done:
        await run_campaign(job, context)


async def _sample(database: Database, campaign: Campaign, working: "asyncio.Task[None]") -> int:
    samples, before = 0, 0
    while not working.done():
        await asyncio.sleep(SAMPLE_S)
        seen = await _find(database, campaign.campaign_id)
        assert before <= seen.updated + seen.errors <= seen.total == campaign.total, seen
        before = seen.updated + seen.errors
        samples += 1
    await working
    return samples


async def _find(database: Database, campaign_id: UUID) -> Campaign:
    async with database.tenant(TENANT) as tx:
        found = await queries.find_campaign(tx, campaign_id)
    assert found is not None
    return found


async def _check(owner: "asyncpg.Connection[asyncpg.Record]", passes: int) -> None:
    changed = await owner.fetchval(
        "SELECT count(*) FROM pass WHERE revision = 2 AND metadata ->> 'tier' = 'gold'",
        timeout=600,
    )
    told = await owner.fetchval("SELECT count(DISTINCT subject_id) FROM event WHERE kind = 'Pass:Updated'", timeout=600)
    found = await owner.fetchval(
        "SELECT count(*) FROM pass_metadata WHERE name = 'tier' AND value = 'gold'", timeout=600
    )
    assert (changed, told, found) == (passes, passes, passes), (changed, told, found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaigns")
    parser.add_argument("--passes", type=int, default=200_000, help="passes of the campaign")
    parser.add_argument("--patience", type=int, default=10, help="seconds to wait for a quiet machine")
    parser.add_argument("--bin-dir", type=Path, help="folder of PostgreSQL's programs; else the embedded ones")
    return parser.parse_args()


if __name__ == "__main__":
    main()
