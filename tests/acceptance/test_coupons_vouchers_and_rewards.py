import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest

from guerdon_client import (
    Claimed,
    Conflict,
    Coupon,
    CouponData,
    Details,
    Forbidden,
    Gone,
    Guerdon,
    InvalidRequest,
    Media,
    NotFound,
    Problem,
    RewardTerms,
    VoucherTerms,
    VoucherUsed,
)
from tests.acceptance.running import Running

COFFEE = Details({"de": "Kaffee", "ja": "コーヒー"}, (Media("https://x.example/c.png", "c"),))
DATA = CouponData("c", "a,b", "p", "k", {"discountType": "%"})
MANY = 100_000


@pytest.fixture(scope="package")
def wallets(running: Running) -> Iterator[httpx2.Client]:
    """The shop, speaking to its wallets by hand."""
    base = f"{running.sandbox.base_url}/wallet2-api/api"
    with httpx2.Client(base_url=base, headers={"X-API-KEY": running.sandbox.api_key}, timeout=20) as client:
        yield client


@pytest.fixture(scope="package")
def user(running: Running, wallets: httpx2.Client) -> Iterator[Guerdon]:
    """A user with the sandbox's token and a wallet of their own."""
    wallets.put(f"/wallet/{running.sandbox.user_uuid}", json={}).raise_for_status()
    with Guerdon(running.sandbox.base_url, running.sandbox.tenant_id, token=running.sandbox.user_token) as client:
        yield client


def a_wallet(wallets: httpx2.Client, points: int = 0) -> UUID:
    wallet_id = uuid.uuid4()
    wallets.put(f"/wallet/{wallet_id}", json={}).raise_for_status()
    if points:
        wallets.post(f"/wallet/{wallet_id}/batch/sync", json={"amount": points}).raise_for_status()
    return wallet_id


def balance(wallets: httpx2.Client, wallet_id: object) -> Any:
    return wallets.get(f"/wallet/{wallet_id}").raise_for_status().json()["balance"]


def test_a_coupon_lives_from_the_till_to_the_till(shop: Guerdon, wallets: httpx2.Client) -> None:
    wallet_id = a_wallet(wallets)
    coupon = shop.coupons.give(wallet_id, COFFEE, DATA, expires_at=datetime.now(UTC) + timedelta(days=1))

    used = shop.coupons.use(wallet_id, coupon.coupon_id)
    with pytest.raises(Conflict):
        shop.coupons.use(wallet_id, coupon.coupon_id)
    reverted = shop.coupons.revert(wallet_id, coupon.coupon_id)

    assert (coupon.status, used.status, reverted.status) == ("ACTIVE", "USED", "ACTIVE")
    assert (coupon.details, coupon.data) == (COFFEE, DATA)
    assert [one.coupon_id for one in shop.coupons.iter(wallet_id, limit=1)] == [coupon.coupon_id]
    assert shop.coupons.list(wallet_id, "USED").items == ()
    with pytest.raises(NotFound):
        shop.coupons.use(a_wallet(wallets), coupon.coupon_id)
    over = shop.coupons.give(wallet_id, Details(), expires_at=datetime.now(UTC))
    with pytest.raises(Gone):
        shop.coupons.use(wallet_id, over.coupon_id)


def test_a_voucher_is_used_once_however_many_tills_try(shop: Guerdon, running: Running, wallets: httpx2.Client) -> None:
    wallet_id = a_wallet(wallets)
    voucher = shop.vouchers.create(VoucherTerms(Decimal("12.5"), price=5, points_expire_in_days=90))

    def use(_till: int) -> VoucherUsed | Problem:
        try:
            return shop.vouchers.use(wallet_id, voucher.voucher_id)
        except Conflict as refused:
            return refused

    with ThreadPoolExecutor(32) as tills:
        outcomes = list(tills.map(use, range(32)))

    (used,) = (one for one in outcomes if isinstance(one, VoucherUsed))
    assert (used.amount, used.balance) == (Decimal("12.5"), Decimal("12.5"))
    assert {one.code for one in outcomes if isinstance(one, Problem)} == {"voucher_used"}
    assert balance(wallets, wallet_id) == 12.5
    read = shop.vouchers.get(voucher.voucher_id)
    assert (read.status, read.wallet_id, read.batch_id) == ("USED", wallet_id, used.batch_id)
    with running.client(running.sandbox.read_only_api_key) as reader, pytest.raises(Forbidden):
        reader.vouchers.use(wallet_id, voucher.voucher_id)


