"""The race catalogue of vouchers, coupons and rewards, over HTTP: what is given once is taken once."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from guerdon.platform.clock import utc_now
from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.expiry_rule import PATH
from guerdon.points.inactivity import end_inactive
from guerdon.points.model import BatchWish
from guerdon.points.wallets import open_wallet
from guerdon.tenants.files import save_file
from tests.prove.rounds import Rounds
from tests.prove.tills import Answer, Tills, Wish
from tests.shops import Shop

# A balance is the sum of all rounds before, so that a point too many is still there at the next look.
ROUNDS_BETWEEN_LOOKS = 50
PLENTY = 1_000_000


def used_by(wallet: UUID, code: str) -> Wish:
    return "POST", f"/wallet/{wallet}/voucher", {"voucher": code}


def statuses(answers: Sequence[Answer]) -> list[int]:
    return [answer.status for answer in answers]


async def test_a_voucher_is_used_once_whoever_comes(over_http: Rounds[Tills]) -> None:
    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        wallets, used = await tills.opened(2), 0
        async for code in tills.vouchers(rounds, points=3):
            one, other = wallets if used % 2 else reversed(wallets)

            answers = await tills.raced([used_by(one, code), used_by(other, code), used_by(one, code)])

            assert sorted(statuses(answers)) == [200, 409, 409]
            used += 1
            if used % ROUNDS_BETWEEN_LOOKS == 0:
                assert await tills.balance(wallets) == 3 * used
        assert await tills.balance(wallets) == 3 * used

    await over_http.run(lane)


async def test_a_coupon_is_as_many_times_used_as_it_was_not_reverted(over_http: Rounds[Tills]) -> None:
    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        (wallet,) = await tills.opened(1)
        path = f"/wallet/{wallet}/coupon"
        body = {"coupon": await tills.made(path, {"name": "Coffee", "details": {}, "data": {}})}
        is_used = False
        for number in rounds:
            verbs = ("use", "revert", "use") if number % 2 else ("revert", "use", "revert")

            done = statuses(await tills.raced([("POST", f"{path}/{verb}", body) for verb in verbs]))

            assert set(done) <= {200, 409}
            changes = zip(verbs, done, strict=True)
            after = is_used + sum({"use": 1, "revert": -1}[verb] for verb, status in changes if status == 200)
            assert after in {0, 1}
            is_used = bool(after)
            if number % ROUNDS_BETWEEN_LOOKS == 0:
                (coupon,) = (await tills.ask("GET", path)).document()
                assert ("usedAt" in coupon) == is_used

    await over_http.run(lane)


async def test_the_last_of_a_reward_is_claimed_once(over_http: Rounds[Tills]) -> None:
    nothing: dict[str, object] = {}
    last = {"name": "Cup", "points": 2, "data": nothing, "maxCount": 1}
    one_each = {**last, "maxCount": 2, "maxPerWallet": 1}

    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        wallets, claimed = await tills.opened(2, PLENTY), 0
        for number in rounds:
            stock = number % 2 + 1
            reward = await tills.made("/reward", one_each if stock == 2 else last)

            one, other = wallets
            wishes: list[Wish] = [
                ("POST", f"/wallet/{wallet}/reward/{reward}/claim", {}) for wallet in (one, other, one)
            ]
            answers = await tills.raced(wishes)

            assert statuses(answers).count(201) == stock
            assert set(statuses(answers)) == {201, 409}
            assert stock == 1 or statuses(answers)[1] == 201
            claimed += stock
            if number % ROUNDS_BETWEEN_LOOKS == 0:
                read = (await tills.ask("GET", f"/reward/{reward}")).document()
                assert (read["claimed"], read["remaining"]) == (stock, 0)
                assert await tills.balance(wallets) == 2 * PLENTY - 2 * claimed
        assert await tills.balance(wallets) == 2 * PLENTY - 2 * claimed

    await over_http.run(lane)


async def test_a_claim_is_rolled_back_or_its_coupon_is_used(over_http: Rounds[Tills]) -> None:
    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        (wallet,) = await tills.opened(1, PLENTY)
        path = f"/wallet/{wallet}"
        reward, stands = await tills.made("/reward", {"name": "Cup", "points": 2, "data": {}}), 0
        for number in rounds:
            claimed = (await tills.ask("POST", f"{path}/reward/{reward}/claim", {})).document()
            back: Wish = ("POST", f"{path}/operation/rollback", {"operation": claimed["operation"]["id"]})
            use: Wish = ("POST", f"{path}/coupon/use", {"coupon": claimed["coupon"]["id"]})

            wishes = [back, use, back] if number % 2 else [use, back, use]
            done = statuses(await tills.raced(wishes))

            assert done.count(200) == 1
            stands += wishes[done.index(200)] is use
            if number % ROUNDS_BETWEEN_LOOKS == 0:
                assert await tills.balance([wallet]) == PLENTY - 2 * stands
        assert await tills.balance([wallet]) == PLENTY - 2 * stands
        assert (await tills.ask("GET", f"/reward/{reward}")).document()["claimed"] == stands

    await over_http.run(lane)


async def test_points_are_claimed_or_spent_or_held_and_never_twice(over_http: Rounds[Tills]) -> None:
    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        (wallet,) = await tills.opened(1)
        path = f"/wallet/{wallet}"
        reward = await tills.made("/reward", {"name": "Cup", "points": 2, "data": {}})
        for number in rounds:
            await tills.made(f"{path}/batch/sync", {"amount": 2})
            wishes: list[Wish] = [
                ("POST", f"{path}/reward/{reward}/claim", {}),
                ("POST", f"{path}/operation", {"amount": 2}),
                ("POST", f"{path}/hold", {"amount": 2}),
            ]

            answers = await tills.raced(wishes)

            assert sorted(statuses(answers)) == [201, 409, 409]
            if answers[2].status == 201:
                capture: Wish = ("POST", f"{path}/hold/{answers[2].document()['id']}/capture", {})
                assert sorted(statuses(await tills.raced([capture, capture]))) == [201, 409]
            if number % ROUNDS_BETWEEN_LOOKS == 0:
                assert await tills.balance([wallet]) == 0
        assert await tills.balance([wallet]) == 0

    await over_http.run(lane)


async def test_points_that_nobody_touched_end_or_somebody_comes_in_time_and_keeps_them(
    over_http: Rounds[Tills],
) -> None:
    async def opened() -> Tills:
        tills = await over_http.open()
        async with tills.shop.house.database.tenant(tills.shop.tenant_id) as tx:
            rule = b"inactivity: {days: 30, notBefore: 1970-01-01}"
            await save_file(tx, path=PATH, content=rule, now=utc_now(), actor="test")
        return tills

    async def lane(tills: Tills, rounds: Iterator[int]) -> None:
        for number in rounds:
            wallet, is_spending = await left_alone(tills.shop), number % 2 == 0
            wish: Wish = ("POST", f"/wallet/{wallet}/operation", {"amount": 4})
            if not is_spending:
                wish = ("POST", f"/wallet/{wallet}/batch/sync", {"amount": 3})

            answers, _, _ = await asyncio.gather(tills.raced([wish, wish]), end(tills.shop), end(tills.shop))

            left = await tills.balance([wallet])
            # Either both came before the end or both after it: who comes first keeps the points for the other too.
            if is_spending:
                assert (statuses(answers), left) in [([201, 201], 2), ([409, 409], 0)]
            else:
                assert (statuses(answers), left) in [([201, 201], 16), ([201, 201], 6)]

    await replace(over_http, open=opened).run(lane)


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
