"""Orders that are returned in part: what remains stands for the points that it would have earned, and for no more."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guerdon.ledger.amounts import UNIT
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Tx
from guerdon.points.earning import Receipt, digest_of, take_order
from guerdon.points.earning_rule import EarningRule, EarningRuleInvalid, EarningRules, read_earning_rule
from guerdon.points.expiring import expire_due
from guerdon.points.order_model import EarnedOrder, Ignored, Order
from tests.points.notices import a_notice, by_standard, give_rule, plainly, send, took
from tests.points.tills import Till, soon
from tests.shops import Shop, until_waiting
from tests.webhooks.feeds import settle

WELCOMING = "ratio: 0.15\nminimum: 5\nwelcome: {points: 30}\nplainSignature: true\n"
ONE_TO_ONE = "ratio: 1\nrounding: down\nplainSignature: true\n"


def a_part(wallet: str, total: object, order_id: str = "a62ab7db", **change: object) -> dict[str, Any]:
    notice = a_notice(wallet, order_id, total=total)
    notice["order"] |= change
    return notice


def told(answer: dict[str, Any]) -> tuple[object, ...]:
    return tuple(answer.get(name) for name in ("status", "returned", "taken", "missing"))


async def test_the_example_of_the_documents_comes_to_what_they_say(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)
    balances: list[float] = []
    answers: list[dict[str, Any]] = []
    for total in ("13.99", "9.99", "13.99", "9.50", "5.00", "4.99", "13.99"):
        answers += await took(till.shop, a_part(till.wallet, total))
        balances.append((await till.balance())[0])

    assert [told(one) for one in answers] == [
        ("EARNED", None, None, None),  # 13.99 x 0.15 = 2.0985
        ("PARTLY_RETURNED", 1, 1, 0),  # 9.99 x 0.15 = 1.4985
        ("PARTLY_RETURNED", 1, 1, 0),
        ("PARTLY_RETURNED", 1, 1, 0),  # 9.50 x 0.15 = 1.425
        ("PARTLY_RETURNED", 1, 1, 0),  # 5.00 x 0.15 = 0.75
        ("RETURNED", 32, 32, 0),  # below the minimum
        ("RETURNED", 32, 32, 0),
    ]
    assert [one["total"] for one in answers] == [13.99, 9.99, 9.99, 9.5, 5, 4.99, 4.99]
    assert balances == [32, 31, 31, 31, 31, 0, 0]


@pytest.mark.parametrize("totals", [["100", "70.5", "33.3", "0.7"], ["100", "0.000001"], ["100", "99.999999", "-3"]])
async def test_the_parts_and_the_rest_are_the_whole(till: Till, totals: list[str]) -> None:
    await give_rule(till.shop, "ratio: 0.3\nplaces: 1\nwelcome: {points: 7.5}\nplainSignature: true")

    answers = await took(till.shop, *(a_part(till.wallet, total) for total in totals))
    (whole,) = await took(till.shop, a_notice(till.wallet, status="CANCELLED"))

    assert answers[0]["points"] == 30
    assert told(whole) == ("RETURNED", 37.5, 37.5, 0)
    assert await till.balance() == (0, 0, 0)
    assert (await verify_tenant(till.shop.house.database, till.shop.tenant_id)).is_sound


@pytest.mark.parametrize("standard", [False, True])
async def test_a_part_is_believed_from_whoever_signs_it(till: Till, standard: bool) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    sign = by_standard if standard else plainly
    whole, part = a_part(till.wallet, 10), a_part(till.wallet, 4)

    for notice in (whole, part, part):
        answer = await send(till.shop, notice, sign(json.dumps(notice).encode()))
        assert answer.status_code == 200
    forged = await send(till.shop, part, sign(b"another"))

    assert (told(answer.json()), forged.status_code) == (("PARTLY_RETURNED", 6, 6, 0), 401)


async def test_the_order_in_which_it_is_told_of_makes_no_difference(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)
    notices = [a_part(till.wallet, total) for total in ("30", "20", "10")]
    (first,) = await took(till.shop, a_part(till.wallet, "100", "first"))

    backwards = await took(till.shop, *notices[::-1], *notices)

    assert [(one["status"], one["points"]) for one in backwards] == [("EARNED", 2)] * 6
    assert (await till.balance())[0] == first["points"] + 30 + 2


async def test_an_order_that_came_to_nothing_earns_nothing_when_an_older_word_of_it_comes(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)

    answers = await took(till.shop, a_part(till.wallet, "4.99"), a_part(till.wallet, "13.99"))
    await give_rule(till.shop, WELCOMING.replace("minimum: 5", "minimum: 4.99"))
    (mended,) = await took(till.shop, a_part(till.wallet, "13.99"))

    assert [(one["status"], one.get("reason")) for one in answers] == [("IGNORED", "The order comes to no points.")] * 2
    assert (mended["status"], mended["points"], mended["total"]) == ("EARNED", 1, 4.99)
    assert (await till.balance())[0] == 31


async def test_an_order_that_came_to_nothing_and_is_cancelled_is_returned(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)

    _, whole, late = await took(
        till.shop, a_part(till.wallet, "1"), a_notice(till.wallet, status="CANCELLED"), a_part(till.wallet, "50")
    )

    assert told(whole) == told(late) == ("RETURNED", 0, 0, 0)


async def test_what_remains_is_counted_by_the_rule_under_which_it_earned(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE + "notEarning: [WALLET]\n")
    payments = [{"type": "WALLET", "amount": 2}]
    await took(till.shop, a_part(till.wallet, 12, payments=payments))
    await give_rule(till.shop, "ratio: 100\nminimum: 1000\nplainSignature: true\n")

    (part,) = await took(till.shop, a_part(till.wallet, 7, payments=payments))

    assert (part["points"], *told(part)) == (10, "PARTLY_RETURNED", 5, 5, 0)


@pytest.mark.parametrize("amount", ["4.5", "-4.5", 4.5])
async def test_refunds_among_the_payments_are_parts_where_the_rule_says_so(till: Till, amount: object) -> None:
    await give_rule(till.shop, ONE_TO_ONE + "refunds: [RETURN]\n")
    paid = {"type": "CARD", "amount": "13.99"}

    _, part, whole = await took(
        till.shop,
        a_part(till.wallet, "13.99", payments=[paid]),
        a_part(till.wallet, "13.99", payments=[paid, {"type": "RETURN", "amount": amount}]),
        a_part(
            till.wallet, "13.99", payments=[paid, {"type": "RETURN", "amount": 4}, {"type": "RETURN", "amount": 10}]
        ),
    )

    assert (told(part), part["total"]) == (("PARTLY_RETURNED", 4, 4, 0), 9.49)
    assert told(whole) == ("RETURNED", 13, 13, 0)


async def test_change_that_is_given_at_the_till_is_no_refund_unless_the_rule_says_so(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    payments = [{"type": "CASH", "amount": 20}, {"type": "RETURN", "amount": "-6.01"}]

    (earned,) = await took(till.shop, a_part(till.wallet, "13.99", payments=payments))

    assert (earned["status"], earned["points"]) == ("EARNED", 13)


def test_no_payment_can_be_taken_from_a_total_twice() -> None:
    with pytest.raises(EarningRuleInvalid) as refused:
        read_earning_rule(b"ratio: 1\nnotEarning: [WALLET, RETURN]\nrefunds: [RETURN]")

    assert [(one.path, one.place.line) for one in refused.value.mistakes] == [("refunds", 3)]


async def test_the_welcome_comes_again_once_nothing_remains_of_its_order(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)

    answers = await took(
        till.shop,
        a_part(till.wallet, "13.99", "1"),
        a_part(till.wallet, "5", "1"),
        a_part(till.wallet, "20", "2"),
        a_part(till.wallet, "4.99", "1"),
        a_part(till.wallet, "20", "3"),
    )

    assert [one["welcome"] for one in answers] == [30, 30, 0, 30, 30]


async def test_what_was_spent_comes_from_other_points_and_what_was_missing_is_asked_for_again(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    await took(till.shop, a_part(till.wallet, 100))
    await till.spend(100)
    await till.add(10)

    first = await took(till.shop, a_part(till.wallet, 70), a_part(till.wallet, 70))
    await till.add(25)
    again, second = await took(till.shop, a_part(till.wallet, 70), a_part(till.wallet, 60))
    await till.add(500)
    (whole,) = await took(till.shop, a_notice(till.wallet, status="CANCELLED"))

    assert [told(one) for one in first] == [("PARTLY_RETURNED", 30, 10, 20)] * 2
    assert told(again) == told(first[0])
    assert told(second) == ("PARTLY_RETURNED", 40, 35, 5)
    assert told(whole) == ("RETURNED", 100, 100, 0)
    assert (await till.balance())[0] == 435


async def test_each_part_is_an_operation_of_the_order(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    await till.add(50, soon(days=1))

    earned, first, second, whole = await took(
        till.shop,
        a_part(till.wallet, 10),
        a_part(till.wallet, 7),
        a_part(till.wallet, 6.5),
        a_notice(till.wallet, status="CANCELLED"),
    )
    operations = (await till.ask("GET", "/operation")).json()

    assert [one["id"] for one in operations] == [whole["operation"], second["operation"], first["operation"]]
    assert [(one["amount"], one["order"], one["extra"]) for one in operations] == [
        (6, "a62ab7db", {"returned": "CANCELLED"}),
        (1, "a62ab7db", {"returnedInPart": "COMPLETED"}),
        (3, "a62ab7db", {"returnedInPart": "COMPLETED"}),
    ]
    assert {part["batch"] for one in operations for part in one["allocations"]} == {earned["batch"]}


@dataclass(frozen=True)
class Counter:
    """Takes orders through the use case, by a rule and at instants of the test's."""

    till: Till
    rule: EarningRule

    async def take(self, total: int, now: datetime, status: str = "COMPLETED") -> EarnedOrder | Ignored:
        async with self.till.shop.house.database.tenant(self.till.shop.tenant_id) as tx:
            return await self.take_in(tx, total, now, status)

    async def take_in(self, tx: Tx, total: int, now: datetime, status: str = "COMPLETED") -> EarnedOrder | Ignored:
        order = Order("1", status, uuid.UUID(self.till.wallet), total * UNIT, None)
        return await take_order(tx, order, Receipt(EarningRules(), self.rule, 1, "test", now))


