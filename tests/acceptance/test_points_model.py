"""Wallets, holds, vouchers, coupons, rewards and time, in any order, over HTTP, beside a page of plain Python."""

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.acceptance.houses import operate
from tests.acceptance.plain_points import Coupon, Lot, Outcome, Plain, Reserve, Reward, Use, Voucher, Wallet
from tests.acceptance.running import Running

STEPS = 60
LIVES, LIVES_PROVEN = 6, int(os.environ.get("GUERDON_PROVE_STEPS", "1000000")) // STEPS
NOBODY = str(uuid.UUID(int=7))
DUE_WITHIN_S = 30
NEVER = datetime.max.replace(tzinfo=UTC)

# Mostly the last thing that was made, and mostly the same wallet, so that what is made is met again.
which = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5, 9])
wallet = st.sampled_from([0, 0, 0, 1])
some = st.integers(1, 9)
part = st.none() | st.integers(1, 5)
hours = st.sampled_from([None, 1, 5, 30, 100])
few = st.sampled_from([None, 1, 2])

Members = Mapping[str, object]
NOTHING: Members = {}
Call = tuple[str, str, Members | None]


class Points(RuleBasedStateMachine):
    """One life of two wallets; the product and its tenant are lent by the test, whose clock only goes on."""

    http: httpx2.Client
    clock: str

    @initialize()
    def open(self) -> None:
        self.plain = Plain(self._now())
        self.wallets = [str(uuid.uuid4()) for _ in range(2)]
        self.operations, self.holds, self.coupons = [[NOBODY] for _ in range(3)]
        self.vouchers, self.rewards = [NOBODY], list[str]()
        self.said: list[tuple[Call, str, httpx2.Response]] = []
        for name in self.wallets:
            self.plain.wallets[name] = Wallet()
            assert self._ask("PUT", f"/wallet/{name}", {}).status_code == 201

    @rule(wallet=wallet, amount=some, ends=hours)
    def add(self, wallet: int, amount: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        answer = self._ask("POST", f"/wallet/{name}/batch/sync", {"amount": amount, **_said(expires=expires)})
        assert answer.status_code == 201
        self.plain.wallets[name].lots.append(Lot(amount, expires, answer.json()["id"]))
        self._look(name)

    @rule(wallet=wallet, amount=st.integers(1, 14), is_dry=st.sampled_from([False, False, False, True]))
    def spend(self, wallet: int, amount: int, is_dry: bool) -> None:
        name, body = self.wallets[wallet], {"amount": amount}
        if is_dry:
            balance, held = self.plain.standing(name)
            dry = self._ask("POST", f"/wallet/{name}/operation", body, dry=True)
            assert dry.status_code == (201 if amount <= balance - held else 409)
            self._look(name)
            return
        self._use(name, f"/wallet/{name}/operation", body, self.plain.spend(name, amount))

    @rule(wallet=wallet, which=which, amount=part)
    def roll_back(self, wallet: int, which: int, amount: int | None) -> None:
        name, operation = self.wallets[wallet], _one(self.operations, which)
        body = {"operation": operation, **_said(amount=amount)}
        answer = self._ask("POST", f"/wallet/{name}/operation/rollback", body)
        done = self._agree(answer, self.plain.roll_back(name, operation, amount))
        if answer.is_success:
            assert (answer.json()["restored"], answer.json()["restoredExpired"]) == done
        self._look(name)

    @rule(wallet=wallet, amount=some, ends=hours)
    def hold(self, wallet: int, amount: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        answer = self._ask("POST", f"/wallet/{name}/hold", {"amount": amount, **_said(expires=expires)})
        done = self._agree(answer, self.plain.hold(name, amount, expires))
        if isinstance(done, Reserve):
            self.plain.wallets[name].holds[answer.json()["id"]] = done
            self.holds.append(answer.json()["id"])
        self._look(name)

    @rule(wallet=wallet, which=which, amount=part)
    def capture(self, wallet: int, which: int, amount: int | None) -> None:
        name, hold = self.wallets[wallet], _one(self.holds, which)
        path = f"/wallet/{name}/hold/{hold}/capture"
        self._use(name, path, _said(amount=amount), self.plain.capture(name, hold, amount))

    @rule(wallet=wallet, which=which)
    def release(self, wallet: int, which: int) -> None:
        name, hold = self.wallets[wallet], _one(self.holds, which)
        answer = self._ask("POST", f"/wallet/{name}/hold/{hold}/release", {})
        self._agree(answer, self.plain.release(name, hold))
        self._look(name)

    @rule(amount=some, ends=hours, only_for=few, days=few)
    def make_voucher(self, amount: int, ends: int | None, only_for: int | None, days: int | None) -> None:
        expires, owner = self._after(ends), None if only_for is None else self.wallets[only_for - 1]
        body = {"amount": amount, **_said(expires=expires, forWallet=owner, pointsExpireInDays=days)}
        answer = self._ask("POST", "/voucher", body)
        assert answer.status_code == 201, answer.text
        self.vouchers.append(answer.json()["id"])
        self.plain.vouchers[self.vouchers[-1]] = Voucher(amount, expires, owner, days)

    @rule(wallet=wallet, which=which)
    def use_voucher(self, wallet: int, which: int) -> None:
        name, code = self.wallets[wallet], _one(self.vouchers, which)
        answer = self._ask("POST", f"/wallet/{name}/voucher", {"voucher": code})
        self._agree(answer, self.plain.use_voucher(name, code))
        if answer.is_success:
            self.plain.wallets[name].lots[-1].name = answer.json()["batch"]["id"]
        self._look(name)

    @rule(which=which)
    def cancel_voucher(self, which: int) -> None:
        code = _one(self.vouchers, which)
        self._agree(self._ask("DELETE", f"/voucher/{code}", None), self.plain.cancel_voucher(code))

    @rule(wallet=wallet, ends=hours)
    def give_coupon(self, wallet: int, ends: int | None) -> None:
        name, expires = self.wallets[wallet], self._after(ends)
        body = _said(details=NOTHING, data=NOTHING, expires=expires)
        answer = self._ask("POST", f"/wallet/{name}/coupon", body)
        assert answer.status_code == 201, answer.text
        self.coupons.append(answer.json()["id"])
        self.plain.wallets[name].coupons[self.coupons[-1]] = Coupon(expires)

    @rule(wallet=wallet, which=which, verb=st.sampled_from(["use", "revert"]))
    def change_coupon(self, wallet: int, which: int, verb: str) -> None:
        name, code = self.wallets[wallet], _one(self.coupons, which)
        change = self.plain.use_coupon if verb == "use" else self.plain.revert_coupon
        answer = self._ask("POST", f"/wallet/{name}/coupon/{verb}", {"coupon": code[:10]})
        self._agree(answer, change(name, code))
        self._look_at_coupons(name)

    @rule(points=st.integers(1, 5), stock=few, each=few, opens=hours, closes=hours, days=few)
    def offer(self, points: int, stock: int | None, each: int | None, **said: int | None) -> None:
        opens, closes = sorted([self._after(said["opens"]), self._after(said["closes"])], key=lambda at: at or NEVER)
        opens = opens if opens != closes else None
        limits = _said(maxCount=stock, maxPerWallet=each, availableFrom=opens, availableTo=closes)
        extra = None if said["days"] is None else {"couponExpiresInDays": str(said["days"])}
        body: Members = {"name": "Cup", "points": points, **_said(data=NOTHING, extra=extra), **limits}
        answer = self._ask("POST", "/reward", body)
        assert answer.status_code == 201, answer.text
        self.rewards.append(answer.json()["id"])
        self.plain.rewards[self.rewards[-1]] = Reward(points, stock, each, opens, closes, said["days"])

    @precondition(lambda self: self.rewards)
    @rule(wallet=wallet, which=which)
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

    @rule(hours=st.sampled_from([1, 4, 24, 50]))
    def let_time_pass(self, hours: int) -> None:
        to = self.plain.now + timedelta(hours=hours)
        assert self.http.post(f"{self.clock}/advance", json={"to": to.isoformat()}).status_code == 202
        until = time.monotonic() + DUE_WITHIN_S
        while self.http.get(self.clock).json()["advance"]["state"] == "running":
            assert time.monotonic() < until
            time.sleep(0.01)
        self.plain.advance(to)
        for name in self.wallets:
            self._look(name)
            self._look_at_coupons(name)

    @precondition(lambda self: self.said)
    @rule(which=st.integers(0, 99))
    def repeat(self, which: int) -> None:
        (method, path, body), key, first = _one(self.said, which)
        again = self.http.request(method, path, json=body, headers={"Idempotency-Key": key})
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert "idempotency-replayed" in again.headers

    def teardown(self) -> None:
        if not hasattr(self, "wallets"):
            return
        # What went back into batches that had ended is in the statement until its end is posted.
        self.let_time_pass(1)
        for name in self.wallets:
            self._look(name)
            lines = self._ask("GET", f"/wallet/{name}/statement?limit=1000").json()
            # Of what was earned, each point is there, was used, or has ended.
            assert sum(line["amount"] for line in lines) == self.plain.standing(name)[0]
            assert [line["balance"] for line in lines] == list(accumulate(line["amount"] for line in lines))

    def _ask(self, method: str, path: str, body: Members | None = None, *, dry: bool = False) -> httpx2.Response:
        if method == "GET":
            return self.http.get(path)
        key = uuid.uuid4().hex
        headers = {"Idempotency-Key": key, **({"Guerdon-Dry-Run": "true"} if dry else {})}
        answer = self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code < 500, answer.text
        if answer.is_success and not dry:
            self.said.append(((method, path, body), key, answer))
        return answer

    def _agree(self, answer: httpx2.Response, outcome: Outcome) -> object:
        status, code, said = outcome
        assert answer.status_code == status, (answer.text, outcome)
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
            assert sum(one["amount"] for one in answer.json()["allocations"]) == done.took
        self._look(name)

    def _look(self, name: str) -> None:
        read = self._ask("GET", f"/wallet/{name}").json()
        assert (read["balance"], read["held"]) == self.plain.standing(name)
        assert read["available"] == read["balance"] - read["held"]
        batches = self._ask("GET", f"/wallet/{name}/batch?active=true&limit=1000").json()
        assert {one["id"]: one["remaining"] for one in batches} == self.plain.left(name)

    def _look_at_coupons(self, name: str) -> None:
        read = {one["id"]: one["status"] for one in self._ask("GET", f"/wallet/{name}/coupon?limit=1000").json()}
        assert read == {code: one.state(self.plain.now) for code, one in self.plain.wallets[name].coupons.items()}

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.http.get(self.clock).json()["now"])

    def _after(self, hours: int | None) -> datetime | None:
        return None if hours is None else self.plain.now + timedelta(hours=hours)


def _one(things: Sequence[Any], which: int) -> Any:
    return things[-1 - which % len(things)]


def _said(**members: object) -> dict[str, object]:
    instants = {name: at.isoformat() for name, at in members.items() if isinstance(at, datetime)}
    return {name: member for name, member in members.items() if member is not None} | instants


@pytest.fixture(scope="module")
def points(running: Running) -> Iterator[type[Points]]:
    """The machine, with a tenant of its own whose clock stands."""
    tenant_id, base = f"m-{uuid.uuid4().hex[:12]}", running.sandbox.base_url
    operate(running, "tenant", "create", tenant_id, "--sandbox")
    operate(running, "tenant", "limit", tenant_id, "--requests-per-minute", 2**31 - 1)
    made = operate(running, "key", "create", "--tenant", tenant_id, "--name", "model", "--scope", "*", "--json")
    clock, key = f"{base}/api/{tenant_id}/config/clock", json.loads(made)["token"]
    with httpx2.Client(base_url=f"{base}/wallet2-api/api", headers={"X-API-KEY": key}, timeout=30) as http:
        assert http.post(f"{clock}/freeze", json={}).status_code == 201
        yield type("PointsOfTenant", (Points,), {"http": http, "clock": clock})


def lives(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


@pytest.mark.timeout(600)
def test_any_life_over_http_agrees_with_the_page_of_plain_python(points: type[Points]) -> None:
    run_state_machine_as_test(points, settings=lives(LIVES))


@pytest.mark.prove
@pytest.mark.timeout(0)
def test_a_million_steps_over_http_agree(points: type[Points]) -> None:
    run_state_machine_as_test(points, settings=lives(LIVES_PROVEN))
