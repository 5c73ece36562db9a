"""Tills of a shop that ask its whole application, without a socket and without a client in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from guerdon.ledger.amounts import UNIT
from guerdon.platform.boundary import App
from guerdon.platform.faces import FACE_B
from guerdon.platform.ids import new_code
from guerdon.platform.receiving import Message
from guerdon.vouchers.making import make_voucher
from guerdon.vouchers.model import VoucherWish
from tests.shops import Shop

# Vouchers are made together, so that a round is its race and little else.
MADE_TOGETHER = 8

Wish = tuple[str, str, object]


@dataclass(frozen=True)
class Answer:
    """What a till is told."""

    status: int
    content: bytes

    def document(self) -> Any:
        """Read the answer."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Tills:
    """Whoever asks face B of one shop."""

    app: App
    shop: Shop

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request, and wait for its answer, which is one that a till can act on."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = Answering(content)
        headers = [(b"host", b"shop.example"), (b"x-api-key", self.shop.key.encode())]
        if body is not None:
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await self.app(_scope(method, FACE_B + path, headers), answer.receive, answer.send)
        assert answer.status < 500, answer.content
        return Answer(answer.status, answer.content)

    async def raced(self, wishes: Sequence[Wish]) -> list[Answer]:
        """Ask all at once."""
        return await asyncio.gather(*(self.ask(*wish) for wish in wishes))

    async def made(self, path: str, body: object) -> str:
        """Make a thing and give its id."""
        answer = await self.ask("POST", path, body)
        assert answer.status == 201, answer.content
        return answer.document()["id"]

    async def opened(self, count: int, points: int = 0) -> list[UUID]:
        """Open wallets with so many points in each."""
        wallets = [uuid4() for _ in range(count)]
        for wallet in wallets:
            assert (await self.ask("PUT", f"/wallet/{wallet}", {})).status == 201
            if points:
                await self.made(f"/wallet/{wallet}/batch/sync", {"amount": points})
        return wallets

    async def vouchers(self, rounds: Iterator[int], points: int) -> AsyncIterator[str]:
        """Give each round a voucher for so many points."""
        while numbers := list(islice(rounds, MADE_TOGETHER)):
            wish = VoucherWish(points * UNIT, None, None, None, None, "{}")
            async with self.shop.house.database.tenant(self.shop.tenant_id) as tx:
                made = [await make_voucher(tx, new_code(), wish, "test", datetime.now(UTC)) for _ in numbers]
            for voucher in made:
                yield str(voucher.voucher_id)

    async def balance(self, wallets: Sequence[UUID]) -> int:
        """Sum what wallets hold."""
        return sum([(await self.ask("GET", f"/wallet/{wallet}")).document()["balance"] for wallet in wallets])


class Answering:
    """One request as the server protocol carries it."""

    def __init__(self, body: bytes) -> None:
        """Have a body to give once."""
        self.status, self.content = 0, b""
        self._body: bytes | None = body

    async def receive(self) -> Message:
        """Give the body, and after it nothing until the caller goes away."""
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.content += message.get("body", b"")


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("shop.example", 80),
        "state": {},
    }
