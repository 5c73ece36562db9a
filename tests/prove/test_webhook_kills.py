"""Workers killed with kill -9 while they deliver: every event arrives, and each pass's in order."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import MASTER_KEY
from tests.shops import Shop
from tests.webhooks.feeds import commit
from tests.webhooks.receiving import Received, answering, receiver, subscribe

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
KILLS = 8
PASSES = 6


async def start_worker(url: str, home: Path) -> asyncio.subprocess.Process:
    """Start `guerdon worker`."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "GUERDON_HOME": str(home),
        "GUERDON_SECRET_KEY": MASTER_KEY,
        "GUERDON_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    program = [sys.executable, "-m", "guerdon.entrypoints.cli", "worker"]
    return await asyncio.create_subprocess_exec(*program, env=environment)


async def test_no_event_is_lost_or_overtakes_another_of_its_pass(shop: Shop, owner_url: str, tmp_path: Path) -> None:
    async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        await answering(204)(received, writer)

    sent = 0
    async with receiver(slow) as at:
        await subscribe(shop, at.url)
        for _ in range(KILLS):
            worker = await start_worker(owner_url, tmp_path)
            seen = len(at.received)
            for _ in range(60):
                await commit(shop.house.database, shop.tenant_id, sent, subject=f"pass {sent % PASSES}")
                sent += 1
            # Killed in the middle of deliveries, not before the first.
            await at.until(lambda seen=seen: len(at.received) >= seen + 10, longest_s=120)
            worker.kill()
            await worker.wait()
        worker = await start_worker(owner_url, tmp_path)
        await at.until(lambda: set(at.numbers) >= set(range(sent)), longest_s=300)
        worker.terminate()
        assert await worker.wait() == 0

    for rest in range(PASSES):
        firsts = list(dict.fromkeys(number for number in at.numbers if number % PASSES == rest))
        assert firsts == sorted(firsts)
    print(f"{sent} events, {KILLS} kills, {len(at.numbers) - sent} sent again")  # noqa: T201  # the proof's figures
