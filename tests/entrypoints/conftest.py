"""The application behind a port of its own, and connections to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from tests.entrypoints.doors import Counted, Door, Line

from guerdon.entrypoints.api import build_app, server_config
from guerdon.entrypoints.house import House
from guerdon.platform.boundary import App


@pytest.fixture(scope="module")
def application(house: House) -> App:
    return build_app(house)


@pytest.fixture
async def door(house: House, application: App) -> AsyncIterator[Door]:
    listening = socket.create_server(("127.0.0.1", 0))
    quick = Counted(house.guard, house.poster)
    server = uvicorn.Server(server_config(application, house.settings, [quick]))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield Door(listening.getsockname()[1], quick, server)
    server.should_exit = True
    await serving


@pytest.fixture
async def line(door: Door) -> AsyncIterator[Line]:
    """A connection of this test alone."""
    opened = Line(*await asyncio.open_connection("127.0.0.1", door.port))
    yield opened
    opened.writer.close()
    with contextlib.suppress(ConnectionError):
        await opened.writer.wait_closed()
