"""Orders as another system tells of them, signed and sent to a shop."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import httpx2

from guerdon.platform.signatures import signature
from guerdon.points.earning_rule import PATH
from guerdon.tenants.files import save_file
from guerdon.tenants.secrets import save_secret
from tests.shops import Shop

# The rule of the source's own example: a ratio, points for 365 days, 30 of them as a welcome.
RULE = """
ratio: 0.15
expiresInDays: 365
welcome: {points: 30}
plainSignature: true
"""
TOKEN = "0f3b9a6d-the-shared-token"


async def give_rule(shop: Shop, text: str = RULE, token: str = TOKEN) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        now = datetime.now(UTC)
        await save_file(tx, path=PATH, content=text.encode(), now=now, actor="test")
        await save_secret(tx, shop.house.master_key, name="points/orders", plain=token.encode(), now=now, actor="test")


def a_notice(
    wallet: str, order_id: str = "a62ab7db", status: str = "COMPLETED", total: object = "13.99"
) -> dict[str, Any]:
    """What the source sends, in short."""
    return {
        "commandClass": "OrderCompletedEventCommand",
        "command": {"status": status},
        "tenant": {"__NAME__": "test", "currency": "PLN"},
        "order": {
            "id": order_id,
            "users": [{"userId": wallet, "roles": ["CUSTOMER", "CREATOR"], "email": "example@example.org"}],
            "orderType": "DINE_IN",
            "total": total,
            "editTotal": "13.99",
            "status": status,
            "buckets": [{"venue": "2de9a0c3-4b21-407c-83d1-031ea0735eb3", "lines": []}],
            "payments": [{"id": "1", "source": "WEB", "type": "CARD", "amount": "13.99"}],
        },
    }


async def send(
    shop: Shop, notice: object, headers: dict[str, str] | None = None, *, with_key: bool = False
) -> httpx2.Response:
    body = json.dumps(notice).encode()
    sent = {"content-type": "application/json", **(plainly(body) if headers is None else headers)}
    return await shop.ask("POST", "/points/orders", body, headers=sent, key=None if with_key else "")


def plainly(body: bytes, token: str = TOKEN) -> dict[str, str]:
    return {"x-signature": hashlib.sha256(body + token.encode()).hexdigest()}


def by_standard(body: bytes, token: str = TOKEN, *, at: datetime | None = None) -> dict[str, str]:
    seconds = int((at or datetime.now(UTC)).timestamp())
    signed = signature(token, "msg_1", seconds, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(seconds), "webhook-signature": signed}


async def took(shop: Shop, *notices: object) -> list[dict[str, Any]]:
    answers = [await send(shop, notice) for notice in notices]
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[-1].text
    return [answer.json() for answer in answers]
