"""Coupons under several hands at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from guerdon.coupons.errors import CouponNotFound, CouponNotUsed, CouponUsed
from guerdon.coupons.keeping import cancel_coupon, give_coupon, revert_coupon, use_coupon
from guerdon.coupons.model import Coupon, CouponContent
from guerdon.platform.db import Database, Tx
from guerdon.platform.events import read_after
from guerdon.platform.ids import COUPON_ID_CHARACTERS, new_coupon_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT = CouponContent('{"literals": {"de": "Kaffee"}}', '{"enableKey": "coffee"}')
Change = Callable[[Tx, UUID, str, str, datetime], Awaitable[Coupon]]


async def given(database: Database, tenant_id: str, wallet_id: UUID) -> str:
    async with database.tenant(tenant_id) as tx:
        coupon = await give_coupon(tx, new_coupon_id(), wallet_id, CONTENT, NOW + timedelta(days=1), "test", NOW)
    return coupon.coupon_id


async def change(database: Database, tenant_id: str, how: Change, wallet_id: UUID, coupon_id: str) -> Coupon:
    async with database.tenant(tenant_id) as tx:
        return await how(tx, wallet_id, coupon_id, "till", NOW)


async def test_of_thirty_two_tills_one_uses_a_coupon(database: Database, tenant_id: str) -> None:
    wallet_id = uuid4()
    coupon_id = await given(database, tenant_id, wallet_id)

    outcomes = await asyncio.gather(
        *(change(database, tenant_id, use_coupon, wallet_id, coupon_id) for _ in range(32)), return_exceptions=True
    )

    assert sum(isinstance(one, Coupon) for one in outcomes) == 1
    assert sum(isinstance(one, CouponUsed) for one in outcomes) == 31


async def test_uses_and_reverts_at_once_alternate(database: Database, tenant_id: str) -> None:
    wallet_id = uuid4()
    coupon_id = await given(database, tenant_id, wallet_id)
    hows: list[Change] = [use_coupon, revert_coupon] * 16

    outcomes = await asyncio.gather(
        *(change(database, tenant_id, how, wallet_id, coupon_id) for how in hows), return_exceptions=True
    )

    used, reverted = (sum(isinstance(one, Coupon) for one in outcomes[first::2]) for first in (0, 1))
    assert {type(one) for one in outcomes} <= {Coupon, CouponUsed, CouponNotUsed}
    async with database.tenant(tenant_id) as tx:
        kinds = Counter(event.kind for event in await read_after(tx, None, 1_000))
    assert used - reverted in {0, 1}
    assert kinds == Counter({"Coupon:Created": 1, "Coupon:Used": used, "Coupon:Reverted": reverted})


async def test_a_coupon_that_is_used_and_cancelled_at_once_is_one_of_both(database: Database, tenant_id: str) -> None:
    wallet_id = uuid4()
    for _ in range(8):
        coupon_id = await given(database, tenant_id, wallet_id)
        outcomes = await asyncio.gather(
            change(database, tenant_id, use_coupon, wallet_id, coupon_id),
            change(database, tenant_id, cancel_coupon, wallet_id, coupon_id),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Coupon) for one in outcomes) == 1


async def test_a_coupon_of_another_wallet_or_tenant_is_not_found(
    database: Database, tenant_id: str, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    wallet_id = uuid4()
    coupon_id = await given(database, tenant_id, wallet_id)
    other = f"o-{uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", other, NOW)

    for how in (use_coupon, revert_coupon, cancel_coupon):
        with pytest.raises(CouponNotFound):
            await change(database, tenant_id, how, uuid4(), coupon_id)
        with pytest.raises(CouponNotFound):
            await change(database, other, how, wallet_id, coupon_id)


async def test_an_id_that_is_taken_makes_no_second_coupon(database: Database, tenant_id: str) -> None:
    coupon_id = await given(database, tenant_id, uuid4())

    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.tenant(tenant_id) as tx:
            await give_coupon(tx, coupon_id, uuid4(), CONTENT, None, "test", NOW)


def test_a_coupon_id_has_ten_characters_that_nobody_takes_for_others() -> None:
    ids = {new_coupon_id() for _ in range(1_000)}

    assert len(ids) == 1_000
    assert {len(one) for one in ids} == {10}
    assert set("".join(ids)) == set(COUPON_ID_CHARACTERS)
    assert set("01ILOUilou").isdisjoint(COUPON_ID_CHARACTERS)
