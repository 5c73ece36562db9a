"""A shop's till at face B, and instants to come."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from tests.shops import Shop

BASE = "/wallet2-api/api"


class Till:
    """A shop's till at face B, with one wallet."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.wallet = str(uuid.uuid4())

    async def ask(
        self, method: str, path: str = "", body: object = None, *, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        sent = {"x-api-key": self.shop.key, **(headers or {})}
        return await self.shop.http.request(method, f"{BASE}/wallet/{self.wallet}{path}", json=body, headers=sent)

    async def add(self, amount: float, expires: datetime | None = None, **said: object) -> dict[str, Any]:
        body = {"amount": amount, **said} | ({} if expires is None else {"expires": expires.isoformat()})
        answer = await self.ask("POST", "/batch/sync", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def spend(self, amount: float, **said: object) -> dict[str, Any]:
        answer = await self.ask("POST", "/operation", {"amount": amount, **said})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def balance(self) -> tuple[float, float, float]:
        read = (await self.ask("GET")).json()
        return read["balance"], read["available"], read["held"]


def soon(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)