@pytest.mark.parametrize("is_posted", [False, True])
@pytest.mark.parametrize(("remaining", "taken"), [(80, 0), (30, 0), (29, 1), (10, 20), (0, 30)])
async def test_what_had_ended_counts_as_returned_first(till: Till, is_posted: bool, remaining: int, taken: int) -> None:
    counter, later = Counter(till, read_earning_rule(b"ratio: 1\nexpiresInDays: 1")), soon(days=2)
    await counter.take(100, datetime.now(UTC))
    await till.spend(30)
    await till.add(1_000)
    if is_posted:
        async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
            await expire_due(tx, later)

    part = await counter.take(remaining, later)
    whole = await counter.take(0, later, "CANCELLED")

    assert isinstance(part, EarnedOrder)
    assert isinstance(whole, EarnedOrder)
    assert (part.taken, whole.taken) == (taken * UNIT, 30 * UNIT)
    assert (await verify_tenant(till.shop.house.database, till.shop.tenant_id)).is_sound


async def test_of_an_order_from_before_totals_were_kept_parts_are_taken_back_too(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    await took(till.shop, a_part(till.wallet, 10))
    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        await tx.execute("UPDATE earned_order SET total = NULL WHERE tenant_id = $1", till.shop.tenant_id)

    risen, part = await took(till.shop, a_part(till.wallet, 12), a_part(till.wallet, 4))

    assert (risen["status"], risen["points"], risen["total"]) == ("EARNED", 10, 12)
    assert told(part) == ("PARTLY_RETURNED", 6, 6, 0)


async def test_a_dry_run_tells_what_a_part_would_take_back(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    await took(till.shop, a_part(till.wallet, 10))
    part = a_part(till.wallet, 4)

    tried = await send(till.shop, part, {**plainly(json.dumps(part).encode()), "guerdon-dry-run": "true"})

    assert told(tried.json()) == ("PARTLY_RETURNED", 6, 6, 0)
    assert (await till.balance())[0] == 10
    assert await events_of(till.shop) == []


async def test_events_tell_each_part_and_come_to_the_whole(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)
    await took(till.shop, *(a_part(till.wallet, total) for total in ("100", "50", "49.99", "20", "20")))
    await till.spend(33)
    await took(till.shop, a_notice(till.wallet, status="CANCELLED"), a_notice(till.wallet, status="CANCELLED"))

    events = await events_of(till.shop)

    assert [(one["type"], one["data"]["points"], one["data"]["taken"]) for one in events] == [
        ("Wallet:OrderReturnedInPart", 7, 7),
        ("Wallet:OrderReturnedInPart", 1, 1),
        ("Wallet:OrderReturnedInPart", 4, 4),
        ("Wallet:OrderReturned", 33, 0),
    ]


async def events_of(shop: Shop) -> Sequence[dict[str, Any]]:
    kinds = "Wallet:OrderReturned,Wallet:OrderReturnedInPart"
    await settle(shop.house.database, shop.tenant_id)
    return (await shop.ask("GET", f"/events?types={kinds}")).json()["events"]


async def test_an_export_of_the_person_tells_of_parts_and_of_orders_that_came_to_nothing(till: Till) -> None:
    await give_rule(till.shop, WELCOMING)
    *_, part, _ = await took(
        till.shop, a_part(till.wallet, 20, "1"), a_part(till.wallet, 10, "1"), a_part(till.wallet, 1, "2")
    )

    exported = (await till.shop.ask("POST", f"/persons/export?walletId={till.wallet}")).json()["wallets"][0]["orders"]

    assert {name: part[name] for name in part if name != "order"} in exported
    assert sorted(one["status"] for one in exported) == ["IGNORED", "PARTLY_RETURNED"]


async def test_parts_that_are_told_of_at_once_are_taken_back_once(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    await till.add(1_000)
    for order_id in ("1", "2", "3"):
        totals = [90, 80, 80, 70, 60, 60, 50, 100]

        answers = await asyncio.gather(*(send(till.shop, a_part(till.wallet, total, order_id)) for total in totals))

        assert {answer.status_code for answer in answers} == {200}
        (last,) = await took(till.shop, a_part(till.wallet, 100, order_id))
        assert last["points"] - last.get("taken", 0) == 50
    assert (await till.balance())[0] == 1_150
    assert (await verify_tenant(till.shop.house.database, till.shop.tenant_id)).is_sound


async def test_an_order_that_comes_to_nothing_and_earns_at_once_ends_with_nothing(till: Till) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    newcomer = Till(till.shop)
    for order_id in ("1", "2", "3"):
        notices = [a_part(newcomer.wallet, total, order_id) for total in (0, 50, 0, 50)]

        answers = await asyncio.gather(*(send(till.shop, notice) for notice in notices))

        assert {answer.status_code for answer in answers} == {200}
        (last,) = await took(till.shop, notices[1])
        assert last["status"] in {"IGNORED", "RETURNED"}
        assert last.get("missing", 0) == 0


@pytest.mark.parametrize(
    ("status", "total", "ends"), [("CANCELLED", "0.5", "RETURNED"), ("COMPLETED", "50", "IGNORED")]
)
async def test_what_is_told_at_once_of_an_order_without_a_wallet_is_not_lost(
    till: Till, status: str, total: str, ends: str
) -> None:
    await give_rule(till.shop, ONE_TO_ONE)
    counter = Counter(Till(till.shop), read_earning_rule(ONE_TO_ONE.encode()))
    await took(till.shop, a_part(counter.till.wallet, "0.5", "1"))
    await give_rule(till.shop, ONE_TO_ONE.replace("ratio: 1", "ratio: 10"))  # by which it would earn

    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        await counter.take_in(tx, 0, datetime.now(UTC))
        late = asyncio.create_task(send(till.shop, a_part(counter.till.wallet, total, "1", status=status)))
        await until_waiting(till.shop.house.database)  # for the row: there is no account to wait for
    answer = await late
    (last,) = await took(till.shop, a_part(counter.till.wallet, 50, "1"))

    assert (answer.status_code, answer.json()["status"], last["status"]) == (200, ends, ends)


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["COMPLETED", "CLOSED", "COMPLETED", "CANCELLED"]), st.integers(0, 3_000)), max_size=6
)
RULES = st.builds(
    "ratio: {}\nrounding: {}\nplaces: {}\nminimum: {}\nwelcome: {{points: 5}}".format,
    st.sampled_from(["0.15", "1", "0.333333"]),
    st.sampled_from(["halfUp", "halfEven", "down", "up"]),
    st.integers(0, 2),
    st.sampled_from(["0", "7.5"]),
)


