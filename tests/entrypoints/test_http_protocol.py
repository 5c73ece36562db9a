"""What is hardly a request, over real sockets: it is refused whole, changes nothing, and holds nothing up."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import pytest
import uvicorn
import uvloop
from tests.entrypoints.doors import PATIENCE_S, Counted, Door, Line, known, movement
from tests.shops import Shop
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from guerdon.entrypoints.api import server_config
from guerdon.entrypoints.house import House
from guerdon.entrypoints.http_protocol import HEAD_BYTES_MAX
from guerdon.entrypoints.quick_protocol import quick_protocol
from guerdon.platform.boundary import App, Receive, Scope, Send

PLAIN = b'{"oldValue":3,"movementValue":1}'
IN_CHUNKS = b"20\r\n" + PLAIN + b"\r\n0\r\n"
CHUNKED = {"Content_Length": "", "Transfer_Encoding": "chunked"}
H2C = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAMAAABkAAQCAAAAAAIAAAAA"}


@contextlib.asynccontextmanager
async def hasty_door(house: House, application: App, patience_s: float) -> AsyncGenerator[Line]:
    """A connection to a door that waits for no longer than this for the rest of a request."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = server_config(application, house.settings, [Counted(house.guard, house.poster)])
    assert isinstance(config.http, type)
    config.http = type("Hasty", (config.http,), {"patience_s": patience_s})
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    line = Line(*await asyncio.open_connection("127.0.0.1", listening.getsockname()[1]))
    yield line
    line.writer.close()
    with contextlib.suppress(ConnectionError):
        await line.writer.wait_closed()
    server.should_exit = True
    await serving


async def until_closed(line: Line) -> bytes:
    """Read what still comes until the other side closes."""
    async with asyncio.timeout(PATIENCE_S):
        return await line.reader.read()


@pytest.mark.parametrize(
    "broken",
    [
        {"Content_Length": "32\r\nContent-Length: 32"},
        {"Content_Length": "32\r\nContent-Length: 5"},
        {"Content_Length": "+32"},
        {"Content_Length": "32\r\nTransfer-Encoding: chunked"},
        {"Transfer_Encoding": "xchunked", "Content_Length": ""},
        {"X_Folded": "a\r\n b: c"},
        {"X_Bare": "a\nX-Other: b"},
        {"X_Bare": "a\rX-Other: b"},
    ],
)
async def test_a_request_that_could_be_read_in_two_ways_is_refused_as_a_problem(
    shop: Shop, line: Line, broken: dict[str, str]
) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, **broken))  # pyright: ignore[reportArgumentType]  # headers, by name
    status, headers, problem = await line.answer()

    assert (status, headers["content-type"], headers["connection"]) == (400, "application/problem+json", "close")
    assert (problem["code"], problem["instance"]) == ("not_http", headers["x-request-id"])
    assert await until_closed(line) == b""
    assert await shop.value(privilege_id) == 3


@pytest.mark.parametrize(
    "name", ["X_API_KEY", "Idempotency_Key", "Guerdon_Dry_Run", "If_Match", "Host", "Content_Type"]
)
async def test_a_header_that_decides_is_given_once(shop: Shop, line: Line, name: str) -> None:
    privilege_id = await known(shop)
    said = {"X_API_KEY": shop.key, "Guerdon_Dry_Run": "false", "Content_Type": "application/json"}.get(name, '"1"')
    header = name.replace("_", "-")

    twice = {name: f"{said}\r\n{header.title()}: {said}"}
    line.writer.write(movement(shop, privilege_id, **twice))  # pyright: ignore[reportArgumentType]  # headers, by name
    status, _, problem = await line.answer()

    assert (status, problem["errors"]) == (400, {header.lower(): ["Give this header once."]})
    assert await shop.value(privilege_id) == 3


async def test_a_packed_body_is_not_taken_for_what_it_holds(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id, Content_Encoding="gzip"))
    status, _, problem = await line.answer()

    assert (status, problem["code"]) == (415, "wrong_encoding")
    assert "gzip" in problem["detail"]


