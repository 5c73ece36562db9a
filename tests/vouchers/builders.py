"""Wallets and vouchers for tests of these rooms."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2

from guerdon.ledger.amounts import UNIT
from guerdon.platform.db import Database
from guerdon.platform.faces import FACE_B
from guerdon.platform.ids import new_code, new_id
from guerdon.points.adding import add_batch
from guerdon.points.model import BatchWish
from guerdon.points.wallets import open_wallet
from guerdon.vouchers.making import make_voucher
from guerdon.vouchers.model import VoucherWish
from tests.shops import Shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEN = VoucherWish(10 * UNIT, 5 * UNIT, NOW + timedelta(days=30), 90, None, '{"campaign": "spring"}')


async def a_wallet(database: Database, tenant_id: str, *points: int) -> UUID:
    """Open a wallet with batches of whole points that never end."""
    wallet_id = uuid4()
    async with database.tenant(tenant_id) as tx:
        await open_wallet(tx, wallet_id, {}, "test", NOW)
        for amount in points:
            await add_batch(tx, wallet_id, BatchWish(amount * UNIT), batch_id=new_id(), actor="test", now=NOW)
    return wallet_id


async def a_voucher(database: Database, tenant_id: str, wish: VoucherWish = TEN) -> UUID:
    """Make a voucher worth ten points, or another."""
    async with database.tenant(tenant_id) as tx:
        return (await make_voucher(tx, new_code(), wish, "test", NOW)).voucher_id


async def ask(
    shop: Shop,
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
) -> httpx2.Response:
    """Send one request to face B as the shop, or with another key."""
    sent = {"x-api-key": key or shop.key, **({} if body is None else {"content-type": "application/json"})}
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    return await shop.http.request(method, FACE_B + path, content=content, headers={**sent, **(headers or {})})
