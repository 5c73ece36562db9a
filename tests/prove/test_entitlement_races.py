"""The race catalogue of vouchers, coupons and rewards, over HTTP: what is given once is taken once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.clock import utc_now
from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.expiry_rule import PATH
from guerdon.points.inactivity import end_inactive
from guerdon.points.model import BatchWish
from guerdon.points.wallets import open_wallet
from guerdon.tenants.files import save_file
from tests.ledger.invariants import broken
from tests.prove.rounds import rounds
from tests.shops import Shop
from tests.vouchers.builders import ask

# A wallet per round would grow the tenant for ever; a few take turns.
WALLETS = 4
Wish = tuple[str, str, object]


async def opened(shop: Shop) -> list[UUID]:
    """Wallets with nothing in them."""
    wallets = [uuid4() for _ in range(WALLETS)]
    for wallet in wallets:
        assert (await ask(shop, "PUT", f"/wallet/{wallet}", {})).status_code == 201
    return wallets


async def made(shop: Shop, path: str, body: object) -> str:
    answer = await ask(shop, "POST", path, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def raced(shop: Shop, wishes: Sequence[Wish]) -> list[int]:
    """Send all at once; every answer is one that a till can act on."""
    answers = await asyncio.gather(*(ask(shop, *wish) for wish in wishes))
    assert all(answer.status_code < 500 for answer in answers), [answer.text for answer in answers]
    return [answer.status_code for answer in answers]


async def balance(shop: Shop, wallets: Sequence[UUID]) -> int:
    return sum([(await ask(shop, "GET", f"/wallet/{wallet}")).json()["balance"] for wallet in wallets])


async def sound(shop: Shop) -> bool:
    assert (await verify_tenant(shop.house.database, shop.tenant_id)).findings == []
    assert await broken(shop.house.database, shop.tenant_id) == []
    return True


@rounds
async def test_a_voucher_is_used_once_whoever_comes(shop: Shop, count: int) -> None:
    wallets = await opened(shop)
    for used in range(count):
        voucher = {"voucher": await made(shop, "/voucher", {"amount": 3})}

        statuses = await raced(shop, [("POST", f"/wallet/{wallet}/voucher", voucher) for wallet in wallets * 2])

        assert Counter(statuses) == {200: 1, 409: 2 * WALLETS - 1}
        if used % 100 == 0 or used == count - 1:
            assert await balance(shop, wallets) == 3 * (used + 1)
    assert await sound(shop)


@rounds
async def test_a_coupon_is_as_many_times_used_as_it_was_not_reverted(shop: Shop, count: int) -> None:
    wallet, *_ = await opened(shop)
    path = f"/wallet/{wallet}/coupon"
    body = {"coupon": await made(shop, path, {"name": "Coffee", "details": {}, "data": {}})}
    is_used = False
    for _ in range(count):
        wishes: list[Wish] = [("POST", f"{path}/{verb}", body) for verb in ("use", "revert", "use", "revert")]

        statuses = await raced(shop, wishes)

        assert set(statuses) <= {200, 409}
        uses, reverts = statuses[::2].count(200), statuses[1::2].count(200)
        after = is_used + uses - reverts
        (coupon,) = (await ask(shop, "GET", path)).json()
        assert after in {0, 1}
        assert ("usedAt" in coupon) == bool(after)
        is_used = bool(after)


@rounds
async def test_the_last_of_a_reward_is_claimed_once(shop: Shop, count: int) -> None:
    wallets = await opened(shop)
    for _ in range(count):
        for wallet in wallets:
            await made(shop, f"/wallet/{wallet}/batch/sync", {"amount": 4})
        before = await balance(shop, wallets)
        reward = await made(shop, "/reward", {"name": "Cup", "points": 2, "data": {}, "maxCount": 3, "maxPerWallet": 2})

        wishes: list[Wish] = [("POST", f"/wallet/{wallet}/reward/{reward}/claim", {}) for wallet in wallets * 3]
        statuses = await raced(shop, wishes)

        assert Counter(statuses) == {201: 3, 409: 3 * WALLETS - 3}
        read = (await ask(shop, "GET", f"/reward/{reward}")).json()
        assert (read["claimed"], read["remaining"]) == (3, 0)
        assert await balance(shop, wallets) == before - 3 * 2
    assert await sound(shop)


@rounds
async def test_a_claim_is_rolled_back_or_its_coupon_is_used(shop: Shop, count: int) -> None:
    wallet, *_ = await opened(shop)
    path = f"/wallet/{wallet}"
    reward = await made(shop, "/reward", {"name": "Cup", "points": 2, "data": {}})
    stands = 0
    for _ in range(count):
        await made(shop, f"{path}/batch/sync", {"amount": 2})
        before = await balance(shop, [wallet])
        claimed = (await ask(shop, "POST", f"{path}/reward/{reward}/claim", {})).json()
        back = ("POST", f"{path}/operation/rollback", {"operation": claimed["operation"]["id"]})
        use = ("POST", f"{path}/coupon/use", {"coupon": claimed["coupon"]["id"]})

        statuses = await raced(shop, [back, use, back, use])

        rolled, used = statuses[::2].count(200), statuses[1::2].count(200)
        assert (rolled, used) in {(1, 0), (0, 1)}, statuses
        assert await balance(shop, [wallet]) == (before if rolled else before - 2)
        stands += used
    assert (await ask(shop, "GET", f"/reward/{reward}")).json()["claimed"] == stands
    assert await sound(shop)


@rounds
async def test_points_are_claimed_or_spent_or_held_and_never_twice(shop: Shop, count: int) -> None:
    wallet, *_ = await opened(shop)
    path = f"/wallet/{wallet}"
    reward = await made(shop, "/reward", {"name": "Cup", "points": 2, "data": {}})
    for _ in range(count):
        await made(shop, f"{path}/batch/sync", {"amount": 2})
        wishes: list[Wish] = [
            ("POST", f"{path}/reward/{reward}/claim", {}),
            ("POST", f"{path}/operation", {"amount": 2}),
            ("POST", f"{path}/hold", {"amount": 2}),
        ]

        answers = await asyncio.gather(*(ask(shop, *wish) for wish in wishes * 2))

        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
        held = next((answer.json()["id"] for answer in answers[2::3] if answer.is_success), None)
        if held is not None:
            capture: Wish = ("POST", f"{path}/hold/{held}/capture", {})
            assert sorted(await raced(shop, [capture, capture])) == [201, 409]
        assert await balance(shop, [wallet]) == 0
    assert await sound(shop)


@rounds
async def test_points_that_nobody_touched_end_or_somebody_comes_in_time_and_keeps_them(shop: Shop, count: int) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        rule = b"inactivity: {days: 30, notBefore: 1970-01-01}"
        await save_file(tx, path=PATH, content=rule, now=utc_now(), actor="test")
    for number in range(count):
        wallet = await left_alone(shop)
        path = f"/wallet/{wallet}"
        is_spending = number % 2 == 0
        wish: Wish = ("POST", f"{path}/operation", {"amount": 4})
        if not is_spending:
            wish = ("POST", f"{path}/batch/sync", {"amount": 3})

        statuses, _, _ = await asyncio.gather(raced(shop, [wish, wish]), end(shop), end(shop))

        left = await balance(shop, [wallet])
        # Either both came before the end or both after it: who comes first keeps the points for the other too.
        if is_spending:
            assert (statuses, left) in [([201, 201], 2), ([409, 409], 0)]
        else:
            assert (statuses, left) in [([201, 201], 16), ([201, 201], 6)]
    assert await sound(shop)


async def left_alone(shop: Shop) -> UUID:
    """A wallet with ten points that nobody has touched for forty days."""
    wallet, then = uuid4(), utc_now() - timedelta(days=40)
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await open_wallet(tx, wallet, {}, "test", then)
        await add_batch(tx, wallet, BatchWish(10_000_000), batch_id=new_id(), actor="test", now=then)
    return wallet


async def end(shop: Shop) -> None:
    """Do what the job of every minute does."""
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await end_inactive(tx, utc_now())
