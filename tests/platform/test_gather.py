import asyncio
from collections.abc import Sequence

import pytest

from guerdon.platform.gather import Gatherer
from guerdon.platform.problems import Overloaded


class Oven:
    """Bakes batches when told, and remembers them."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.door = asyncio.Event()

    async def bake(self, tenant_id: str, items: Sequence[int]) -> list[int | BaseException]:
        self.batches.append((tenant_id, list(items)))
        await self.door.wait()
        return [ValueError(item) if item < 0 else item * 10 for item in items]


def gatherer(oven: Oven, items_max: int = 3, queue_max: int = 100) -> Gatherer[int, int]:
    return Gatherer(oven.bake, items_max=items_max, in_flight=1, queue_max=queue_max)


async def test_a_lone_call_starts_at_once_and_those_that_come_meanwhile_share_the_next_batch() -> None:
    oven = Oven()
    gathering = gatherer(oven)
    calls = [gathering.call("t", number) for number in range(6)]
    await asyncio.sleep(0)
    oven.door.set()

    assert await asyncio.gather(*calls) == [0, 10, 20, 30, 40, 50]
    assert [len(items) for _, items in oven.batches] == [3, 3]


async def test_callers_who_were_just_answered_join_those_who_wait_when_a_batch_may_linger() -> None:
    async def call_twice(number: int) -> None:
        await gathering.call("t", number)
        await gathering.call("t", number + 1)

    async def queue_behind() -> None:
        await asyncio.sleep(0)
        await asyncio.gather(gathering.call("t", 10), gathering.call("t", 11))

    sizes: dict[int, list[int]] = {}
    for linger_ms in (0, 60_000):
        oven = Oven()
        gathering = Gatherer(oven.bake, items_max=10, in_flight=1, queue_max=100, linger_ms=linger_ms)
        callers = asyncio.gather(*(call_twice(number) for number in range(3)), queue_behind())
        while not (oven.batches and gathering.waiting_count == 2):  # noqa: ASYNC110  # nothing tells that they wait
            await asyncio.sleep(0)
        oven.door.set()
        await callers
        sizes[linger_ms] = [len(items) for _, items in oven.batches]

    assert sizes == {0: [3, 2, 3], 60_000: [3, 5]}


async def test_a_batch_that_lingers_in_vain_starts_all_the_same() -> None:
    oven = Oven()
    gathering = Gatherer(oven.bake, items_max=10, in_flight=1, queue_max=100, linger_ms=10)
    first = asyncio.ensure_future(gathering.call("t", 1))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(gathering.call("t", 2))
    oven.door.set()

    assert await asyncio.gather(first, second) == [10, 20]
    assert [items for _, items in oven.batches] == [[1], [2]]


async def test_each_caller_gets_its_own_outcome() -> None:
    oven = Oven()
    gathering = gatherer(oven)
    oven.door.set()

    outcomes = await asyncio.gather(*(gathering.call("t", n) for n in (1, -1, 2)), return_exceptions=True)

    assert outcomes[0] == 10
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == 20


async def test_tenants_take_turns_and_never_share_a_batch() -> None:
    oven = Oven()
    gathering = gatherer(oven, items_max=2)
    calls = [gathering.call("loud", n) for n in range(6)] + [gathering.call("quiet", 7)]
    oven.door.set()
    await asyncio.gather(*calls)

    assert [tenant for tenant, _ in oven.batches] == ["loud", "quiet", "loud", "loud"]


async def test_a_full_queue_refuses_and_recovers() -> None:
    oven = Oven()
    gathering = gatherer(oven, items_max=1, queue_max=2)
    running = [gathering.call("t", 1), gathering.call("t", 2)]

    with pytest.raises(Overloaded):
        gathering.call("t", 3)
    oven.door.set()
    await asyncio.gather(*running)

    assert await gathering.call("t", 4) == 40


async def test_a_caller_that_goes_away_harms_nobody() -> None:
    oven = Oven()
    gathering = gatherer(oven)
    gone, staying = gathering.call("t", 1), gathering.call("t", 2)
    await asyncio.sleep(0)
    gone.cancel()
    oven.door.set()

    assert await staying == 20
    await gathering.drain()
