"""Tills that go on while API processes are killed, and the count of what they were told had happened."""

import asyncio
import os
import signal
from dataclasses import dataclass
from decimal import Decimal

from guerdon_client import AsyncGuerdon, ConnectionLost, NewMovement, NewPrivilege, Retries, ServerFailed
from tests.acceptance.running import Running

TILLS = 12
HALF, QUARTER = Decimal("0.5"), Decimal("0.25")
RETRIES = Retries(attempts_max=6, first_pause_s=0.05, pause_max_s=1.0)


@dataclass(slots=True)
class Till:
    """One till with a card of its own; `acknowledged` movements of 0.5 have been answered, or bulks of two halves."""

    privilege_id: str
    is_bulk: bool
    acknowledged: int = 0


async def kill_under_load(running: Running, kills: int, seconds_between: float) -> list[Till]:
    """Kill API processes in turn while tills move value, and give the tills.

    The supervisor gives up a process that dies five times in a row within five seconds of its start.
    """
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key, retries=RETRIES, timeout_s=20) as client:
        pass_id = (await client.create_pass("loyalty")).pass_id
        new = NewPrivilege("Unlimited")
        cards = [(await client.create_privilege(pass_id, new)).privilege_id for _ in range(TILLS)]
        tills = [Till(card, is_bulk=number % 2 == 1) for number, card in enumerate(cards)]
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for till in tills:
                group.create_task(_work(client, till, is_over))
            await _kill(running, kills, seconds_between)
            is_over.set()
    return tills


async def _work(client: AsyncGuerdon, till: Till, is_over: asyncio.Event) -> None:
    value = Decimal(0)
    while not is_over.is_set():
        await _move_until_told(client, till, value)
        till.acknowledged += 1
        value += HALF


async def _move_until_told(client: AsyncGuerdon, till: Till, value: Decimal) -> None:
    movement_id = f"{till.privilege_id}-{till.acknowledged}"
    while True:
        try:
            await _move(client, till, value, movement_id)
        except (ConnectionLost, ServerFailed):
            await asyncio.sleep(0.1)
        else:
            return


async def _move(client: AsyncGuerdon, till: Till, value: Decimal, movement_id: str) -> None:
    if not till.is_bulk:
        await client.apply_movement(till.privilege_id, HALF, value, movement_id=movement_id)
        return
    halves = [
        NewMovement(till.privilege_id, QUARTER, value + QUARTER * number, movement_id=f"{movement_id}-{number}")
        for number in (0, 1)
    ]
    await client.apply_movements(halves, all_or_nothing=True)


async def _kill(running: Running, kills: int, seconds_between: float) -> None:
    last_of: dict[int, int] = {}
    number = 0
    while number < kills:
        await asyncio.sleep(seconds_between)
        # The one that has lived longest, so that every process gets its turn.
        pids = running.api_pids()
        assert running.process.poll() is None, "the product has given up"
        if not pids:
            continue
        for pid in pids:
            last_of.setdefault(pid, number)
        os.kill(min(pids, key=lambda pid: (last_of[pid], pid)), signal.SIGKILL)
        number += 1
