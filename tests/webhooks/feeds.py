"""Events for tests of the feed, and ways to read it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from guerdon.entrypoints.api import build_app
from guerdon.platform.boundary import App
from guerdon.platform.db import Database, Tx
from guerdon.platform.events import Event, emit
from tests.shops import Shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def happen(tx: Tx, *numbers: int, kind: str = "Pass:Updated", subject: str | None = None) -> None:
    """Write events that say their numbers."""
    events = [
        Event(kind, subject or f"pass-{number}", msgspec.json.encode({"number": number}).decode(), "test")
        for number in numbers
    ]
    await emit(tx, events, NOW)


async def commit(database: Database, tenant_id: str, *numbers: int, **named: Any) -> None:
    """Write events in a transaction of their own."""
    async with database.tenant(tenant_id) as tx:
        await happen(tx, *numbers, **named)


async def settle(database: Database, tenant_id: str) -> None:
    """Wait for every transaction that is open, PostgreSQL's own too: what commits before them is told after them."""
    async with database.tenant(tenant_id) as tx:
        following = await tx.value("SELECT pg_snapshot_xmax(pg_current_snapshot())")
    async with asyncio.timeout(10):
        while True:
            async with database.tenant(tenant_id) as tx:
                if await tx.value("SELECT pg_snapshot_xmin(pg_current_snapshot())") >= following:
                    return
            await asyncio.sleep(0.01)


async def read_settled(shop: Shop, query: str = "", after: str | None = None) -> list[Any]:
    """Give the numbers of all that has happened until now."""
    await settle(shop.house.database, shop.tenant_id)
    return (await read_all(shop, query, after))[0]


async def read_all(shop: Shop, query: str = "", after: str | None = None) -> tuple[list[Any], str]:
    """Read pages until there is nothing new; give the numbers and the cursor."""
    numbers: list[Any] = []
    while True:
        place = "" if after is None else f"&after={after}"
        answer = await shop.ask("GET", f"/events?limit=3{place}{query}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        numbers += [event["data"].get("number") for event in page["events"]]
        if page["next"] == after:
            return [number for number in numbers if number is not None], page["next"]
        after = page["next"]


class Listener:
    """A client of a stream that speaks ASGI itself, so that it can be slow, or leave."""

    def __init__(
        self, shop: Shop, query: str = "", headers: Mapping[str, str] | None = None, app: App | None = None
    ) -> None:
        self.shop = shop
        self.app = app or build_app(shop.house)
        self.query = query
        self.headers = {"accept": "text/event-stream", "x-api-key": shop.key, **(headers or {})}
        self.status = 0
        self.text = ""
        self.is_taking = asyncio.Event()
        self.is_taking.set()
        self._left = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await self.until(lambda: self.status != 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left.set()
        self.is_taking.set()
        assert self._task is not None
        await asyncio.wait_for(self._task, 10)

    @property
    def is_over(self) -> bool:
        assert self._task is not None
        return self._task.done()

    @property
    def numbers(self) -> list[int]:
        lines = [line.removeprefix("data: ") for line in self.text.split("\n") if line.startswith("data: ")]
        return [data["number"] for line in lines if "number" in (data := msgspec.json.decode(line)["data"])]

    @property
    def last_id(self) -> str:
        return [line.removeprefix("id: ") for line in self.text.split("\n") if line.startswith("id: ")][-1]

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110  # what it waits for is anything
                await asyncio.sleep(0.01)

    async def _run(self) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/api/{self.shop.tenant_id}/events",
            "raw_path": f"/api/{self.shop.tenant_id}/events".encode(),
            "root_path": "",
            "query_string": self.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self.headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("shop.example", 80),
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.is_taking.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message.get("body", b"").decode()
