"""Claims: points, coupon and stock go together, and come back together."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from guerdon.coupons.errors import CouponUsed
from guerdon.coupons.keeping import revert_coupon, use_coupon
from guerdon.ledger.amounts import UNIT
from guerdon.ledger.errors import NotEnough
from guerdon.platform.db import Database
from guerdon.platform.ids import new_coupon_id, new_id
from guerdon.platform.writes import Overtaken
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import Rollback
from guerdon.points.returning import roll_back
from guerdon.rewards.catalogue import create_reward, delete_reward, get_reward, put_reward
from guerdon.rewards.claiming import Claimed, ClaimWish, claim_reward, roll_back_claim
from guerdon.rewards.errors import MaxCountBelowClaimed, RewardLimitReached, RewardNotFound, RewardOutOfStock
from guerdon.rewards.model import RewardTerms
from guerdon.rewards.queries import take_one
from tests.vouchers.builders import NOW, a_wallet

COFFEE = RewardTerms(
    "Free coffee",
    is_visible=True,
    details_text='{"literals": {"en": "A coffee"}}',
    available_from=None,
    available_to=None,
    points=10 * UNIT,
    max_count=None,
    max_per_wallet=None,
    priority=None,
    data_text='{"couponKey": "coffee"}',
    tags=("drinks",),
    extra_text='{"couponExpiresInDays": "7"}',
)


async def a_reward(database: Database, tenant_id: str, terms: RewardTerms = COFFEE) -> UUID:
    async with database.tenant(tenant_id) as tx:
        return (await create_reward(tx, new_id(), terms, "office", NOW)).reward_id


async def claim(
    database: Database, tenant_id: str, wallet_id: UUID, reward_id: UUID, *, is_by_user: bool = True
) -> Claimed:
    async with database.tenant(tenant_id) as tx:
        wish = ClaimWish(wallet_id, reward_id, new_id(), new_coupon_id(), is_by_user)
        return await claim_reward(tx, wish, "till", NOW)


async def undo(database: Database, tenant_id: str, claimed: Claimed) -> Rollback:
    operation = claimed.operation
    async with database.tenant(tenant_id) as tx:
        return await roll_back(
            tx, operation.wallet_id, operation.operation_id, None, hooks=[roll_back_claim], actor="till", now=NOW
        )


async def standing(database: Database, tenant_id: str, reward_id: UUID, wallet_ids: Sequence[UUID]) -> tuple[int, ...]:
    """Tell what was claimed, how many coupons stand, how many claims stand, and what all wallets have."""
    async with database.tenant(tenant_id) as tx:
        claimed = (await get_reward(tx, reward_id)).claimed
        coupons = await tx.value(
            "SELECT count(*) FROM coupon WHERE tenant_id = $1 AND reward_id = $2 AND cancelled_at IS NULL",
            tenant_id,
            reward_id,
        )
        claims = await tx.value(
            "SELECT count(*) FROM reward_claim WHERE tenant_id = $1 AND reward_id = $2 AND rolled_back_at IS NULL",
            tenant_id,
            reward_id,
        )
        points = await tx.value(
            "SELECT sum(value)::bigint FROM ledger_account WHERE tenant_id = $1 AND owner_id = ANY($2::text[])",
            tenant_id,
            [str(wallet_id) for wallet_id in wallet_ids],
        )
    return claimed, coupons, claims, points // UNIT


async def test_a_claim_spends_gives_the_coupon_and_takes_from_the_stock(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id, 4, 20)
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_count=3))

    claimed = await claim(database, tenant_id, wallet_id, reward_id)

    coupon = claimed.coupon
    assert (claimed.operation.kind, claimed.operation.amount) == ("CLAIM", 10 * UNIT)
    assert (coupon.details_text, coupon.data_text) == (COFFEE.details_text, COFFEE.data_text)
    assert (coupon.reward_id, coupon.operation_id) == (reward_id, claimed.operation.operation_id)
    assert coupon.expires_at is not None
    assert (coupon.expires_at - NOW).days == 7
    assert await standing(database, tenant_id, reward_id, [wallet_id]) == (1, 1, 1, 14)


async def test_the_last_piece_goes_to_one_of_thirty_two(database: Database, tenant_id: str) -> None:
    wallet_ids = [await a_wallet(database, tenant_id, 100) for _ in range(8)]
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_count=1))

    outcomes = await asyncio.gather(
        *(claim(database, tenant_id, wallet_ids[number % 8], reward_id) for number in range(32)), return_exceptions=True
    )

    assert sum(isinstance(one, Claimed) for one in outcomes) == 1
    assert sum(isinstance(one, RewardOutOfStock) for one in outcomes) == 31
    assert await standing(database, tenant_id, reward_id, wallet_ids) == (1, 1, 1, 790)


async def test_one_wallet_cannot_claim_more_than_its_share_at_once(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id, 1_000)
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_per_wallet=3))

    outcomes = await asyncio.gather(
        *(claim(database, tenant_id, wallet_id, reward_id) for _ in range(16)), return_exceptions=True
    )

    assert sum(isinstance(one, Claimed) for one in outcomes) == 3
    assert sum(isinstance(one, RewardLimitReached) for one in outcomes) == 13
    assert await standing(database, tenant_id, reward_id, [wallet_id]) == (3, 3, 3, 970)


async def test_a_refused_claim_changes_nothing(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id, 9)
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_count=1))
    hidden = await a_reward(database, tenant_id, replace(COFFEE, is_visible=False))

    for wallet, reward, refusal in (
        (uuid4(), reward_id, WalletNotFound),
        (wallet_id, uuid4(), RewardNotFound),
        (wallet_id, hidden, RewardNotFound),
        (wallet_id, reward_id, NotEnough),
    ):
        with pytest.raises(refusal):
            await claim(database, tenant_id, wallet, reward)

    with pytest.raises(NotEnough):  # Staff may claim what users do not see.
        await claim(database, tenant_id, wallet_id, hidden, is_by_user=False)
    assert await standing(database, tenant_id, reward_id, [wallet_id]) == (0, 0, 0, 9)


async def test_a_claim_is_rolled_back_whole_and_once(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id, 10)
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_count=1, max_per_wallet=1))
    claimed = await claim(database, tenant_id, wallet_id, reward_id)

    outcomes = await asyncio.gather(*(undo(database, tenant_id, claimed) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(one, Rollback) for one in outcomes) == 1
    assert await standing(database, tenant_id, reward_id, [wallet_id]) == (0, 0, 0, 10)
    again = await claim(database, tenant_id, wallet_id, reward_id)
    assert again.coupon.coupon_id != claimed.coupon.coupon_id


async def test_a_claim_whose_coupon_was_used_stays_until_the_use_is_taken_back(
    database: Database, tenant_id: str
) -> None:
    wallet_id = await a_wallet(database, tenant_id, 10)
    reward_id = await a_reward(database, tenant_id)
    claimed = await claim(database, tenant_id, wallet_id, reward_id)
    async with database.tenant(tenant_id) as tx:
        await use_coupon(tx, wallet_id, claimed.coupon.coupon_id, "till", NOW)

    with pytest.raises(CouponUsed):
        await undo(database, tenant_id, claimed)
    assert await standing(database, tenant_id, reward_id, [wallet_id]) == (1, 1, 1, 0)

    async with database.tenant(tenant_id) as tx:
        await revert_coupon(tx, wallet_id, claimed.coupon.coupon_id, "till", NOW)
    assert (await undo(database, tenant_id, claimed)).restored == 10 * UNIT


async def test_claims_uses_and_rollbacks_at_once_lose_nothing(database: Database, tenant_id: str) -> None:
    wallet_ids = [await a_wallet(database, tenant_id, 50) for _ in range(4)]
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_count=7))

    async def visit(number: int) -> str:
        wallet_id = wallet_ids[number % 4]
        try:
            claimed = await claim(database, tenant_id, wallet_id, reward_id)
            if number % 2:
                await asyncio.gather(
                    undo(database, tenant_id, claimed),
                    _use(database, tenant_id, claimed),
                    return_exceptions=True,
                )
        except (RewardOutOfStock, NotEnough, Overtaken) as refused:
            return refused.code
        return "claimed"

    await asyncio.gather(*(visit(number) for number in range(40)))

    claimed, coupons, claims, points = await standing(database, tenant_id, reward_id, wallet_ids)
    assert claimed == coupons == claims <= 7
    assert points == 200 - 10 * claims


async def test_a_reward_cannot_be_limited_to_less_than_was_claimed(database: Database, tenant_id: str) -> None:
    wallet_id = await a_wallet(database, tenant_id, 20)
    reward_id = await a_reward(database, tenant_id)
    for _ in range(2):
        await claim(database, tenant_id, wallet_id, reward_id)

    async with database.tenant(tenant_id) as tx:
        with pytest.raises(MaxCountBelowClaimed):
            await put_reward(tx, reward_id, replace(COFFEE, max_count=1), "office", NOW)
        reward, is_new = await put_reward(tx, reward_id, replace(COFFEE, max_count=2), "office", NOW)

    assert (reward.remaining, is_new) == (0, False)


async def prices_of_claims(database: Database, tenant_id: str, price: int) -> dict[str, int]:
    """Tell which price stood at each claim: both events are written under the reward's lock."""
    async with database.tenant(tenant_id) as tx:
        events = await tx.records(
            """
            SELECT kind, actor, payload ->> 'operationId' AS operation_id FROM event
             WHERE tenant_id = $1 AND kind IN ('Reward:Updated', 'Reward:Claimed') ORDER BY event_id
            """,
            tenant_id,
        )
    prices: dict[str, int] = {}
    for event in events:
        if event["kind"] == "Reward:Updated":
            price = int(event["actor"].removeprefix("price "))
        else:
            prices[event["operation_id"]] = price
    return prices


