"""What stands in a wallet that is fuzzed: one of everything, and one more of whatever can be done only once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from guerdon_client import CouponData, Details, Guerdon, NewBatch, RewardTerms, VoucherTerms
from tests.acceptance.contract_things import BODY, Thing

MUCH = Decimal(100_000_000)
ONE = Decimal(1)
WALLET, COUPON = "/wallet/{wallet}", "/wallet/{wallet}/coupon"


def wallet_things(shop: Guerdon) -> list[Thing]:
    """Open a wallet with much in it, and tell what stands in it and where each thing is to be asked for."""
    wallet = str(uuid4())
    shop.wallets.put(wallet, {"name": "Ada"})
    accepted = shop.wallets.request_batch(wallet, NewBatch(MUCH))
    shop.wallets.add_batch(wallet, NewBatch(MUCH))
    return [
        *_operations(shop, wallet),
        *_holds(shop, wallet),
        *_coupons(shop, UUID(wallet)),
        *_vouchers(shop),
        *_rewards(shop),
        Thing("/command/", "correlationId", accepted.correlation_id),
        Thing("/wallet2-api/api/wallet/", "wallet", wallet),
    ]


def _operations(shop: Guerdon, wallet: str) -> list[Thing]:
    kept, rolled_back = (shop.wallets.spend(wallet, ONE).operation_id for _ in range(2))
    return [
        Thing(f"{WALLET}/operation/rollback", BODY, {"operation": rolled_back}, None),
        Thing(f"{WALLET}/operation/{{operation}}", "operation", kept),
    ]


def _holds(shop: Guerdon, wallet: str) -> list[Thing]:
    ends_at = datetime.now(UTC) + timedelta(days=1)
    kept, captured, released = (shop.wallets.hold(wallet, ONE, expires=ends_at).hold_id for _ in range(3))
    return [
        Thing("/capture", "hold", captured),
        Thing("/release", "hold", released),
        Thing(f"{WALLET}/hold/{{hold}}", "hold", kept),
    ]


def _coupons(shop: Guerdon, wallet: UUID) -> list[Thing]:
    details = Details({"en": "A coffee"})
    used, reverted = (shop.coupons.give(wallet, details).coupon_id for _ in range(2))
    shop.coupons.use(wallet, reverted)
    return [
        Thing(f"{COUPON}/use", BODY, {"coupon": used}, None),
        Thing(f"{COUPON}/revert", BODY, {"coupon": reverted}, None),
    ]


def _vouchers(shop: Guerdon) -> list[Thing]:
    made = (shop.vouchers.create(VoucherTerms(ONE)) for _ in range(4))
    kept, doomed, used, used_by_user = (str(voucher.voucher_id) for voucher in made)
    bulk = shop.vouchers.create_many(3, VoucherTerms(ONE))
    return [
        Thing("DELETE /wallet2-api/api/voucher/{voucher}", "voucher", doomed, None),
        Thing(f"{WALLET}/voucher", BODY, {"voucher": used}, None),
        Thing("/my/voucher", BODY, {"voucher": used_by_user}, None),
        Thing("/voucher/bulk/{bulk}", "bulk", str(bulk.bulk_id)),
        Thing("/voucher/{voucher}", "voucher", kept),
    ]


def _rewards(shop: Guerdon) -> list[Thing]:
    terms = RewardTerms("Coffee", ONE, CouponData("coffee"), visible=True)
    kept, doomed = (str(shop.rewards.create(terms).reward_id) for _ in range(2))
    return [
        Thing("DELETE /wallet2-api/api/reward/", "id", doomed, None),
        Thing("PUT /wallet2-api/api/reward/", "id", str(uuid4())),
        Thing("/reward/{id}", "id", kept, None),
    ]
