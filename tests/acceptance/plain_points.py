"""Wallets, vouchers, coupons and rewards as a page of plain Python, written from WIRE.md and docs/points.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Outcome = tuple[int, str | None, object]  # status, code of the refusal, what is to be compared
DONE = 200, None
MADE = 201, None


@dataclass
class Lot:
    left: int
    ends: datetime | None
    name: str = ""


@dataclass
class Reserve:
    units: list[int]  # each unit's lot, in the order of taking
    ends: datetime | None
    is_open: bool = True


@dataclass
class Voucher:
    amount: int
    ends: datetime | None
    only_for: str | None
    days: int | None
    is_used: bool = False
    is_cancelled: bool = False


@dataclass
class Coupon:
    ends: datetime | None
    is_used: bool = False
    is_cancelled: bool = False

    def state(self, now: datetime) -> str:
        if self.is_cancelled:
            return "CANCELLED"
        return "USED" if self.is_used else "EXPIRED" if over(self.ends, now) else "ACTIVE"


@dataclass
class Reward:
    points: int
    stock: int | None
    each: int | None
    opens: datetime | None
    closes: datetime | None
    days: int | None
    claimed: int = 0
    by: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class Use:
    units: list[int]
    took: int
    reward: Reward | None = None
    coupon: Coupon | None = None


@dataclass
class Wallet:
    lots: list[Lot] = field(default_factory=list[Lot])
    holds: dict[str, Reserve] = field(default_factory=dict[str, Reserve])
    uses: dict[str, Use] = field(default_factory=dict[str, Use])
    coupons: dict[str, Coupon] = field(default_factory=dict[str, Coupon])


def over(ends: datetime | None, now: datetime) -> bool:
    return ends is not None and ends <= now


@dataclass
class Plain:
    """All of it. Each operation gives the status, the refusal's code, and numbers; a refusal changes nothing."""

    now: datetime
    wallets: dict[str, Wallet] = field(default_factory=dict[str, Wallet])
    vouchers: dict[str, Voucher] = field(default_factory=dict[str, Voucher])
    rewards: dict[str, Reward] = field(default_factory=dict[str, Reward])

    def standing(self, name: str) -> tuple[int, int]:
        """Tell a wallet's balance, and what of it open holds set aside."""
        wallet = self.wallets[name]
        held = sum(len(hold.units) for hold in wallet.holds.values() if hold.is_open)
        return self._available(wallet) + held, held

    def left(self, name: str) -> dict[str, int]:
        """Tell what is in each lot of a wallet that has something and has not ended."""
        return {lot.name: lot.left for lot in self.wallets[name].lots if lot.left and not over(lot.ends, self.now)}

    def advance(self, to: datetime) -> None:
        """Let time pass: holds whose time is over give back, and what is in ended lots goes."""
        self.now = to
        for wallet in self.wallets.values():
            for hold in wallet.holds.values():
                if hold.is_open and over(hold.ends, to):
                    hold.is_open = False
                    self._give_back(wallet, hold.units)
            for lot in wallet.lots:
                lot.left = 0 if over(lot.ends, to) else lot.left

    def spend(self, name: str, amount: int) -> Outcome:
        wallet = self.wallets[name]
        if self._available(wallet) < amount:
            return 409, "not_enough", self._available(wallet)
        return *MADE, Use(self._take(wallet, amount), amount)

    def roll_back(self, name: str, operation: str, amount: int | None) -> Outcome:
        wallet = self.wallets[name]
        use = wallet.uses.get(operation)
        if use is None:
            return 404, "operation_not_found", None
        if use.reward is not None and amount not in {None, use.took}:
            return 400, "claim_is_whole", None
        wanted = len(use.units) if amount is None else amount
        if not 0 < wanted <= len(use.units):
            return 409, "nothing_to_return", len(use.units)
        if use.coupon is not None and use.coupon.is_used:
            return 409, "coupon_used", None
        back = [use.units.pop() for _ in range(wanted)]
        self._give_back(wallet, back)
        if use.reward is not None and use.coupon is not None:
            use.coupon.is_cancelled = True
            use.reward.claimed -= 1
            use.reward.by[name] -= 1
        ended = sum(over(wallet.lots[lot].ends, self.now) for lot in back)
        return *DONE, (wanted, ended)

    def hold(self, name: str, amount: int, ends: datetime | None) -> Outcome:
        wallet = self.wallets[name]
        if self._available(wallet) < amount:
            return 409, "not_enough", self._available(wallet)
        return *MADE, Reserve(self._take(wallet, amount), ends)

    def capture(self, name: str, hold_id: str, amount: int | None) -> Outcome:
        wallet = self.wallets[name]
        hold = wallet.holds.get(hold_id)
        if hold is None:
            return 404, "points_hold_not_found", None
        if not hold.is_open:
            return 409, "hold_closed", None
        wanted = len(hold.units) if amount is None else amount
        if wanted > len(hold.units):
            return 409, "not_enough", len(hold.units)
        hold.is_open = False
        self._give_back(wallet, hold.units[wanted:])
        return *MADE, Use(hold.units[:wanted], wanted)

    def release(self, name: str, hold_id: str) -> Outcome:
        wallet = self.wallets[name]
        hold = wallet.holds.get(hold_id)
        if hold is None:
            return 404, "points_hold_not_found", None
        if not hold.is_open:
            return 409, "hold_closed", None
        hold.is_open = False
        self._give_back(wallet, hold.units)
        return *DONE, None

    def use_voucher(self, name: str, code: str) -> Outcome:
        voucher = self.vouchers.get(code)
        if voucher is None:
            return 404, "voucher_not_found", None
        if voucher.only_for not in {None, name}:
            return 403, "voucher_of_another", None
        if voucher.is_used:
            return 409, "voucher_used", None
        if voucher.is_cancelled:
            return 410, "voucher_cancelled", None
        if over(voucher.ends, self.now):
            return 410, "voucher_expired", None
        voucher.is_used = True
        self.wallets[name].lots.append(Lot(voucher.amount, self._in_days(voucher.days)))
        return *DONE, None

    def cancel_voucher(self, code: str) -> Outcome:
        voucher = self.vouchers.get(code)
        if voucher is None:
            return 404, "voucher_not_found", None
        if voucher.is_used:
            return 409, "voucher_used", None
        voucher.is_cancelled = True
        return 204, None, None

    def use_coupon(self, name: str, code: str) -> Outcome:
        coupon = self.wallets[name].coupons.get(code)
        if coupon is None:
            return 404, "coupon_not_found", None
        if coupon.is_used:
            return 409, "coupon_used", None
        if coupon.is_cancelled:
            return 409, "coupon_cancelled", None
        if over(coupon.ends, self.now):
            return 410, "coupon_expired", None
        coupon.is_used = True
        return *DONE, None

    def revert_coupon(self, name: str, code: str) -> Outcome:
        coupon = self.wallets[name].coupons.get(code)
        if coupon is None:
            return 404, "coupon_not_found", None
        if coupon.is_cancelled:
            return 409, "coupon_cancelled", None
        if not coupon.is_used:
            return 409, "coupon_not_used", None
        coupon.is_used = False
        return *DONE, None

    def claim(self, name: str, code: str) -> Outcome:
        wallet, reward = self.wallets[name], self.rewards[code]
        if (reward.opens is not None and self.now < reward.opens) or over(reward.closes, self.now):
            return 409, "reward_not_available", None
        if reward.stock is not None and reward.claimed >= reward.stock:
            return 409, "reward_out_of_stock", None
        if reward.each is not None and reward.by.get(name, 0) >= reward.each:
            return 409, "reward_limit_reached", None
        if self._available(wallet) < reward.points:
            return 409, "not_enough", self._available(wallet)
        reward.claimed += 1
        reward.by[name] = reward.by.get(name, 0) + 1
        return *MADE, Use(self._take(wallet, reward.points), reward.points, reward, Coupon(self._in_days(reward.days)))

    def _in_days(self, days: int | None) -> datetime | None:
        return None if days is None else self.now + timedelta(days=days)

    def _available(self, wallet: Wallet) -> int:
        return sum(lot.left for lot in wallet.lots if not over(lot.ends, self.now))

    def _take(self, wallet: Wallet, amount: int) -> list[int]:
        # Soonest end first, no end last, ties in the order of adding (sorted() keeps it).
        live = [(lot.ends, number) for number, lot in enumerate(wallet.lots) if not over(lot.ends, self.now)]
        order = sorted(live, key=lambda pair: (pair[0] is None, pair[0] or self.now))
        units = [number for _, number in order for _ in range(wallet.lots[number].left)][:amount]
        for number in units:
            wallet.lots[number].left -= 1
        return units

    @staticmethod
    def _give_back(wallet: Wallet, units: Sequence[int]) -> None:
        for number in units:
            wallet.lots[number].left += 1
