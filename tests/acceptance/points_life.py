"""One life of two wallets over HTTP: steps in any order, and after each the product agrees with plain_points.py."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, TypeVar

from guerdon.platform.faces import FACE_B
from tests.acceptance.keep_alive import Answer, Line
from tests.acceptance.plain_points import Coupon, Lot, Outcome, Plain, Reserve, Reward, Use, Voucher, Wallet

NOBODY = str(uuid.UUID(int=7))
DUE_WITHIN_S = 60
NEVER = datetime.max.replace(tzinfo=UTC)

# Mostly the last thing that was made, and mostly the same wallet, so that what is made is met again.
WHICH = (0, 0, 0, 0, 1, 1, 2, 3, 5, 9)
WALLET = (0, 0, 0, 1)
SOME = tuple(range(1, 10))
PART = (None, None, 1, 2, 3, 4, 5)
HOURS = (None, 1, 5, 30, 100)
FEW = (None, 1, 2)

Members = Mapping[str, object]
NOTHING: Members = {}
Call = tuple[str, str, Members | None]

Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Step:
    """What may be done next: the life's method of this name, with one of the choices for each argument.

    `needs` names what the life must have some of.
    """

    name: str
    choices: Mapping[str, Sequence[Any]]
    needs: str | None


STEPS: list[Step] = []


def step(needs: str | None = None, **choices: Sequence[Any]) -> Callable[[Method], Method]:
    """Have whoever drives a life know a method, and what its arguments may be."""

    def known(method: Method) -> Method:
        STEPS.append(Step(method.__name__, choices, needs))
        return method

    return known


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant whose clock stands until it is advanced."""

    base_url: str
    tenant_id: str
    api_key: str

    def line(self) -> Line:
        """Connect to it."""
        return Line(self.base_url, self.api_key)

    def now(self, line: Line) -> datetime:
        """Tell what time it is there."""
        return datetime.fromisoformat(line.ask("GET", self._clock).json()["now"])

    def freeze(self, line: Line) -> None:
        """Let the time stand from now on."""
        assert line.ask("POST", f"{self._clock}/freeze", {}).status == 201

    def advance(self, line: Line, to: datetime) -> None:
        """Let time pass, and wait until all that fell due on the way is done."""
        assert line.ask("POST", f"{self._clock}/advance", {"to": to.isoformat()}).status == 202
        until = time.monotonic() + DUE_WITHIN_S
        while line.ask("GET", self._clock).json()["advance"]["state"] == "running":
            assert time.monotonic() < until
            time.sleep(0.01)

    @property
    def _clock(self) -> str:
        return f"/api/{self.tenant_id}/config/clock"


