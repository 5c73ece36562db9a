"""Orders of another system: they earn once, by the tenant's rule, and give back what they earned when they return."""

import asyncio
import json
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from guerdon.ledger.accounts import lock_account
from guerdon.ledger.amounts import UNIT
from guerdon.ledger.verifying import verify_tenant
from guerdon.points.earning import Receipt, take_order
from guerdon.points.earning_rule import PATH, EarningRuleInvalid, EarningRules, read_earning_rule
from guerdon.points.expiring import expire_due
from guerdon.points.model import wallet_key
from guerdon.points.order_model import EarnedOrder, Order
from guerdon.points.order_routes import read_order
from guerdon.points.order_schemas import OrderNotice
from tests.points.notices import RULE, TOKEN, a_notice, by_standard, give_rule, plainly, send, took
from tests.points.tills import Till, soon
from tests.shops import Shop, problem, until_waiting


def one_of_two(body: bytes) -> dict[str, str]:
    signed = by_standard(body)
    return {**signed, "webhook-signature": f"v1,AAAA {signed['webhook-signature']}"}


async def test_the_example_of_the_source_earns_two_points_and_a_welcome(till: Till) -> None:
    await give_rule(till.shop)

    (answer,) = await took(till.shop, a_notice(till.wallet))

    assert (answer["status"], answer["wallet"], answer["points"], answer["welcome"]) == ("EARNED", till.wallet, 2, 30)
    batches = {one["id"]: one for one in (await till.ask("GET", "/batch")).json()}
    earned, welcome = batches[answer["batch"]], batches[answer["welcomeBatch"]]
    assert (earned["amount"], earned["order"], earned["description"]) == (2, "a62ab7db", "Order")
    assert (earned["venue"], earned["extra"]) == ("2de9a0c3-4b21-407c-83d1-031ea0735eb3", {"rule": "1"})
    assert datetime.fromisoformat(earned["expires"]) - datetime.fromisoformat(earned["createdAt"]) == timedelta(
        days=365
    )
    assert (welcome["amount"], welcome["description"], "expires" in welcome) == (30, "Welcome", False)
    assert await till.balance() == (32, 32, 0)


async def test_an_order_earns_once_however_often_and_as_what_it_is_told(till: Till) -> None:
    await give_rule(till.shop)

    first, *others = await took(
        till.shop,
        a_notice(till.wallet),
        a_notice(till.wallet),
        a_notice(till.wallet, status="CLOSED", total="99.00"),
        a_notice(str(uuid.uuid4())),
    )

    assert others == [first] * 3
    assert await till.balance() == (32, 32, 0)


async def test_the_worked_example_of_the_documents_comes_to_what_they_say(till: Till) -> None:
    await give_rule(till.shop, "ratio: 0.15\nwelcome: {points: 30}\nplainSignature: true")

    answers = await took(
        till.shop, a_notice(till.wallet, "1"), a_notice(till.wallet, "1"), a_notice(till.wallet, "2", total="30.00")
    )
    spent = await till.spend(36)
    (returned,) = await took(till.shop, a_notice(till.wallet, "1", "CANCELLED"))

    assert [(one["points"], one["welcome"]) for one in answers] == [(2, 30), (2, 30), (5, 0)]
    assert [one["amount"] for one in spent["allocations"]] == [2, 30, 4]
    assert (returned["taken"], returned["missing"]) == (1, 31)
    assert await till.balance() == (0, 0, 0)


async def test_an_order_that_is_told_of_many_times_at_once_earns_once(till: Till) -> None:
    await give_rule(till.shop)
    newcomer = Till(till.shop)

    answers = await asyncio.gather(
        *(send(till.shop, a_notice(wallet)) for wallet in (till.wallet, newcomer.wallet) for _ in range(8))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["batch"] for answer in answers}) == 1


