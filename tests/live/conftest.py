"""A served application with real sockets, and clients that listen to passes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from guerdon.entrypoints.api import build_app, server_config
from guerdon.entrypoints.house import House
from tests.shops import Shop

PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class Served:
    """Where the application listens."""

    port: int

    def at(self, url: str) -> str:
        """Put our host in the place of the public one."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"127.0.0.1:{self.port}"))

    async def url_of(self, shop: Shop, pass_id: str) -> str:
        """Ask for the address of a pass's socket."""
        answer = await shop.ask("GET", f"/passes/{pass_id}/connect", key="")
        assert answer.status_code == 200, answer.text
        return self.at(answer.json()["url"])

    async def watch(self, shop: Shop, pass_id: str) -> ClientConnection:
        """Open a socket of a pass."""
        return await connect(await self.url_of(shop, pass_id))


@pytest.fixture(scope="session")
async def served(house: House) -> AsyncIterator[Served]:
    """The application of this run behind a port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(build_app(house), house.settings))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield Served(listening.getsockname()[1])
    server.should_exit = True
    await serving


async def next_frame(client: ClientConnection) -> dict[str, Any]:
    """Wait for the next frame."""
    async with asyncio.timeout(PATIENCE_S):
        return json.loads(await client.recv())


async def code_of_end(client: ClientConnection) -> int | None:
    """Wait until the other side closes, and tell the code."""
    async with asyncio.timeout(PATIENCE_S):
        await client.wait_closed()
    return client.close_code


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what is asked tells nobody of its changes
            await asyncio.sleep(0.02)