@given(RULES, MESSAGES, st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_order_stands_for_what_its_least_total_earns_whatever_is_told(
    till: Till, text: str, messages: list[tuple[str, int]], is_spent: bool
) -> None:
    rule, buyer = read_earning_rule(text.encode()), Till(till.shop)
    await buyer.ask("PUT", body={})
    if not is_spent:
        await buyer.add(10_000)
    least: int | None = None
    for number, (status, cents) in enumerate(messages):
        least = min(cents if least is None else least, cents) if status != "CANCELLED" else 0
        order = Order(f"1 of {buyer.wallet}", status, uuid.UUID(buyer.wallet), cents * UNIT // 100, None)
        async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
            taken = await take_order(tx, order, Receipt(EarningRules(), rule, 1, "test", datetime.now(UTC)))
        if is_spent and number == 0 and isinstance(taken, EarnedOrder) and taken.status == "EARNED":
            await buyer.spend(float(Decimal(taken.points) / UNIT))
        if isinstance(taken, Ignored):
            assert rule.points(least * UNIT // 100) == 0
            continue
        assert taken.order_digest == digest_of(order)
        assert taken.remaining == rule.points(least * UNIT // 100)
        assert 0 <= (taken.taken or 0) <= taken.returned <= taken.points + taken.welcome
        if not is_spent:
            stands_for = taken.remaining + (taken.welcome if taken.remaining else 0)
            assert (await buyer.balance())[0] == 10_000 + float(Decimal(stands_for) / UNIT)


@given(RULES, st.integers(0, 10**9), st.integers(0, 10**9))
def test_what_remains_never_earns_more_than_the_whole(text: str, some: int, more: int) -> None:
    rule = read_earning_rule(text.encode())

    assert rule.points(min(some, more)) <= rule.points(max(some, more))