async def test_an_order_that_is_completed_and_cancelled_at_once_ends_with_nothing(till: Till) -> None:
    await give_rule(till.shop)
    newcomer = Till(till.shop)
    for order_id, wallet in (("1", till.wallet), ("2", newcomer.wallet), ("3", newcomer.wallet)):
        both = [a_notice(wallet, order_id, status) for status in ("COMPLETED", "CANCELLED") for _ in range(4)]

        answers = await asyncio.gather(*(send(till.shop, notice) for notice in both))

        assert {answer.status_code for answer in answers} == {200}
        (last,) = await took(till.shop, both[0])
        assert (last["status"], last["missing"]) == ("RETURNED", 0)
    assert await till.balance() == (0, 0, 0)


async def test_an_order_that_returns_twice_at_once_for_different_customers_gives_back_once(till: Till) -> None:
    await give_rule(till.shop)
    await till.add(100)
    database, tenant_id, other = till.shop.house.database, till.shop.tenant_id, Till(till.shop)
    await other.ask("PUT", body={})
    earned, returned = a_notice(till.wallet), a_notice(till.wallet, status="CANCELLED")
    rule = read_earning_rule(RULE.encode())

    async with AsyncExitStack() as returning, AsyncExitStack() as of_other:
        held = await of_other.enter_async_context(database.tenant(tenant_id))
        await lock_account(held, wallet_key(uuid.UUID(other.wallet)))
        late = asyncio.create_task(send(till.shop, a_notice(other.wallet, status="CANCELLED")))
        await until_waiting(till.shop.house.database)  # for the other wallet: it has not seen that the order is known
        await took(till.shop, earned)
        tx = await returning.enter_async_context(database.tenant(tenant_id))
        order = read_order(OrderNotice.model_validate(returned).order)
        await take_order(tx, order, Receipt(EarningRules(), rule, 1, "test", datetime.now(UTC)))
        await of_other.aclose()
        await until_waiting(till.shop.house.database)  # for the wallet of the order
    answer = await late

    assert (answer.status_code, answer.json()["taken"]) == (200, 32)
    assert await till.balance() == (100, 100, 0)


async def test_the_first_order_of_somebody_opens_the_wallet(shop: Shop) -> None:
    await give_rule(shop)
    newcomer = Till(shop)

    await took(shop, a_notice(newcomer.wallet))

    assert await newcomer.balance() == (32, 32, 0)


async def test_the_welcome_comes_once_and_again_after_its_order_is_returned(till: Till) -> None:
    await give_rule(till.shop)

    answers = await took(
        till.shop,
        a_notice(till.wallet, "1"),
        a_notice(till.wallet, "2"),
        a_notice(till.wallet, "1", "CANCELLED"),
        a_notice(till.wallet, "3"),
        a_notice(till.wallet, "4"),
    )

    assert [answer["welcome"] for answer in answers] == [30, 0, 30, 30, 0]
    assert await till.balance() == (36, 36, 0)


@pytest.mark.parametrize(
    ("rule", "change", "reason"),
    [
        ("ratio: 1", {"status": "NEW"}, "Orders that are NEW earn nothing and take nothing back."),
        ("ratio: 1\nearnOn: [DELIVERED]", {}, "Orders that are COMPLETED earn nothing and take nothing back."),
        ("ratio: 1", {"users": []}, "The order names no customer."),
        ("ratio: 1", {"users": None, "payments": None, "buckets": None}, "The order names no customer."),
        ("ratio: 0.01", {}, "The order comes to no points."),
        ("ratio: 1\nminimum: 14", {}, "The order comes to no points."),
        ("ratio: 1", {"total": "-5"}, "The order comes to no points."),
        ("ratio: 1\nnotEarning: [CARD]", {}, "The order comes to no points."),
    ],
)
async def test_an_order_that_earns_nothing_says_why(till: Till, rule: str, change: dict[str, Any], reason: str) -> None:
    await give_rule(till.shop, f"{rule}\nplainSignature: true")
    notice = a_notice(till.wallet)
    notice["order"] |= change

    (answer,) = await took(till.shop, notice)

    assert (answer["status"], answer["reason"]) == ("IGNORED", reason)
    assert await till.balance() == (0, 0, 0)


