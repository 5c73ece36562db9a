import asyncio
import base64
import os
import socket
import time
from contextlib import ExitStack

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from guerdon.live.errors import SocketsFull, TooManySockets
from guerdon.live.frames import Frame
from guerdon.live.mailbox import FRAMES_MAX, Ending, Mailbox
from guerdon.live.sockets import SocketLimits, Sockets
from guerdon.tenants.administration import set_tenant_status
from tests.live.conftest import Served, code_of_end, next_frame, until
from tests.shops import Shop

MOVED = Frame("privilegeMoved", '{"type":"privilegeMoved"}')


def updated(revision: int) -> Frame:
    return Frame("updated", str(revision))


@pytest.fixture
async def pass_id(shop: Shop) -> str:
    return await shop.issue()


async def test_only_the_newest_update_waits_and_the_rest_keeps_its_order() -> None:
    mailbox = Mailbox()
    for frame in (updated(1), MOVED, updated(2), updated(3), MOVED):
        mailbox.put(frame)

    assert [await mailbox.take() for _ in range(3)] == [MOVED, updated(3), MOVED]


async def test_a_full_mailbox_ends_its_socket_and_keeps_nothing() -> None:
    mailbox = Mailbox()
    for _ in range(FRAMES_MAX + 1):
        mailbox.put(MOVED)

    assert await mailbox.take() == await mailbox.take() == Ending(1013, "too slow")


async def test_any_number_of_updates_fit() -> None:
    mailbox = Mailbox()
    for revision in range(10 * FRAMES_MAX):
        mailbox.put(updated(revision))

    assert await mailbox.take() == updated(10 * FRAMES_MAX - 1)


@pytest.mark.parametrize(
    ("limits", "opened", "refused"),
    [
        (SocketLimits(9, 9, 2), [("a", "1"), ("a", "1"), ("a", "2")], ("a", "1")),
        (SocketLimits(9, 2, 9), [("a", "1"), ("a", "2"), ("b", "1")], ("a", "3")),
        (SocketLimits(2, 9, 9), [("a", "1"), ("b", "1")], ("c", "1")),
    ],
)
async def test_a_pass_a_tenant_and_a_process_have_so_many_sockets(
    limits: SocketLimits, opened: list[tuple[str, str]], refused: tuple[str, str]
) -> None:
    sockets = Sockets(limits)
    with ExitStack() as stack:
        for one in opened:
            stack.enter_context(sockets.opened(*one))

        with pytest.raises((SocketsFull, TooManySockets)), sockets.opened(*refused):
            pass


async def test_a_socket_that_ends_makes_room() -> None:
    sockets = Sockets(SocketLimits(1, 1, 1))
    for _ in range(3):
        with sockets.opened("a", "1"):
            assert sockets.list_passes("a") == ["1"]

    assert sockets.list_passes("a") == []


async def test_a_process_that_stops_says_goodbye_and_opens_no_more() -> None:
    sockets = Sockets(SocketLimits(9, 9, 9))
    with sockets.opened("a", "1") as mailbox:
        closing = asyncio.create_task(sockets.close())
        ending = await mailbox.take()
    await closing

    assert isinstance(ending, Ending)
    assert ending.code == 1001
    with pytest.raises(SocketsFull), sockets.opened("a", "1"):
        pass


async def test_a_client_that_reads_nothing_is_dropped_while_others_get_theirs(
    served: Served, shop: Shop, pass_id: str
) -> None:
    sleeper = await asyncio.to_thread(_open_and_read_nothing, await served.url_of(shop, pass_id))
    sockets, long = shop.house.watcher.sockets, Frame("privilegeMoved", '{"value": "%s"}' % ("x" * 2_000))
    async with await served.watch(shop, pass_id) as page:
        slowest_s = 0.0
        for _ in range(1_000):
            began_at = time.monotonic()
            sockets.deliver(shop.tenant_id, pass_id, long)
            await next_frame(page)
            slowest_s = max(slowest_s, time.monotonic() - began_at)

        assert slowest_s < 1
        await until(lambda: sockets.count(shop.tenant_id) == 1)
        sockets.deliver(shop.tenant_id, pass_id, MOVED)
        assert await next_frame(page) == {"type": "privilegeMoved"}
    sleeper.close()


async def test_a_client_that_talks_too_much_is_closed(served: Served, shop: Shop, pass_id: str) -> None:
    async with await served.watch(shop, pass_id) as page:
        for _ in range(40):
            await page.send("hello")

        assert await code_of_end(page) == 1008


async def test_a_message_that_is_too_long_closes_the_socket(served: Served, shop: Shop, pass_id: str) -> None:
    async with await served.watch(shop, pass_id) as page:
        await page.send("x" * 5_000)

        assert await code_of_end(page) == 1009


async def test_a_client_that_goes_is_forgotten(served: Served, shop: Shop, pass_id: str) -> None:
    async with await served.watch(shop, pass_id), await served.watch(shop, pass_id):
        assert shop.house.watcher.sockets.count(shop.tenant_id) == 2

    await until(lambda: shop.house.watcher.sockets.count(shop.tenant_id) == 0)


def _open_and_read_nothing(url: str) -> socket.socket:
    """Open a WebSocket by hand whose receiving end is small and stays full."""
    place, _slash, path = url.removeprefix("ws://").partition("/")
    host, _colon, port = place.partition(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.connect((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    line.sendall(
        f"GET /{path} HTTP/1.1\r\nHost: {place}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    assert line.recv(12) == b"HTTP/1.1 101"
    return line


async def test_the_sockets_of_a_tenant_that_is_disabled_end_and_no_other_is_opened(
    served: Served, shop: Shop, pass_id: str, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    url = await served.url_of(shop, pass_id)
    client = await connect(url)
    await set_tenant_status(owner, shop.tenant_id, "disabled")
    shop.house.authenticator.forget_all()

    assert await code_of_end(client) == 1008
    with pytest.raises(InvalidStatus) as refused:
        await connect(url)
    assert refused.value.response.status_code == 404
