"""Postings of a running product keep to the cores of their processes while tills crowd, and not without being let."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.entrypoints.programs import Up, family, running

from guerdon_client import AsyncGuerdon, NewPrivilege

TILLS, MOVES_EACH = 48, 40


async def crowd(up: Up) -> None:
    """Have many tills post at once, each on a card of its own."""
    told = up.sandbox()
    async with AsyncGuerdon(told["baseUrl"], told["tenantId"], api_key=told["apiKey"], timeout_s=60) as tills:
        made = await tills.create_pass("loyalty", {"customerId": "crowd"})

        async def till() -> None:
            card = (await tills.create_privilege(made.pass_id, NewPrivilege("MultiUse"))).privilege_id
            for _ in range(MOVES_EACH):
                await tills.move(card, 1)

        await asyncio.gather(*(till() for _ in range(TILLS)))


def kept_to_one_core(up: Up) -> Counter[int]:
    """Count for each core the processes whose first thread keeps to it alone."""
    places = [os.sched_getaffinity(pid) for pid in family(up.process.pid)]
    return Counter(core for cores in places if len(cores) == 1 for core in cores)


@pytest.mark.parametrize("may_share", [True, False])
async def test_each_process_posts_on_a_core_of_its_own(tmp_path: Path, *, may_share: bool) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        pytest.skip("one core, which everybody shares anyway")
    env = {"GUERDON_API_PROCESSES": str(len(cores)), "GUERDON_SHARE_CORES": str(may_share)}
    with running(tmp_path, "--sandbox", env=env) as up:
        before = kept_to_one_core(up)
        await crowd(up)
        crowded = kept_to_one_core(up)
        assert up.stop() == 0

    assert not before
    # The process that answers, and the session that posts for it.
    assert crowded == (dict.fromkeys(cores, 2) if may_share else {})