async def test_an_order_of_nobody_whom_we_know_earns_only_where_wallets_are_opened(shop: Shop) -> None:
    await give_rule(shop, f"{RULE}opensWallets: false\n")
    stranger = str(uuid.uuid4())

    (answer,) = await took(shop, a_notice(stranger))

    assert (answer["status"], answer["reason"]) == ("IGNORED", f"There is no wallet {stranger}.")


async def test_a_returned_order_gives_its_points_back_once(till: Till) -> None:
    await give_rule(till.shop)
    await till.add(10, soon(days=1))

    earned, returned, again, late = await took(
        till.shop,
        a_notice(till.wallet),
        a_notice(till.wallet, status="CANCELLED"),
        a_notice(till.wallet, status="ABANDONED"),
        a_notice(till.wallet),
    )

    assert (returned["status"], returned["taken"], returned["missing"]) == ("RETURNED", 32, 0)
    assert (again, late) == (returned, returned)
    assert await till.balance() == (10, 10, 0)
    operation = (await till.ask("GET", f"/operation/{returned['operation']}")).json()
    # Its own batches, though another one ends sooner.
    assert [one["batch"] for one in operation["allocations"]] == [earned["batch"], earned["welcomeBatch"]]
    assert (operation["order"], operation["extra"]) == ("a62ab7db", {"returned": "CANCELLED"})


async def test_points_of_a_returned_order_that_were_spent_come_from_others_as_far_as_there_are(till: Till) -> None:
    await give_rule(till.shop, "ratio: 1\nrounding: down\nplainSignature: true")
    await took(till.shop, a_notice(till.wallet))  # 13
    await till.spend(10)
    await till.add(4)

    (returned,) = await took(till.shop, a_notice(till.wallet, status="CANCELLED"))

    assert (returned["taken"], returned["missing"]) == (7, 6)
    assert await till.balance() == (0, 0, 0)


async def test_a_return_that_is_told_of_before_its_order_leaves_nothing_to_earn(till: Till) -> None:
    await give_rule(till.shop)

    returned, earned = await took(
        till.shop, a_notice(till.wallet, status="CANCELLED"), a_notice(till.wallet, status="COMPLETED")
    )

    assert (returned["status"], returned["points"], returned["taken"]) == ("RETURNED", 0, 0)
    assert earned == returned
    assert await till.balance() == (0, 0, 0)


@pytest.mark.parametrize("is_posted", [False, True])
async def test_what_had_ended_of_a_returned_order_is_not_taken_from_other_points(till: Till, is_posted: bool) -> None:
    rule = read_earning_rule(b"ratio: 1\nrounding: down\nexpiresInDays: 1")
    order = read_order(OrderNotice.model_validate(a_notice(till.wallet)).order)
    database, tenant_id, later = till.shop.house.database, till.shop.tenant_id, soon(days=2)

    async def take(status: str, now: datetime) -> EarnedOrder:
        async with database.tenant(tenant_id) as tx:
            told = Order(order.order_id, status, order.customer_id, order.total, order.venue)
            taken = await take_order(tx, told, Receipt(EarningRules(), rule, 1, "test", now))
        assert isinstance(taken, EarnedOrder)
        return taken

    await take("COMPLETED", datetime.now(UTC))  # 13, for a day
    await till.spend(5)
    await till.add(100)
    if is_posted:
        async with database.tenant(tenant_id) as tx:
            await expire_due(tx, later)

    returned = await take("CANCELLED", later)

    assert returned.taken == 5 * UNIT
    assert (await verify_tenant(database, tenant_id)).is_sound


async def test_an_export_of_the_person_tells_of_orders(till: Till) -> None:
    await give_rule(till.shop)
    (earned,) = await took(till.shop, a_notice(till.wallet))

    answer = await till.shop.ask("POST", f"/persons/export?walletId={till.wallet}")

    assert answer.json()["wallets"][0]["orders"] == [{name: earned[name] for name in earned if name != "order"}]


