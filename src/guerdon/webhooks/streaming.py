"""Server-sent events: the feed as it grows, for as long as the client keeps up and may see it."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from time import monotonic
from typing import Final

import structlog
from starlette.responses import Response

from guerdon.platform.boundary import Receive, Scope, Send
from guerdon.platform.db import TROUBLE, Database
from guerdon.platform.events import EVENTS_TOPIC, Position, StoredEvent, read_after
from guerdon.platform.problems import Problem
from guerdon.platform.wakeups import Wakeups
from guerdon.webhooks.documents import cursor_text, event_document
from guerdon.webhooks.errors import TooManyStreams
from guerdon.webhooks.feed import Wanted

STREAMS_MAX: Final = 2_000
STREAMS_PER_TENANT_MAX: Final = 200
EVENTS_AT_ONCE: Final = 200
POLL_S: Final = 2.0
GATHER_S: Final = 0.05
HEARTBEAT_S: Final = 15.0
RECHECK_S: Final = 30.0
SEND_S_MAX: Final = 10.0
HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # proxies that gather answers would hold the events back
]

Recheck = Callable[[], Awaitable[None]]

_log = structlog.stdlib.get_logger("guerdon.webhooks")


class EventStreams:
    """The open streams of a process: how many there are, when to look, and one look for all who ask alike."""

    def __init__(
        self,
        database: Database,
        *,
        streams_max: int = STREAMS_MAX,
        per_tenant_max: int = STREAMS_PER_TENANT_MAX,
        heartbeat_s: float = HEARTBEAT_S,
        recheck_s: float = RECHECK_S,
        send_s_max: float = SEND_S_MAX,
    ) -> None:
        """Begin with none; a client that takes longer than `send_s_max` for a piece is dropped."""
        self._database = database
        self._streams_max = streams_max
        self._per_tenant_max = per_tenant_max
        self._open = Counter[str]()
        self._reads: dict[tuple[str, Position], asyncio.Task[list[StoredEvent]]] = {}
        self._woken: dict[str, asyncio.Event] = {}
        self.is_closing = False
        self.heartbeat_s = heartbeat_s
        self.recheck_s = recheck_s
        self.send_s_max = send_s_max

    def listen(self, wakeups: Wakeups) -> None:
        """Look for events whenever some have committed."""
        wakeups.listen_to_family(EVENTS_TOPIC, self.wake)

    def wake(self, tenant_id: str | None) -> None:
        """Have the streams of a tenant look for events now; None: all streams."""
        for name in list(self._woken) if tenant_id is None else [tenant_id]:
            woken = self._woken.pop(name, None)
            if woken is not None:
                woken.set()

    def close(self) -> None:
        """End all streams, soon; their clients connect again, to another process."""
        self.is_closing = True
        self.wake(None)

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()

    def check_room(self, tenant_id: str) -> None:
        """Refuse another stream when there are enough. Raises TooManyStreams."""
        if self._open[tenant_id] >= self._per_tenant_max:
            raise TooManyStreams(self._per_tenant_max)
        if self.count >= self._streams_max:
            raise TooManyStreams(self._streams_max)

    @contextlib.contextmanager
    def counted(self, tenant_id: str) -> Generator[None]:
        """Count a stream for as long as it lasts."""
        self._open[tenant_id] += 1
        try:
            yield
        finally:
            self._open[tenant_id] -= 1
            if not self._open[tenant_id]:
                del self._open[tenant_id]
                self._woken.pop(tenant_id, None)

    async def read(self, tenant_id: str, after: Position) -> list[StoredEvent]:
        """Give the next events; streams that stand at one place share one look."""
        key = (tenant_id, after)
        reading = self._reads.get(key)
        if reading is None:
            reading = self._reads[key] = asyncio.create_task(self._read(tenant_id, after))
            reading.add_done_callback(lambda _: self._reads.pop(key))
        return await asyncio.shield(reading)

    def next_wake(self, tenant_id: str) -> asyncio.Event:
        """Give what is set when there may be new events; taken before a look, it misses none that come after."""
        return self._woken.setdefault(tenant_id, asyncio.Event())

    async def _read(self, tenant_id: str, after: Position) -> list[StoredEvent]:
        async with self._database.tenant(tenant_id) as tx:
            return await read_after(tx, after, EVENTS_AT_ONCE)


class EventStream(Response):
    """One stream to one client, from a position on, until it leaves, lags, may no longer, or the process ends."""

    def __init__(
        self, streams: EventStreams, tenant_id: str, after: Position, wanted: Wanted, recheck: Recheck
    ) -> None:
        """Keep what to send; `recheck` raises a Problem when the caller may no longer see it."""
        super().__init__()
        self._streams = streams
        self._tenant_id = tenant_id
        self._after = after
        self._wanted = wanted
        self._recheck = recheck

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream to the end. What has not been taken in time is dropped, with the client."""
        del scope
        with self._streams.counted(self._tenant_id):
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            sending = asyncio.create_task(self._send_all(send))
            leaving = asyncio.create_task(_left(receive))
            rechecking = asyncio.create_task(self._keep_rechecking())
            tasks = {sending, leaving, rechecking}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if sending.done() and not sending.cancelled() and sending.exception() is None:
            await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, send: Send) -> None:
        async for piece in self._pieces():
            # Nothing is piled up for a client: until it has taken this, nothing more is read for it.
            async with asyncio.timeout(self._streams.send_s_max):
                await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _pieces(self) -> AsyncGenerator[bytes]:
        yield b"retry: 2000\n" + _place(self._after)
        said_at = monotonic()
        while not self._streams.is_closing:
            woken = self._streams.next_wake(self._tenant_id)
            try:
                events = await self._streams.read(self._tenant_id, self._after)
            except TROUBLE as trouble:
                _log.warning("events could not be read for a stream", reason=repr(trouble))
                events = []
            if events:
                self._after = events[-1].position
                piece = b"".join(self._frame(event) for event in events if self._wanted.includes(event))
                if piece:
                    yield piece
                    said_at = monotonic()
            if monotonic() - said_at >= self._streams.heartbeat_s:
                yield b": heartbeat\n" + _place(self._after)
                said_at = monotonic()
            if len(events) < EVENTS_AT_ONCE:
                await _wait(woken, min(POLL_S, self._streams.heartbeat_s))

    def _frame(self, event: StoredEvent) -> bytes:
        document = event_document(self._tenant_id, event)
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (
            cursor_text(event.position).encode(),
            event.kind.encode(),
            document,
        )

    async def _keep_rechecking(self) -> None:
        while True:
            # Spread, lest streams that began together ask together.
            await asyncio.sleep(self._streams.recheck_s * random.uniform(0.8, 1.2))  # noqa: S311  # hides nothing
            try:
                await self._recheck()
            except Problem as refusal:
                _log.info("a stream has ended", reason=refusal.code, tenant_id=self._tenant_id)
                return
            except TROUBLE:
                continue


def _place(position: Position) -> bytes:
    # Without data this is no event; a client only remembers the id, and comes back to this place.
    return b"id: %s\n\n" % cursor_text(position).encode()


async def _wait(woken: asyncio.Event, longest_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await woken.wait()
        # What several writers commit within a moment is read at once.
        await asyncio.sleep(GATHER_S)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
