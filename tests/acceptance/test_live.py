"""What happens to a pass is told to whoever watches it, whichever process it reached."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, WebSocket, expect, sync_playwright
from websockets.asyncio.client import ClientConnection, connect

from guerdon_client import AsyncGuerdon, Guerdon, NewPrivilege, NotFound, PassFrame
from tests.acceptance.running import Running

CHROMIUM = Path("/usr/bin/chromium")
CONNECTIONS_MAX = 90
PATIENCE_MS = 20_000


def asynchronous(running: Running) -> AsyncGuerdon:
    return AsyncGuerdon(running.sandbox.base_url, running.sandbox.tenant_id, api_key=running.sandbox.api_key)


async def types_of(frames: AsyncGenerator[PassFrame], count: int) -> list[str]:
    async with asyncio.timeout(20):
        return [(await anext(frames)).type for _ in range(count)]


async def test_a_watcher_is_told_in_order(running: Running, pass_id: str) -> None:
    async with asynchronous(running) as shop, aclosing(shop.watch_pass(pass_id)) as frames:
        assert await types_of(frames, 1) == ["connected"]
        added = await shop.create_privilege(pass_id, NewPrivilege("MultiUse"))
        await shop.move(added.privilege_id, 1)
        await shop.update_pass(pass_id, metadata={"storeId": "7"})

        assert await types_of(frames, 3) == ["privilegeAdded", "privilegeMoved", "updated"]


async def test_a_pass_that_is_not_there_is_not_watched(running: Running) -> None:
    async with asynchronous(running) as shop, aclosing(shop.watch_pass("nobody-has-this-id")) as frames:
        with pytest.raises(NotFound):
            await anext(frames)


async def test_all_sockets_are_told_whichever_process_they_reached(
    running: Running, shop: Guerdon, pass_id: str
) -> None:
    sockets: list[ClientConnection] = []
    while len(processes_of(running, sockets)) < 2 and len(sockets) < CONNECTIONS_MAX:
        sockets.append(await connect(shop.connect_pass(pass_id)))

    shop.create_privilege(pass_id, NewPrivilege("MultiUse"))

    async with asyncio.timeout(20):
        told = [str(await socket.recv()) for socket in sockets]
    assert len(set(told)) == 1
    assert len(processes_of(running, sockets)) == 2
    for socket in sockets:
        await socket.close()


async def keep_changing(shop: AsyncGuerdon, pass_id: str) -> None:
    for number in range(100):
        await shop.update_pass(pass_id, metadata={"storeId": str(number)})
        await asyncio.sleep(0.3)


async def test_a_process_that_stops_says_goodbye_and_a_watcher_comes_back(running: Running, pass_id: str) -> None:
    async with asynchronous(running) as shop, aclosing(shop.watch_pass(pass_id)) as frames:
        assert await types_of(frames, 1) == ["connected"]
        socket = await connect(await shop.connect_pass(pass_id))
        (pid,) = processes_of(running, [socket])
        os.kill(pid, signal.SIGTERM)
        async with asyncio.timeout(20):
            await socket.wait_closed()

        assert socket.close_code == 1001
        # The watcher may have been on that process too, and hears nothing until it is back.
        changing = asyncio.create_task(keep_changing(shop, pass_id))
        while await types_of(frames, 1) != ["updated"]:
            pass
        changing.cancel()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a real browser, whose event loop would stand in the way of other tests."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine; .ci/run installs it")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser.new_page()
        browser.close()


def test_the_hosted_page_follows_its_pass_and_comes_back_when_its_process_dies(
    running: Running, shop: Guerdon, pass_id: str, page: Page
) -> None:
    added = shop.create_privilege(pass_id, NewPrivilege("MultiUse", external_id="stamps"))
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
    with page.expect_websocket(timeout=PATIENCE_MS) as opening:
        page.goto(shop.get_view_url(pass_id))
    told: list[str | bytes] = []

    def note(frame: str | bytes) -> None:
        told.append(frame)

    opening.value.on("framereceived", note)
    live = page.locator("#live")
    page.wait_for_timeout(500)

    shop.move(added.privilege_id, 4711)
    expect(live).to_contain_text("4,711", timeout=PATIENCE_MS)
    # While a socket is open the page polls once a minute, so it was the frame.
    assert '"privilegeMoved"' in str(told[0])

    with page.expect_websocket(timeout=PATIENCE_MS) as again:
        kill_until_closed(running, page, opening.value)
    assert again.value.url != opening.value.url
    page.wait_for_timeout(500)
    shop.move(added.privilege_id, 3)
    expect(live).to_contain_text("4,714", timeout=PATIENCE_MS)
    assert refused == []


def kill_until_closed(running: Running, page: Page, socket: WebSocket) -> None:
    """Kill one process after the other, without a goodbye, until it was the one that the page had reached."""
    for pid in running.api_pids():
        os.kill(pid, signal.SIGKILL)
        page.wait_for_timeout(700)
        if socket.is_closed():
            return


def processes_of(running: Running, sockets: Collection[ClientConnection]) -> set[int]:
    """Tell which API processes hold the other ends of our sockets."""
    ports = {socket.local_address[1] for socket in sockets}
    return {
        pid
        for pid in running.api_pids()
        if any(line.raddr and line.raddr.port in ports for line in psutil.Process(pid).net_connections("tcp"))
    }