def test_a_hundred_thousand_vouchers_are_made_in_one_request(running: Running, wallets: httpx2.Client) -> None:
    sandbox = running.sandbox
    with Guerdon(sandbox.base_url, sandbox.tenant_id, api_key=sandbox.api_key, timeout_s=100) as office:
        first = office.vouchers.create_many(MANY, VoucherTerms(3, price=2), idempotency_key="the autumn campaign")
        again = office.vouchers.create_many(MANY, VoucherTerms(3, price=2), idempotency_key="the autumn campaign")
        used = office.vouchers.use(a_wallet(wallets), first.voucher_ids[-1])

        assert (len(set(first.voucher_ids)), again.table == first.table) == (MANY, True)
        assert again.receipt.is_replayed
        assert used.balance == 3
        with pytest.raises(InvalidRequest):
            office.vouchers.create_many(MANY + 1, VoucherTerms(3))


def test_a_voucher_that_was_cancelled_is_gone(shop: Guerdon, wallets: httpx2.Client) -> None:
    voucher = shop.vouchers.create(VoucherTerms(1))
    shop.vouchers.cancel(voucher.voucher_id)

    with pytest.raises(Gone):
        shop.vouchers.use(a_wallet(wallets), voucher.voucher_id)


def test_the_report_follows_what_becomes_of_a_voucher(shop: Guerdon, wallets: httpx2.Client) -> None:
    first = datetime.now(UTC)
    voucher = shop.vouchers.create(VoucherTerms(7, price=2))
    last = datetime.now(UTC) + timedelta(seconds=1)
    before = shop.vouchers.report(first, last)

    shop.vouchers.use(a_wallet(wallets), voucher.voucher_id)
    after = shop.vouchers.report(first, last)

    code = str(voucher.voucher_id)
    assert [(one.code, one.status) for one in before.vouchers] == [(f"{code[:8]}...", "ACTIVE")]
    assert [(one.code, one.status) for one in after.vouchers] == [(code, "USED")]
    assert (after.totals["USED"].amount, after.totals["USED"].price, after.totals["ACTIVE"].count) == (7, 2, 0)
    assert shop.vouchers.report(first, last, as_of=before.as_of).totals == before.totals
    assert code.encode() in shop.vouchers.get_report_table(first, last)


def test_the_last_reward_goes_to_one_of_many_and_comes_back(shop: Guerdon, wallets: httpx2.Client) -> None:
    wallet_ids = [a_wallet(wallets, 100) for _ in range(8)]
    reward = shop.rewards.create(RewardTerms("Last cake", 10, DATA, max_count=1, details=COFFEE))

    def claim(till: int) -> Claimed | Problem:
        try:
            return shop.rewards.claim(wallet_ids[till % 8], reward.reward_id)
        except Conflict as refused:
            return refused

    with ThreadPoolExecutor(16) as tills:
        outcomes = list(tills.map(claim, range(16)))
    (claimed,) = (one for one in outcomes if isinstance(one, Claimed))
    wallet_id = claimed.coupon.wallet_id
    assert {one.code for one in outcomes if isinstance(one, Problem)} == {"reward_out_of_stock"}
    assert sum(balance(wallets, one) for one in wallet_ids) == 790

    rollback = f"/wallet/{wallet_id}/operation/rollback"
    shop.coupons.use(wallet_id, claimed.coupon.coupon_id)
    refused = wallets.post(rollback, json={"operation": str(claimed.operation_id)})
    shop.coupons.revert(wallet_id, claimed.coupon.coupon_id)
    done = wallets.post(rollback, json={"operation": str(claimed.operation_id)})

    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_used")
    assert (done.status_code, done.json()["restored"], balance(wallets, wallet_id)) == (200, 10, 100)
    assert [one.status for one in shop.coupons.list(wallet_id).items] == ["CANCELLED"]
    assert shop.rewards.get(reward.reward_id).remaining == 1


