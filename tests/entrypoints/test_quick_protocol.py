"""Plain requests of quick routes, over real sockets: the same answers as the usual way, whatever the client does."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import uvicorn
from tests.shops import Shop

from guerdon.access.guard import Guard
from guerdon.entrypoints.api import build_app, server_config
from guerdon.entrypoints.house import House
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import Posted
from guerdon.platform.boundary import App
from guerdon.platform.quick import QuickRequest
from guerdon.privileges.hot_routes import QuickMovements

PATIENCE_S = 20
VARYING = {"date", "ratelimit"}


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


async def test_a_plain_movement_is_taken_and_moves(shop: Shop, door: Door, line: Line) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, x_request_id="till-7-request"))
    status, headers, body = await line.answer()

    assert (status, headers["etag"], headers["x-request-id"], door.quick.taken) == (200, '"2"', "till-7-request", 1)
    assert len(body["movementId"]) == 32
    assert await shop.value(privilege_id) == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"oldValue":3,"movementValue":0.000001,"remarks":"one"}', 200),
        (b'{"oldValue":3,"movementValue":-4.5,"movementId":"till-7-1"}', 200),
        (b'{"oldValue":9,"movementValue":1}', 409),
        (b'{"oldValue":3,"movementValue":1e12}', 409),
        (b'{"oldValue":3,"movementValue":0}', 400),
        (b'{"oldValue":"3","movementValue":null,"more":1}', 400),
        (b'{"oldValue":3,"movementValue":NaN}', 400),
        (b'{"oldValue":3,"movementValue":1,"remarks":"\\u0000"}', 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)
async def test_both_ways_say_the_same(shop: Shop, line: Line, body: bytes, status: int) -> None:
    first, second = await known(shop), await shop.grant(await shop.issue(customerId="2"), 3)
    body_there = body.replace(b"till-7-1", b"till-7-2")

    line.writer.write(movement(shop, first, body, x_request_id="one-request"))
    quick = await line.answer()
    # A query makes a request odd, and says nothing to a movement.
    line.writer.write(movement(shop, second, body_there, query="?", x_request_id="one-request"))
    usual = await line.answer()

    assert quick[0] == usual[0] == status
    assert {name: value for name, value in quick[1].items() if name not in VARYING} == {
        name: value for name, value in usual[1].items() if name not in VARYING
    }
    assert set(quick[1]) == set(usual[1])
    told, usually_told = quick[2], usual[2]
    if status == 200:
        assert set(told) == set(usually_told) == {"movementId"}
    else:
        assert told == usually_told


@pytest.mark.parametrize(
    "odd",
    [
        {"Idempotency_Key": "k-1"},
        {"Guerdon_Dry_Run": "true"},
        {"If_Match": '"1"'},
        {"Accept": "text/plain"},
        {"Content_Type": "text/json"},
        {"Connection": "close"},
        {"query": "?a=1"},
    ],
)
async def test_an_odd_request_goes_the_usual_way(shop: Shop, door: Door, line: Line, odd: dict[str, str]) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, **odd))  # pyright: ignore[reportArgumentType]  # headers, by name
    status, _, _ = await line.answer()

    assert (status, door.quick.taken) == (200, 0)
    assert await shop.value(privilege_id) == (3 if "Guerdon_Dry_Run" in odd else 4)


async def test_what_a_key_may_not_do_is_refused_as_ever(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    reader = await shop.make_key("Pass.Read")

    answers: list[int] = []
    for request in (
        movement(shop, privilege_id, X_API_KEY=""),
        movement(shop, privilege_id, X_API_KEY="gk.nobody.0000000000000000.x"),
        movement(shop, privilege_id, X_API_KEY=reader),
        movement(shop, privilege_id).replace(shop.tenant_id.encode(), b"t-another-tenant", 1),
        movement(shop, "not-there"),
    ):
        line.writer.write(request)
        answers.append((await line.answer())[0])

    assert answers == [401, 401, 403, 404, 404]
    assert await shop.value(privilege_id) == 3


async def test_a_body_may_come_in_pieces_and_requests_may_follow_each_other_closely(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    whole = movement(shop, privilege_id)

    for place in range(0, len(whole), 40):
        line.writer.write(whole[place : place + 40])
        await asyncio.sleep(0.002)
    in_pieces = await line.answer()
    # Three at once on one line: a quick one, one behind it that has to wait, and something else.
    listing = f"GET /api/{shop.tenant_id}/passes/privileges/{privilege_id} HTTP/1.1\r\nX-API-KEY: {shop.key}\r\n\r\n"
    line.writer.write(
        movement(shop, privilege_id, b'{"oldValue":4,"movementValue":1}')
        + movement(shop, privilege_id, b'{"oldValue":5,"movementValue":1}')
        + listing.encode()
    )
    followed = [await line.answer() for _ in range(3)]

    assert in_pieces[0] == 200
    assert [status for status, _, _ in followed] == [200, 200, 200]
    assert followed[2][2]["data"]["value"] == 6


async def test_a_movement_of_a_client_that_went_away_is_posted_all_the_same(
    shop: Shop, door: Door, line: Line, house: House, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    privilege_id = await known(shop)
    async with owner.transaction():
        await owner.execute(
            "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", shop.tenant_id, privilege_id
        )
        line.writer.write(movement(shop, privilege_id))
        await door.quick.took.wait()
        line.writer.transport.abort()
        await asyncio.sleep(0.05)

    await house.poster.drain()
    assert await shop.value(privilege_id) == 4


async def test_a_stopping_server_answers_what_is_under_way(
    shop: Shop, door: Door, line: Line, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    privilege_id = await known(shop)
    async with owner.transaction():
        await owner.execute(
            "SELECT FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", shop.tenant_id, privilege_id
        )
        line.writer.write(movement(shop, privilege_id))
        await door.quick.took.wait()
        door.server.should_exit = True
        await asyncio.sleep(0.3)

    status, headers, _ = await line.answer()

    assert (status, headers["connection"]) == (200, "close")
    async with asyncio.timeout(PATIENCE_S):
        assert await line.reader.read() == b""


async def test_a_limit_that_is_used_up_is_told_with_what_is_left(shop: Shop, line: Line, house: House) -> None:
    privilege_id = await known(shop)
    async with house.database.tenant(shop.tenant_id) as tx:
        await tx.execute("UPDATE tenant SET requests_per_minute = 1 WHERE tenant_id = $1", tx.tenant_id)
    house.authenticator.forget_all()

    answers: list[tuple[int, dict[str, str], Any]] = []
    for _ in range(4):
        line.writer.write(movement(shop, privilege_id))
        answers.append(await line.answer())

    assert answers[-1][0] == 429
    assert answers[-1][2]["code"] == "too_many_requests"
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= set(answers[-1][1])
