"""The application behind a port, raw connections to it, and the movements that are sent on them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn
from tests.shops import Shop

from guerdon.access.guard import Guard
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Posted
from guerdon.platform.hot import HotAnswer
from guerdon.platform.problems import Problem
from guerdon.platform.quick import QuickRequest, QuickRoute
from guerdon.privileges.hot_routes import QuickMovements

PATIENCE_S = 20


class Counted(QuickMovements):
    """The quick route, and how many requests it took."""

    def __init__(self, guard: Guard, poster: Poster) -> None:
        super().__init__(guard, poster)
        self.taken = 0
        self.took = asyncio.Event()

    def begin(self, request: QuickRequest) -> "asyncio.Future[Posted] | None":
        begun = super().begin(request)
        if begun is not None:
            self.taken += 1
            self.took.set()
        return begun


class Counting:
    """A quick route, and how many requests it took."""

    def __init__(self, route: QuickRoute) -> None:
        self.route = route
        self.method, self.template, self.takes_keys = route.method, route.template, route.takes_keys
        self.taken = 0

    def begin(self, request: QuickRequest) -> "asyncio.Future[Any] | None":
        begun = self.route.begin(request)
        self.taken += begun is not None
        return begun

    def answer(self, outcome: Any) -> HotAnswer:
        return self.route.answer(outcome)

    def refusal(self, request: QuickRequest, problem: Problem) -> Problem:
        return self.route.refusal(request, problem)


@dataclass(frozen=True, slots=True)
class Door:
    """The application behind a port."""

    port: int
    quick: Counted
    server: uvicorn.Server


@dataclass(slots=True)
class Line:
    """One connection, and what came back on it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        async with asyncio.timeout(PATIENCE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(body)


async def known(shop: Shop) -> str:
    """A privilege of value 3, in a shop whose key was just used."""
    return await shop.grant(await shop.issue(customerId="1"), 3)


def movement(
    shop: Shop, privilege_id: str, body: bytes = b'{"oldValue":3,"movementValue":1}', *, query: str = "", **said: str
) -> bytes:
    headers: Mapping[str, str] = {
        "Host": "shop",
        "X-API-KEY": shop.key,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in said.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    address = f"/api/{shop.tenant_id}/passes/privileges/{privilege_id}/movements{query}"
    return f"POST {address} HTTP/1.1\r\n{lines}\r\n".encode() + body