async def test_a_dry_run_tells_what_an_order_would_earn(till: Till) -> None:
    await give_rule(till.shop)
    body = json.dumps(a_notice(till.wallet)).encode()

    answer = await send(till.shop, a_notice(till.wallet), {**plainly(body), "guerdon-dry-run": "true"})

    assert (answer.status_code, answer.json()["points"]) == (200, 2)
    assert await till.balance() == (0, 0, 0)


async def test_a_key_that_may_add_batches_needs_no_signature_and_no_other_will_do(till: Till) -> None:
    await give_rule(till.shop)
    reader = await till.shop.make_key("Wallet.Read")

    answer = await send(till.shop, a_notice(till.wallet), {}, with_key=True)
    refused = await till.shop.ask("POST", "/points/orders", a_notice(till.wallet), key=reader)

    assert (answer.status_code, refused.status_code) == (200, 403)


Signing = Callable[[bytes], dict[str, str]]
SIGNED: dict[str, tuple[Signing, int]] = {
    "plain": (plainly, 200),
    "standard": (by_standard, 200),
    "the other token": (lambda body: by_standard(body, "the-next-token"), 200),
    "one of several": (one_of_two, 200),
    "not at all": (lambda _body: {}, 401),
    "another body": (lambda body: plainly(body + b" "), 401),
    "another token": (lambda body: plainly(body, "guessed"), 401),
    "too old": (lambda body: by_standard(body, at=soon(seconds=-400)), 401),
    "too new": (lambda body: by_standard(body, at=soon(seconds=400)), 401),
    "another id": (lambda body: by_standard(body) | {"webhook-id": "msg_2"}, 401),
    "no time": (lambda body: by_standard(body) | {"webhook-timestamp": "soon"}, 401),
    "an endless time": (lambda body: by_standard(body) | {"webhook-timestamp": "9" * 5_000}, 401),
}


@pytest.mark.parametrize("how", SIGNED)
async def test_an_order_is_taken_from_whoever_signs_it(till: Till, how: str) -> None:
    sign, status = SIGNED[how]
    await give_rule(till.shop, token=f"{TOKEN}\n\nthe-next-token\n")
    notice = a_notice(till.wallet)

    answer = await send(till.shop, notice, sign(json.dumps(notice).encode()))

    assert answer.status_code == status
    if status == 401:
        assert problem(answer)["code"] == "order_not_signed"
        assert answer.headers["www-authenticate"]


async def test_the_plain_signature_is_good_only_where_the_rule_allows_it(till: Till) -> None:
    await give_rule(till.shop, "ratio: 1")
    notice = a_notice(till.wallet)

    plain, standard = (
        await send(till.shop, notice),
        await send(till.shop, notice, by_standard(json.dumps(notice).encode())),
    )

    assert (plain.status_code, standard.status_code) == (401, 200)


async def test_without_a_secret_nobody_signs(till: Till) -> None:
    await give_rule(till.shop, token="\n")
    body = json.dumps(a_notice(till.wallet)).encode()

    assert (await send(till.shop, a_notice(till.wallet), plainly(body, ""))).status_code == 401


async def test_without_a_rule_there_is_no_webhook(shop: Shop) -> None:
    answer = await send(shop, a_notice(str(uuid.uuid4())))

    assert (answer.status_code, problem(answer)["code"]) == (404, "no_earning_rule")


async def test_a_broken_order_is_told_with_all_its_mistakes_and_changes_nothing(till: Till) -> None:
    await give_rule(till.shop)
    notice = a_notice("nobody", order_id="x" * 65, total="NaN")
    notice["order"] |= {"status": 7, "payments": [{"amount": "1e99"}]}

    answer = await send(till.shop, notice)

    assert (answer.status_code, sorted(problem(answer)["errors"])) == (
        400,
        ["order.id", "order.payments.0.amount", "order.status", "order.total", "order.users.0.userId"],
    )


