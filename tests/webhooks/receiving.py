"""A receiver of webhooks that behaves as badly as a test wants, and a dispatcher to deliver to it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec

from guerdon.webhooks.addresses import AddressRules, read_networks
from guerdon.webhooks.dispatching import Dispatcher
from guerdon.webhooks.sending import Sender
from tests.shops import Shop

LOOPBACK = AddressRules(read_networks("127.0.0.0/8"))


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)

    @property
    def number(self) -> int:
        return self.event["data"]["number"]


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """Answer every request so."""

    async def behave(_received: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return behave


async def hanging(_received: Received, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def dropping(_received: Received, writer: asyncio.StreamWriter) -> None:
    """Close the connection in place of an answer."""
    writer.transport.abort()


@dataclass
class Receiver:
    """An HTTP server of a few lines; `behave` may be changed at any time."""

    behave: Behaviour = field(default_factory=lambda: answering(204))
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    port: int = 0
    tasks: set[Any] = field(default_factory=set[Any])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def numbers(self) -> list[int]:
        return [one.number for one in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                one = Received(first.split(" ")[1], headers, body)
                self.received.append(one)
                await self.behave(one, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def until(self, holds: Callable[[], bool], longest_s: float = 15) -> None:
        """Wait until something holds of what was received."""
        async with asyncio.timeout(longest_s):
            while not holds():  # noqa: ASYNC110  # what it waits for is anything
                await asyncio.sleep(0.01)


@asynccontextmanager
async def receiver(behave: Behaviour | None = None) -> AsyncGenerator[Receiver]:
    """Open a receiver."""
    made = Receiver() if behave is None else Receiver(behave)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


class Clock:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> Self:
        self.ahead += timedelta(**by)
        return self


@asynccontextmanager
async def dispatching(shop: Shop, clock: Clock | None = None, **named: Any) -> AsyncGenerator[Dispatcher]:
    """Run a dispatcher."""
    named = {"poll_s": 0.1, **named}
    async with Sender(named.pop("rules", LOOPBACK), time_s_max=named.pop("time_s_max", 1.0)) as sender:
        database = named.pop("database", shop.house.database)
        made = Dispatcher(database, sender, shop.house.master_key, clock or Clock(), **named)
        made.listen(shop.house.wakeups)
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop, 1))
        try:
            yield made
        finally:
            stop.set()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def subscribe(shop: Shop, url: str, *events: str, **members: object) -> dict[str, Any]:
    """Make a webhook for updates of passes, or for other events."""
    body = {"endpoint": url, "events": list(events) or ["Pass:Updated"], **members}
    answer = await shop.ask("POST", "/webhooks", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def attempts_of(shop: Shop, webhook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the log of a webhook, the latest first."""
    return (await shop.ask("GET", f"/webhooks/{webhook['id']}/attempts")).json()


async def read(shop: Shop, webhook: Mapping[str, Any]) -> dict[str, Any]:
    """Give a webhook as it stands."""
    return (await shop.ask("GET", f"/webhooks/{webhook['id']}")).json()


async def logged(
    shop: Shop, webhook: Mapping[str, Any], count: int = 1, kind: str | None = None
) -> list[dict[str, Any]]:
    """Wait for so many attempts, all or those of one kind of event, and give the log of them."""
    log: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(log) < count:
            await asyncio.sleep(0.05)  # another connection's work
            log = [one for one in await attempts_of(shop, webhook) if kind in {None, one["type"]}]
    return log


async def until_paused(shop: Shop, webhook: Mapping[str, Any]) -> dict[str, Any]:
    """Wait until a webhook is paused, and give it."""
    async with asyncio.timeout(10):
        while (found := await read(shop, webhook))["state"] != "paused":  # noqa: ASYNC110  # another's work
            await asyncio.sleep(0.05)  # another connection's work
    return found