async def test_claims_while_the_terms_change_pay_the_price_that_stands(database: Database, tenant_id: str) -> None:
    wallet_ids = [await a_wallet(database, tenant_id, 100) for _ in range(8)]
    reward_id = await a_reward(database, tenant_id, replace(COFFEE, max_per_wallet=1))

    async def change(number: int) -> None:
        async with database.tenant(tenant_id) as tx:
            terms = replace(COFFEE, max_per_wallet=1, points=(10 + number) * UNIT)
            await put_reward(tx, reward_id, terms, f"price {10 + number}", NOW + timedelta(seconds=number))

    outcomes = await asyncio.gather(
        *(claim(database, tenant_id, wallet_id, reward_id) for wallet_id in wallet_ids),
        *(change(number) for number in range(1, 5)),
        return_exceptions=True,
    )

    claimed = [one for one in outcomes if isinstance(one, Claimed)]
    assert {type(one) for one in outcomes} <= {Claimed, Overtaken, type(None)}
    paid = {str(one.operation.operation_id): one.operation.amount // UNIT for one in claimed}
    assert paid == await prices_of_claims(database, tenant_id, 10)
    assert await standing(database, tenant_id, reward_id, wallet_ids) == (*[len(claimed)] * 3, 800 - sum(paid.values()))


async def test_a_reward_is_taken_only_as_it_was_read(database: Database, tenant_id: str) -> None:
    reward_id = await a_reward(database, tenant_id)
    async with database.tenant(tenant_id) as tx:
        read = await get_reward(tx, reward_id)
        await put_reward(tx, reward_id, replace(COFFEE, points=1), "office", NOW + timedelta(seconds=1))

        assert not await take_one(tx, read)
        assert await take_one(tx, await get_reward(tx, reward_id))


async def test_a_deleted_reward_is_claimed_no_more_and_its_claims_can_be_rolled_back(
    database: Database, tenant_id: str
) -> None:
    wallet_id = await a_wallet(database, tenant_id, 20)
    reward_id = await a_reward(database, tenant_id)
    claimed = await claim(database, tenant_id, wallet_id, reward_id)
    async with database.tenant(tenant_id) as tx:
        await delete_reward(tx, reward_id, "office", NOW)

    with pytest.raises(RewardNotFound):
        await claim(database, tenant_id, wallet_id, reward_id)

    assert (await undo(database, tenant_id, claimed)).restored == 10 * UNIT
    async with database.tenant(tenant_id) as tx:
        reward, is_new = await put_reward(tx, reward_id, COFFEE, "office", NOW)
    assert (reward.claimed, is_new) == (0, True)


async def _use(database: Database, tenant_id: str, claimed: Claimed) -> None:
    async with database.tenant(tenant_id) as tx:
        await use_coupon(tx, claimed.coupon.wallet_id, claimed.coupon.coupon_id, "till", NOW)