@pytest.mark.parametrize(
    ("rule", "total", "points"),
    [
        ("ratio: 0.15", "13.99", "2"),
        ("ratio: 0.01", "149.99", "1"),
        ("ratio: 0.01", "150", "2"),
        ("ratio: 0.01\nrounding: halfEven", "250", "2"),
        ("ratio: 0.01\nrounding: halfUp", "250", "3"),
        ("ratio: 0.01\nrounding: down", "199.99", "1"),
        ("ratio: 0.01\nrounding: up", "100.000001", "2"),
        ("ratio: 1\nplaces: 2", "13.994999", "13.99"),
        ("ratio: 0.1\nplaces: 1", "0.1", "0"),
        ("ratio: 0.000001\nplaces: 6", "1", "0.000001"),
        ("ratio: 3\nminimum: 5", "4.999999", "0"),
        ("ratio: 3\nminimum: 5", "5", "15"),
        ("ratio: 3\npointsMax: 10", "5", "10"),
        ("ratio: 1000000000000", "1000000000000", "1000000000000"),
        ("ratio: 0.123456789012345678\nplaces: 6", "999999999999.999999", "123456789012.345678"),
    ],
)
def test_points_are_exact_and_rounded_as_the_rule_says(rule: str, total: str, points: str) -> None:
    assert read_earning_rule(rule.encode()).points(int(Decimal(total) * UNIT)) == int(Decimal(points) * UNIT)


@pytest.mark.parametrize("total", ["1_0", " 1", "1\n", "\u0661\u0662", "Infinity", ""])
def test_money_is_written_in_plain_digits(total: str) -> None:
    with pytest.raises(ValidationError):
        OrderNotice.model_validate(a_notice(str(uuid.uuid4()), total=total))


def test_payments_that_do_not_earn_are_left_out() -> None:
    rule = read_earning_rule(b"ratio: 1\nnotEarning: [WALLET, GIFTCARD]")
    notice = a_notice(str(uuid.uuid4()), total="20.5")
    paid = [
        {"type": "WALLET", "amount": "5.25"},
        {"type": "CARD", "amount": 10},
        {"type": "GIFTCARD", "amount": "5.25"},
    ]
    notice["order"]["payments"] = paid

    assert rule.total_of(read_order(OrderNotice.model_validate(notice).order)) == 10 * UNIT


def test_a_rule_is_told_all_its_mistakes() -> None:
    text = b"""ratio: 0
rounding: half
expiresInDays: 1.5
welcome: {points: 30, expires: 3}
earnOn: [COMPLETED, CANCELLED]
earnon: [X]
"""

    with pytest.raises(EarningRuleInvalid) as refused:
        read_earning_rule(text)

    assert sorted((one.path, one.place.line) for one in refused.value.mistakes) == [
        ("earnon", 6),
        ("expiresInDays", 3),
        ("ratio", 1),
        ("returnOn", 1),  # which is not written down, and so stands nowhere
        ("rounding", 2),
        ("welcome.expires", 4),
    ]
    assert any("did you mean `earnOn`" in one.message for one in refused.value.mistakes)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"ratio",
        b"\xff",
        b"ratio: 1\n---\nratio: 2",
        b"ratio: NaN",
        b"ratio: '1_0'",
        b"ratio: ' 1'",
        "ratio: '\u0661\u0662'".encode(),
        b"ratio: [1",
        b"ratio: 1\nwelcome: {points: 0.0000004}",
        b"ratio: 1\npointsMax: 0.0000004",
    ],
)
def test_what_is_no_rule_is_refused(text: bytes) -> None:
    with pytest.raises(EarningRuleInvalid):
        read_earning_rule(text)


async def test_a_rule_is_checked_before_it_is_saved(shop: Shop) -> None:
    yaml = {"content-type": "application/yaml"}

    bad = await shop.ask("PUT", f"/config/files/{PATH}", b"ratio: -1\n", headers=yaml)
    elsewhere = await shop.ask("PUT", "/config/files/server/points/other.yaml", b"ratio: 1\n", headers=yaml)
    good = await shop.ask("PUT", f"/config/files/{PATH}", b"ratio: 1\n", headers=yaml)

    assert (bad.status_code, elsewhere.status_code, good.status_code) == (400, 400, 200)
    assert "more than 0" in bad.text
