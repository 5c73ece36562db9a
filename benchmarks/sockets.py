"""`python -m benchmarks.sockets`: many WebSockets, one pass changed: when each is told, and what one costs."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import psutil

from benchmarks.machine import describe
from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import Place, Service, Stage, open_stage
from guerdon.live.tokens import LiveTokens
from guerdon.platform.keys import load_master_key

OPENING_AT_ONCE = 50
SETTLE_S = 2.0
PATIENCE_S = 30.0
TEXT_FRAME = 0x81
UNLIMITED = {
    "GUERDON_ANONYMOUS_REQUESTS_PER_MINUTE": str(2**31),
    "GUERDON_LIVE_SOCKETS_PER_PASS_MAX": "10000",
}


@dataclass(frozen=True, slots=True)
class Costs:
    """What it took to open the sockets."""

    opened_per_s: float
    bytes_each: float


class Page(asyncio.Protocol):
    """The least that can hear a WebSocket: when its handshake was answered, and when a text frame came."""

    def __init__(self, request: bytes) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._request = request
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the answer, then the first text frame; pings come too late in a run to need an answer."""
        if not self.opened.done():
            assert data.startswith(b"HTTP/1.1 101"), data
            self.opened.set_result(None)
        elif data[0] == TEXT_FRAME and not self.heard.done():
            self.heard.set_result(time.perf_counter())

    def listen_again(self) -> None:
        """Wait for the next frame."""
        self.heard = asyncio.get_running_loop().create_future()


def main() -> None:
    """Open the sockets, change passes, print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sockets", description=__doc__)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with open_stage(None) as stage:
        print(f"{datetime.now(UTC):%Y-%m-%d}; {describe()}; {asked.sockets} sockets", flush=True)
        place = stage.place("sockets", Sizes(asked.sockets))
        for processes, passes in ((1, 1), (1, asked.sockets), (2, asked.sockets)):
            service = stage.serve(place, UNLIMITED, count=processes)
            asyncio.run(_measure(stage, place, service, asked.sockets, passes, asked.rounds))


async def _measure(stage: Stage, place: Place, service: Service, count: int, passes: int, rounds: int) -> None:
    pages, costs = await _open(stage, service, [n % passes for n in range(count)])
    base = f"http://127.0.0.1:{service.port}/api/{TENANT}/passes/privileges"
    told, answered = list[float](), list[float]()
    async with httpx2.AsyncClient(base_url=base, headers={"x-api-key": place.api_key}, timeout=PATIENCE_S) as till:
        for turn in range(rounds if passes == 1 else rounds * 10):
            chosen = turn % passes
            watching = [page for number, page in enumerate(pages) if number % passes == chosen]
            began_at = await _move(till, chosen)
            answered.append(time.perf_counter() - began_at)
            async with asyncio.timeout(PATIENCE_S):
                told += [await page.heard - began_at for page in watching]
            for page in watching:
                page.listen_again()
    print(
        f"{len(service.pids)} process(es), {count // passes} socket(s) on each of {passes} pass(es): "
        f"opened {costs.opened_per_s:,.0f}/s, {costs.bytes_each / 1024:.1f} KiB each; "
        f"movement answered p50 {_ms(answered, 50)}, told p50 {_ms(told, 50)}, p99 {_ms(told, 99)}, "
        f"max {max(told) * 1000:.1f} ms",
        flush=True,
    )
    for page in pages:
        assert page.transport is not None
        page.transport.close()


async def _open(stage: Stage, service: Service, numbers: Sequence[int]) -> tuple[list[Page], Costs]:
    tokens, now = LiveTokens(load_master_key(None, stage.home)), datetime.now(UTC)
    requests = [_request(service.port, f"ppass{n}", tokens.sign(TENANT, f"ppass{n}", now)) for n in numbers]
    before, began_at = _memory(service), time.perf_counter()
    pages: list[Page] = []
    for start in range(0, len(requests), OPENING_AT_ONCE):
        pages += await asyncio.gather(*(_page(service.port, one) for one in requests[start : start + OPENING_AT_ONCE]))
    took_s = time.perf_counter() - began_at
    await asyncio.sleep(SETTLE_S)
    return pages, Costs(len(pages) / took_s, (_memory(service) - before) / len(pages))


async def _page(port: int, request: bytes) -> Page:
    _, page = await asyncio.get_running_loop().create_connection(lambda: Page(request), "127.0.0.1", port)
    await page.opened
    return page


def _request(port: int, pass_id: str, token: str) -> bytes:
    return (
        f"GET /api/{TENANT}/passes/{pass_id}/live?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


async def _move(till: httpx2.AsyncClient, number: int) -> float:
    value = (await till.get(f"/p{number}")).json()["data"]["value"]
    body, began_at = {"oldValue": value, "movementValue": 1}, time.perf_counter()
    (await till.post(f"/p{number}/movements", json=body)).raise_for_status()
    return began_at


def _memory(service: Service) -> int:
    return sum(psutil.Process(pid).memory_full_info().uss for pid in service.pids)


def _ms(times_s: Sequence[float], percent: int) -> str:
    return f"{statistics.quantiles(times_s, n=100)[percent - 1] * 1000:.1f} ms"


if __name__ == "__main__":
    main()
