"""Rounds of a race: run in lanes side by side, in one tenant after another, a few or GUERDON_PROVE_ROUNDS of them."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Course = TypeVar("Course")
Open = Callable[[], Awaitable[Course]]
Lane = Callable[[Course, Iterator[int]], Coroutine[None, None, None]]

FEW = 24
MANY = int(os.environ.get("GUERDON_PROVE_ROUNDS", "100000"))
# Rounds of different lanes meet in one batch, as the customers of a shop do; those of one lane follow each other.
LANES = 16
# What is proven of a tenant at its end is proven of so much in one go, however many rounds there are. The first one is
# small: after it, the database knows what its tables hold, which it would else learn within a minute.
ROUNDS_OF_THE_FIRST = 250
ROUNDS_OF_A_TENANT = 5_000
HEARTBEAT_S = 60


class Heartbeat:
    """Tells on stderr, once a minute, how far a long proof is."""

    def __init__(self, what: str, count: int) -> None:
        self._what, self._count, self.done = what, count, 0
        self._began = self._told = time.monotonic()

    def beat(self, done: int = 1) -> None:
        """Count what was done; say so when a minute is over."""
        self.done += done
        now = time.monotonic()
        if now - self._told >= HEARTBEAT_S:
            self._told = now
            rate = self.done / (now - self._began)
            # Not pytest's stderr, which is kept until the test ends.
            print(f"{self._what}: {self.done} of {self._count}, {rate:.0f}/s", file=sys.__stderr__, flush=True)


@dataclass(frozen=True)
class Rounds(Generic[Course]):
    """Opens a tenant, has it raced in, has proven that it is sound, and opens the next one."""

    name: str
    count: int
    open: Open[Course]
    prove_sound: Callable[[Course], Awaitable[None]]

    async def run(self, lane: Lane[Course]) -> None:
        """Run all rounds. A lane takes a number for each round until there are none; the first failure ends all."""
        heartbeat = Heartbeat(self.name, self.count)
        for numbers in _shares(self.count):
            course = await self.open()
            rounds = _counted(numbers, heartbeat)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(LANES, 1 + len(numbers) // 8)):
                        group.create_task(lane(course, rounds))
                await self.prove_sound(course)
            except BaseException as failure:
                failure.add_note(f"after {heartbeat.done} rounds")
                raise


def _shares(count: int) -> Iterator[range]:
    first, share = 0, ROUNDS_OF_THE_FIRST
    while first < count:
        yield range(first, min(first + share, count))
        first, share = first + share, ROUNDS_OF_A_TENANT


def _counted(numbers: range, heartbeat: Heartbeat) -> Iterator[int]:
    for number in numbers:
        heartbeat.beat()
        yield number