async def test_what_follows_a_body_is_no_header(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    keyless = movement(shop, privilege_id, IN_CHUNKS, X_API_KEY="", **CHUNKED)  # pyright: ignore[reportArgumentType]  # headers, by name

    line.writer.write(keyless + f"X-API-KEY: {shop.key}\r\n\r\n".encode())
    status, _, _ = await line.answer()

    assert status == 401
    assert await shop.value(privilege_id) == 3


@pytest.mark.parametrize(
    "opening",
    [
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Long: ",
        b"GET /",
        b"\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Long: ",
    ],
)
async def test_a_head_has_an_end(line: Line, opening: bytes) -> None:
    line.writer.write(opening)
    await line.writer.drain()
    filler = b"\r\n" * 512 if opening == b"\r\n\r\n" else b"a" * 1_024
    with contextlib.suppress(ConnectionError):
        for _ in range(40 * HEAD_BYTES_MAX // len(filler)):
            line.writer.write(filler)
            await line.writer.drain()
    with contextlib.suppress(ConnectionError):
        assert b" 431 " in await until_closed(line)

    assert line.writer.transport.is_closing() or line.reader.at_eof()


async def test_a_large_head_that_ends_is_read(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)
    cookies = "\r\n".join(["Cookie: " + "c" * 900] * 40)

    whole = movement(shop, privilege_id, X_Proxy=f"a\r\n{cookies}")
    for place in range(0, len(whole), 1_000):
        line.writer.write(whole[place : place + 1_000])
        await line.writer.drain()

    assert (await line.answer())[0] == 200


@pytest.mark.parametrize("size", [0, 40, -8])
async def test_a_request_that_does_not_come_whole_is_given_up(
    shop: Shop, house: House, application: App, size: int
) -> None:
    privilege_id = await known(shop)

    async with hasty_door(house, application, 0.2) as line:
        line.writer.write(movement(shop, privilege_id)[:size])
        told = await until_closed(line)

    assert (b" 408 " in told, b"too_slow" in told) == (size != 0, size != 0)
    assert await shop.value(privilege_id) == 3


async def test_a_long_body_that_comes_slowly_is_waited_for(shop: Shop, house: House, application: App) -> None:
    body = b'{"identifiers":{"customerId":"1"}}' + b" " * 12_000
    head = (
        f"POST /api/{shop.tenant_id}/passes?passType=card HTTP/1.1\r\nHost: shop\r\nX-API-KEY: {shop.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    async with hasty_door(house, application, 1) as line:
        line.writer.write(head.encode())
        for place in range(0, len(body), 2_000):
            line.writer.write(body[place : place + 2_000])
            await asyncio.sleep(0.2)
        async with asyncio.timeout(PATIENCE_S):
            told = await line.reader.readuntil(b"\r\n\r\n")

    assert b" 200 " in told


async def test_an_offer_of_another_protocol_is_declined_and_its_body_read(shop: Shop, door: Door, line: Line) -> None:
    privilege_id = await known(shop)

    first = movement(shop, privilege_id, PLAIN, **H2C)  # pyright: ignore[reportArgumentType]  # headers, by name
    second = movement(shop, privilege_id, b'{"oldValue":4,"movementValue":1}')
    line.writer.write(first[:-10])
    await asyncio.sleep(0.05)
    line.writer.write(first[-10:] + second)
    answers = [await line.answer(), await line.answer()]

    assert [status for status, _, _ in answers] == [200, 200]
    assert await shop.value(privilege_id) == 5
    assert door.quick.taken >= 1


@pytest.mark.parametrize("opening", ["POST /api/x/live", "CONNECT shop:443", "GET /api/x/live"])
async def test_a_socket_that_cannot_be_opened_is_answered(line: Line, opening: str) -> None:
    offer = f"Host: shop\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX-Long: {'a' * 9_000}\r\n\r\n"
    line.writer.write(f"{opening} HTTP/1.1\r\n{offer}".encode())

    async with asyncio.timeout(PATIENCE_S):
        told = await line.reader.readuntil(b"\r\n\r\n")

    assert told.startswith(b"HTTP/1.1 4")


async def test_what_is_no_request_ends_the_line_behind_the_answer_to_one_that_is(shop: Shop, line: Line) -> None:
    privilege_id = await known(shop)

    line.writer.write(movement(shop, privilege_id) + b"and more than was told")
    status, headers, _ = await line.answer()

    assert (status, headers["connection"]) == (200, "close")
    assert await until_closed(line) == b""
    assert await shop.value(privilege_id) == 4


@pytest.mark.parametrize(
    ("sent", "then"),
    [
        # Two wait behind the first; only the last of them is told by the library that the client is gone.
        (b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * 3, None),
        # The request is begun, and its body makes no sense.
        (b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"nonsense\r\n"),
    ],
)
def test_whoever_leaves_early_costs_no_error(caplog: pytest.LogCaptureFixture, sent: bytes, then: bytes | None) -> None:
    async def leave() -> None:
        turns: asyncio.Queue[asyncio.Event] = asyncio.Queue()

        async def answer_when_told(_scope: Scope, _receive: Receive, send: Send) -> None:
            turns.put_nowait(told := asyncio.Event())
            await told.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"late"})

        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(answer_when_told, http=quick_protocol([]), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(sent)
        turn = await turns.get()
        if then is None:
            turn.set()
            turn = await turns.get()
            writer.transport.abort()
        else:
            writer.write(then)
        while server.server_state.connections:  # noqa: ASYNC110  # the library sets no event
            await asyncio.sleep(0.01)
        turn.set()
        writer.close()
        server.should_exit = True
        await serving

    # In the loop of the product: others write to a closed line without a word.
    uvloop.run(leave())

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_thousand_requests_in_one_read_are_not_gone_through_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    class Watched(RequestResponseCycle):
        @property
        def response_complete(self) -> bool:
            nonlocal looks
            looks += 1
            return self._is_complete

        @response_complete.setter
        def response_complete(self, is_complete: bool) -> None:
            self._is_complete = is_complete

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(count: int) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(answer, http=quick_protocol([]), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * (count - 1))
        writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answered = (await reader.read()).count(b"HTTP/1.1 204")
        writer.close()
        server.should_exit = True
        await serving
        return answered

    monkeypatch.setattr(httptools_impl, "RequestResponseCycle", Watched)

    assert uvloop.run(ask(1_000)) == 1_000
    assert looks < 20 * 1_000
