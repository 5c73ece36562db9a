"""Gathering concurrent calls into batches: one round trip serves all who wait."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Generic, TypeVar

from guerdon.platform.problems import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")
Outcome = Result | BaseException
RunBatch = Callable[[str, Sequence[Item]], Awaitable[Sequence[Result | BaseException]]]


class Gatherer(Generic[Item, Result]):
    """Takes single calls, runs them in batches of one tenant, and gives each caller its own outcome.

    A batch starts as soon as a place is free, so a lone call waits for nobody, and while a batch is under way the next
    one collects. Only where calls have queued behind a batch may the next one linger for those that follow the
    answers just given (decision 0008). Tenants take turns, so that none can fill every batch.
    """

    def __init__(
        self,
        run: RunBatch[Item, Result],
        *,
        items_max: int,
        in_flight: int,
        queue_max: int,
        linger_ms: int = 0,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        """Run batches of at most `items_max` with `run`, `in_flight` at a time; above `queue_max` refuse.

        Linger for `linger_ms` at most, and only until as many calls have come as were just answered.
        `observe` is told of each batch how many calls it serves and how many seconds the first of them waited.
        """
        self._run = run
        # Asked for once: the answer takes a call of the operating system each time (getpid, in Python 3.11).
        self._loop: asyncio.AbstractEventLoop | None = None
        self._items_max = items_max
        self._places_free = in_flight
        self._queue_max = queue_max
        self._linger_s = linger_ms / 1000
        self._lingering: asyncio.Future[None] | None = None
        self._lingers_for = 0
        self._observe = observe
        self._waiting: dict[str, deque[tuple[Item, asyncio.Future[Result], float]]] = {}
        self._waiting_count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def call(self, tenant_id: str, item: Item) -> "asyncio.Future[Result]":
        """Queue one call and return the future of its own result.

        A call whose caller goes away is carried out all the same. Raises Overloaded.
        """
        if self._waiting_count >= self._queue_max:
            raise Overloaded
        self._loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.setdefault(tenant_id, deque()).append((item, future, perf_counter()))
        self._waiting_count += 1
        if self._lingering is not None and self._waiting_count >= self._lingers_for:
            _wake(self._lingering)
        if self._places_free:
            self._places_free -= 1
            self._start(self._work())
        return future

    @property
    def waiting_count(self) -> int:
        """How many calls wait for a batch to take them."""
        return self._waiting_count

    async def drain(self) -> None:
        """Wait until everything that was queued has its outcome."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, work: "asyncio.Future[None] | Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._waiting_count:
                tenant_id, batch = self._take()
                await self._run_batch(tenant_id, batch)
                await self._linger(min(self._waiting_count + len(batch), self._items_max))
        finally:
            self._places_free += 1

    async def _linger(self, count: int) -> None:
        """Wait until so many calls are waiting, or for as long as is allowed.

        Whoever was just answered is likely to call again at once. Without this, two halves of the callers take turns,
        in batches half as large as they could be.
        """
        if not 0 < self._waiting_count < count or not self._linger_s or self._lingering is not None:
            return
        loop = asyncio.get_running_loop()
        self._lingers_for = count
        self._lingering = loop.create_future()
        timer = loop.call_later(self._linger_s, _wake, self._lingering)
        try:
            await self._lingering
        finally:
            timer.cancel()
            self._lingering = None

    def _take(self) -> tuple[str, list[tuple[Item, "asyncio.Future[Result]", float]]]:
        tenant_id, queue = next(iter(self._waiting.items()))
        batch = [queue.popleft() for _ in range(min(len(queue), self._items_max))]
        self._waiting_count -= len(batch)
        # The tenant goes to the back of the line, or out of it.
        del self._waiting[tenant_id]
        if queue:
            self._waiting[tenant_id] = queue
        if self._observe is not None:
            self._observe(len(batch), perf_counter() - batch[0][2])
        return tenant_id, batch

    async def _run_batch(self, tenant_id: str, batch: list[tuple[Item, "asyncio.Future[Result]", float]]) -> None:
        items = [item for item, _, _ in batch]
        try:
            outcomes: Sequence[Result | BaseException] = await self._run(tenant_id, items)
            assert len(outcomes) == len(items)
        except Exception as failure:  # noqa: BLE001  # every caller must hear of it; nobody else would
            outcomes = [failure] * len(items)
        for (_, future, _), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def _wake(lingering: "asyncio.Future[None]") -> None:
    if not lingering.done():
        lingering.set_result(None)