def test_users_see_and_claim_what_is_offered(
    shop: Guerdon, user: Guerdon, running: Running, wallets: httpx2.Client
) -> None:
    tag = uuid.uuid4().hex
    now = datetime.now(UTC)

    def a_reward(name: str, priority: int | None, *, visible: bool = True, to: datetime | None = None) -> UUID:
        terms = RewardTerms(name, 5, DATA, visible, tags=(tag,), priority=priority, available_to=to, max_per_wallet=1)
        return shop.rewards.create(terms).reward_id

    low, none, high = a_reward("low", 1), a_reward("none", None), a_reward("high", 9)
    hidden, over = a_reward("hidden", 5, visible=False), a_reward("over", 5, to=now)
    code = shop.vouchers.create(VoucherTerms(8, for_wallet=UUID(running.sandbox.user_uuid))).voucher_id

    before = balance(wallets, running.sandbox.user_uuid)
    assert user.vouchers.use_own(code).balance == before + 8
    page = user.rewards.list_own(tag, limit=2)
    rest = user.rewards.list_own(tag, limit=2, cursor=page.next_cursor)
    assert [one.reward_id for one in (*page.items, *rest.items)] == [high, low, none]
    assert [one.terms.name for one in shop.rewards.list(tag=tag, sort="name").items] == [
        "hidden",
        "high",
        "low",
        "none",
        "over",
    ]

    claimed = user.rewards.claim_own(high)
    assert claimed.coupon.coupon_id in {one.coupon_id for one in user.coupons.list_own("ACTIVE").items}
    assert balance(wallets, running.sandbox.user_uuid) == before + 3
    for reward_id, refusal, code_of in (
        (high, Conflict, "reward_limit_reached"),
        (low, Conflict, "not_enough"),
        (over, Conflict, "reward_not_available"),
        (hidden, NotFound, "reward_not_found"),
    ):
        if code_of == "not_enough" and before:
            continue
        with pytest.raises(refusal) as refused:
            user.rewards.claim_own(reward_id)
        assert refused.value.code == code_of
    with pytest.raises(Forbidden):
        user.rewards.create(RewardTerms("Mine", 1, DATA))
    with pytest.raises(Forbidden):
        shop.coupons.list_own()


def test_a_reward_is_kept_word_for_word(shop: Guerdon) -> None:
    terms = RewardTerms(
        "Кофе 1",
        Decimal("10.5"),
        DATA,
        visible=True,
        details=COFFEE,
        available_from=datetime(2020, 1, 1, tzinfo=UTC),
        available_to=datetime(2999, 1, 1, tzinfo=UTC),
        max_count=3,
        max_per_wallet=2,
        priority=5,
        tags=("hot", "drinks"),
        extra={"couponExpiresInDays": "7"},
    )
    reward_id = uuid.uuid4()

    kept = shop.rewards.put(reward_id, terms)

    assert (kept.terms, kept.remaining, shop.rewards.get(reward_id)) == (terms, 3, kept)
    assert reward_id in {one.reward_id for one in shop.rewards.iter(limit=2)}
    shop.rewards.delete(reward_id)
    with pytest.raises(NotFound):
        shop.rewards.get(reward_id)


def test_another_tenant_finds_nothing(shop: Guerdon, running: Running, wallets: httpx2.Client) -> None:
    wallet_id = a_wallet(wallets)
    coupon: Coupon = shop.coupons.give(wallet_id, COFFEE)
    voucher = shop.vouchers.create(VoucherTerms(1))
    reward = shop.rewards.create(RewardTerms("Ours", 1, DATA))
    other = running.sandbox.other_tenant

    with running.client(other.api_key, other.tenant_id) as stranger:
        for call in (
            lambda: stranger.coupons.list(wallet_id),
            lambda: stranger.coupons.use(wallet_id, coupon.coupon_id),
            lambda: stranger.vouchers.get(voucher.voucher_id),
            lambda: stranger.vouchers.cancel(voucher.voucher_id),
            lambda: stranger.rewards.get(reward.reward_id),
            lambda: stranger.rewards.claim(wallet_id, reward.reward_id),
        ):
            with pytest.raises(NotFound):
                call()