class Life:
    """Two wallets and what they are given; its methods are the steps."""

    def __init__(self, place: Place, line: Line, looks_close: Callable[[], bool] = lambda: True) -> None:
        """Open the wallets. After a step, batches are looked at if `looks_close`; after time passed, always."""
        self._place, self._line, self._looks_close = place, line, looks_close
        self.plain = Plain(place.now(line))
        self.wallets = [str(uuid.uuid4()) for _ in range(2)]
        self.operations, self.holds, self.coupons = [[NOBODY] for _ in range(3)]
        self.vouchers, self.rewards = [NOBODY], list[str]()
        self.said: list[tuple[Call, str, Answer]] = []
        for name in self.wallets:
            self.plain.wallets[name] = Wallet()
            assert self._ask("PUT", f"/wallet/{name}", {}).status == 201

    @step(wallet=WALLET, amount=SOME, ends=HOURS)
    def add(self, wallet: int, amount: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        answer = self._ask("POST", f"/wallet/{name}/batch/sync", {"amount": amount, **_said(expires=expires)})
        assert answer.status == 201
        self.plain.wallets[name].lots.append(Lot(amount, expires, answer.json()["id"]))
        self._look(name)

    @step(wallet=WALLET, amount=range(1, 15), is_dry=(False, False, False, True))
    def spend(self, wallet: int, amount: int, is_dry: bool) -> None:
        name, body = self.wallets[wallet], {"amount": amount}
        if is_dry:
            balance, held = self.plain.standing(name)
            dry = self._ask("POST", f"/wallet/{name}/operation", body, dry=True)
            assert dry.status == (201 if amount <= balance - held else 409)
            self._look(name)
            return
        self._use(name, f"/wallet/{name}/operation", body, self.plain.spend(name, amount))

    @step(wallet=WALLET, which=WHICH, amount=PART)
    def roll_back(self, wallet: int, which: int, amount: int | None) -> None:
        name, operation = self.wallets[wallet], _one(self.operations, which)
        body = {"operation": operation, **_said(amount=amount)}
        answer = self._ask("POST", f"/wallet/{name}/operation/rollback", body)
        done = self._agree(answer, self.plain.roll_back(name, operation, amount))
        if answer.is_success:
            assert (answer.json()["restored"], answer.json()["restoredExpired"]) == done
        self._look(name)

    @step(wallet=WALLET, amount=SOME, ends=HOURS)
    def hold(self, wallet: int, amount: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        answer = self._ask("POST", f"/wallet/{name}/hold", {"amount": amount, **_said(expires=expires)})
        done = self._agree(answer, self.plain.hold(name, amount, expires))
        if isinstance(done, Reserve):
            self.plain.wallets[name].holds[answer.json()["id"]] = done
            self.holds.append(answer.json()["id"])
        self._look(name)

    @step(wallet=WALLET, which=WHICH, amount=PART)
    def capture(self, wallet: int, which: int, amount: int | None) -> None:
        name, hold = self.wallets[wallet], _one(self.holds, which)
        path = f"/wallet/{name}/hold/{hold}/capture"
        self._use(name, path, _said(amount=amount), self.plain.capture(name, hold, amount))

    @step(wallet=WALLET, which=WHICH)
    def release(self, wallet: int, which: int) -> None:
        name, hold = self.wallets[wallet], _one(self.holds, which)
        answer = self._ask("POST", f"/wallet/{name}/hold/{hold}/release", {})
        self._agree(answer, self.plain.release(name, hold))
        self._look(name)

    @step(amount=SOME, ends=HOURS, only_for=FEW, days=FEW)
    def make_voucher(self, amount: int, ends: int | None, only_for: int | None, days: int | None) -> None:
        expires, owner = self._after(ends), None if only_for is None else self.wallets[only_for - 1]
        body = {"amount": amount, **_said(expires=expires, forWallet=owner, pointsExpireInDays=days)}
        answer = self._ask("POST", "/voucher", body)
        assert answer.status == 201, answer.text
        self.vouchers.append(answer.json()["id"])
        self.plain.vouchers[self.vouchers[-1]] = Voucher(amount, expires, owner, days)

    @step(wallet=WALLET, which=WHICH)
    def use_voucher(self, wallet: int, which: int) -> None:
        name, code = self.wallets[wallet], _one(self.vouchers, which)
        answer = self._ask("POST", f"/wallet/{name}/voucher", {"voucher": code})
        self._agree(answer, self.plain.use_voucher(name, code))
        if answer.is_success:
            self.plain.wallets[name].lots[-1].name = answer.json()["batch"]["id"]
        self._look(name)

    @step(which=WHICH)
    def cancel_voucher(self, which: int) -> None:
        code = _one(self.vouchers, which)
        self._agree(self._ask("DELETE", f"/voucher/{code}", None), self.plain.cancel_voucher(code))

    @step(wallet=WALLET, ends=HOURS)
    def give_coupon(self, wallet: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        body = _said(details=NOTHING, data=NOTHING, expires=expires)
        answer = self._ask("POST", f"/wallet/{name}/coupon", body)
        assert answer.status == 201, answer.text
        self.coupons.append(answer.json()["id"])
        self.plain.wallets[name].coupons[self.coupons[-1]] = Coupon(expires)

    @step(wallet=WALLET, which=WHICH, verb=("use", "revert"))
    def change_coupon(self, wallet: int, which: int, verb: str) -> None:
        name, code = self.wallets[wallet], _one(self.coupons, which)
        change = self.plain.use_coupon if verb == "use" else self.plain.revert_coupon
        answer = self._ask("POST", f"/wallet/{name}/coupon/{verb}", {"coupon": code[:10]})
        self._agree(answer, change(name, code))
        self._look_at_coupons(name)

    @step(points=range(1, 6), stock=FEW, each=FEW, opens=HOURS, closes=HOURS, days=FEW)
    def offer(self, points: int, stock: int | None, each: int | None, **said: int | None) -> None:
        opens, closes = sorted([self._after(said["opens"]), self._after(said["closes"])], key=lambda at: at or NEVER)
        opens = opens if opens != closes else None
        limits = _said(maxCount=stock, maxPerWallet=each, availableFrom=opens, availableTo=closes)
        extra = None if said["days"] is None else {"couponExpiresInDays": str(said["days"])}
        body: Members = {"name": "Cup", "points": points, **_said(data=NOTHING, extra=extra), **limits}
        answer = self._ask("POST", "/reward", body)
        assert answer.status == 201, answer.text
        self.rewards.append(answer.json()["id"])
        self.plain.rewards[self.rewards[-1]] = Reward(points, stock, each, opens, closes, said["days"])

    @step(needs="rewards", wallet=WALLET, which=WHICH)
    def claim(self, wallet: int, which: int) -> None:
        name, code = self.wallets[wallet], _one(self.rewards, which)
        answer = self._ask("POST", f"/wallet/{name}/reward/{code}/claim", {})
        done = self._agree(answer, self.plain.claim(name, code))
        if isinstance(done, Use):
            operation, coupon = (answer.json()[part]["id"] for part in ("operation", "coupon"))
            self.operations.append(operation)
            self.coupons.append(coupon)
            self.plain.wallets[name].uses[operation] = done
            assert done.coupon is not None
            self.plain.wallets[name].coupons[coupon] = done.coupon
        assert self._ask("GET", f"/reward/{code}").json()["claimed"] == self.plain.rewards[code].claimed
        self._look(name)
        self._look_at_coupons(name)

    @step(hours=(1, 4, 24, 50))
    def let_time_pass(self, hours: int) -> None:
        to = self.plain.now + timedelta(hours=hours)
        self._place.advance(self._line, to)
        self.see_time_passed(to)

    def see_time_passed(self, to: datetime) -> None:
        """Be where the time of the place is."""
        self.plain.advance(to)
        for name in self.wallets:
            self._look(name)
            self._look_at_batches(name)
            self._look_at_coupons(name)

    @step(needs="said", which=range(100))
    def repeat(self, which: int) -> None:
        (method, path, body), key, first = _one(self.said, which)
        again = self._line.ask(method, path, body, {"idempotency-key": key})
        assert (again.status, again.content) == (first.status, first.content)
        assert b"\r\nidempotency-replayed:" in again.head

    def end(self) -> None:
        """Hold the statements against what was seen; what went back into batches that had ended must be posted."""
        for name in self.wallets:
            self._look(name)
            self._look_at_batches(name)
            lines = self._ask("GET", f"/wallet/{name}/statement?limit=1000").json()
            # Of what was earned, each point is there, was used, or has ended.
            assert sum(line["amount"] for line in lines) == self.plain.standing(name)[0]
            assert [line["balance"] for line in lines] == list(accumulate(line["amount"] for line in lines))

    def _ask(self, method: str, path: str, body: Members | None = None, *, dry: bool = False) -> Answer:
        path = f"{FACE_B}{path}"
        if method == "GET":
            return self._line.ask(method, path)
        key = uuid.uuid4().hex
        headers = {"idempotency-key": key, **({"guerdon-dry-run": "true"} if dry else {})}
        answer = self._line.ask(method, path, body, headers)
        assert answer.status < 500, answer.text
        if answer.is_success and not dry:
            self.said.append(((method, path, body), key, answer))
        return answer

    def _agree(self, answer: Answer, outcome: Outcome) -> object:
        status, code, said = outcome
        assert answer.status == status, (answer.text, outcome)
        if code is not None:
            problem = answer.json()
            assert problem["code"] == code
            member = {"not_enough": "available", "nothing_to_return": "returnable"}.get(code)
            assert member is None or problem[member] == said
        return said

    def _use(self, name: str, path: str, body: Members, outcome: Outcome) -> None:
        answer = self._ask("POST", path, body)
        done = self._agree(answer, outcome)
        if isinstance(done, Use):
            self.operations.append(answer.json()["id"])
            self.plain.wallets[name].uses[self.operations[-1]] = done
            took = Counter(self.plain.wallets[name].lots[unit].name for unit in done.units)
            assert {one["batch"]: one["amount"] for one in answer.json()["allocations"]} == took
        self._look(name)

    def _look(self, name: str) -> None:
        read = self._ask("GET", f"/wallet/{name}").json()
        assert (read["balance"], read["held"]) == self.plain.standing(name)
        assert read["available"] == read["balance"] - read["held"]
        if self._looks_close():
            self._look_at_batches(name)

    def _look_at_batches(self, name: str) -> None:
        batches = self._ask("GET", f"/wallet/{name}/batch?active=true&limit=1000").json()
        assert {one["id"]: one["remaining"] for one in batches} == self.plain.left(name)

    def _look_at_coupons(self, name: str) -> None:
        read = {one["id"]: one["status"] for one in self._ask("GET", f"/wallet/{name}/coupon?limit=1000").json()}
        assert read == {code: one.state(self.plain.now) for code, one in self.plain.wallets[name].coupons.items()}

    def _after(self, hours: int | None) -> datetime | None:
        return None if hours is None else self.plain.now + timedelta(hours=hours)


def _one(things: Sequence[Any], which: int) -> Any:
    return things[-1 - which % len(things)]


def _said(**members: object) -> dict[str, object]:
    instants = {name: at.isoformat() for name, at in members.items() if isinstance(at, datetime)}
    return {name: member for name, member in members.items() if member is not None} | instants
