import asyncio
import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx2
import pytest

from guerdon.vouchers.model import POINTS_DAYS_MAX
from tests.shops import Shop, problem
from tests.vouchers.builders import a_wallet, ask


def soon(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


@pytest.fixture
async def wallet(shop: Shop) -> UUID:
    return await a_wallet(shop.house.database, shop.tenant_id)


async def made(shop: Shop, **members: object) -> str:
    answer = await ask(shop, "POST", "/voucher", {"amount": 10, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def use(shop: Shop, wallet: UUID, voucher: str, **headers: str) -> httpx2.Response:
    return await ask(shop, "POST", f"/wallet/{wallet}/voucher", {"voucher": voucher}, headers=headers)


def rows(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_a_voucher_is_made_read_used_and_then_used_up(shop: Shop, wallet: UUID) -> None:
    terms = {"amount": 12.5, "price": 5, "pointsExpireInDays": 90, "forWallet": str(wallet), "extra": {"a": "b"}}
    created = await ask(shop, "POST", "/voucher", {**terms, "expires": soon(days=1)})
    voucher = created.json()["id"]

    used, again = await use(shop, wallet, voucher), await use(shop, wallet, voucher)
    read = await ask(shop, "GET", f"/voucher/{voucher}")

    assert (created.status_code, created.headers["location"]) == (201, f"/wallet2-api/api/voucher/{voucher}")
    assert created.json().items() >= {**terms, "status": "ACTIVE"}.items()
    batch = used.json()["batch"]
    assert (used.status_code, used.json()["balance"]) == (200, 12.5)
    assert batch.items() >= {"amount": 12.5, "remaining": 12.5, "price": 5, "extra": {"a": "b"}}.items()
    assert (again.status_code, problem(again)["code"]) == (409, "voucher_used")
    assert read.json().items() >= {"status": "USED", "wallet": str(wallet), "batch": batch["id"]}.items()


async def test_what_cannot_be_used_is_told_apart(shop: Shop, wallet: UUID) -> None:
    cancelled = await made(shop)
    deleted = [await ask(shop, "DELETE", f"/voucher/{cancelled}") for _ in range(2)]
    used = await made(shop)
    await use(shop, wallet, used)

    refusals = [
        await use(shop, wallet, str(uuid4())),
        await use(shop, uuid4(), await made(shop)),
        await use(shop, wallet, await made(shop, forWallet=str(uuid4()))),
        await use(shop, wallet, used),
        await ask(shop, "DELETE", f"/voucher/{used}"),
        await use(shop, wallet, cancelled),
        await use(shop, wallet, await made(shop, expires=soon(seconds=-1))),
        await ask(shop, "GET", f"/voucher/{uuid4()}"),
        await ask(shop, "DELETE", f"/voucher/{uuid4()}"),
    ]

    assert [one.status_code for one in deleted] == [204, 204]
    assert [(one.status_code, problem(one)["code"]) for one in refusals] == [
        (404, "voucher_not_found"),
        (404, "wallet_not_found"),
        (403, "voucher_of_another"),
        (409, "voucher_used"),
        (409, "voucher_used"),
        (410, "voucher_cancelled"),
        (410, "voucher_expired"),
        (404, "voucher_not_found"),
        (404, "voucher_not_found"),
    ]


async def test_of_thirty_two_requests_at_once_one_uses_a_voucher(shop: Shop, wallet: UUID) -> None:
    voucher = await made(shop)

    answers = await asyncio.gather(*(use(shop, wallet, voucher) for _ in range(32)))

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 31]
    again = await use(shop, wallet, await made(shop))
    assert again.json()["balance"] == 20


async def test_a_repeat_of_a_use_gives_the_first_answer_and_a_dry_run_uses_nothing(shop: Shop, wallet: UUID) -> None:
    voucher = await made(shop)

    dry = await use(shop, wallet, voucher, **{"guerdon-dry-run": "true"})
    first, second = [await use(shop, wallet, voucher, **{"idempotency-key": "one"}) for _ in range(2)]

    assert (dry.status_code, dry.json()["balance"], first.json()["balance"]) == (200, 10, 10)
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")


async def test_many_vouchers_are_made_at_once_and_given_again(shop: Shop, wallet: UUID) -> None:
    wish = {"count": 2_345, "amount": 0.5, "price": 7, "pointsExpireInDays": 3}
    first, second = [
        await ask(shop, "POST", "/voucher/bulk", wish, headers={"idempotency-key": "bulk"}) for _ in range(2)
    ]
    table = rows(first)
    read = await ask(shop, "GET", first.headers["location"].removeprefix("/wallet2-api/api"))
    told = await ask(shop, "POST", "/voucher/bulk", wish, headers={"accept": "application/json"})

    assert (first.status_code, second.status_code, second.headers["idempotency-replayed"]) == (202, 202, "true")
    assert (len({row["voucher"] for row in table}), first.text == second.text == read.text) == (2_345, True)
    assert {tuple(row.values())[1:] for row in table} == {("0.5", "7", "", "3", "")}
    assert (told.json()["count"], told.headers["content-type"]) == (2_345, "application/json")
    assert (await use(shop, wallet, table[-1]["voucher"])).json()["balance"] == 0.5


async def test_a_dry_run_of_many_vouchers_answers_with_codes_and_makes_none(shop: Shop, wallet: UUID) -> None:
    wish = {"count": 1_234, "amount": 0.5, "price": 7}

    answer = await ask(shop, "POST", "/voucher/bulk", wish, headers={"guerdon-dry-run": "true"})
    table = rows(answer)

    assert (answer.status_code, len({row["voucher"] for row in table})) == (202, 1_234)
    assert {tuple(row.values())[1:] for row in table} == {("0.5", "7", "", "", "")}
    assert (await ask(shop, "GET", f"/voucher/bulk/{answer.headers['guerdon-bulk-id']}")).status_code == 404
    assert problem(await use(shop, wallet, table[0]["voucher"]))["code"] == "voucher_not_found"


async def test_a_dry_run_with_a_key_that_made_vouchers_gives_those(shop: Shop) -> None:
    wish, key = {"count": 3, "amount": 1}, {"idempotency-key": "made"}

    made = await ask(shop, "POST", "/voucher/bulk", wish, headers=key)
    tried = await ask(shop, "POST", "/voucher/bulk", wish, headers={**key, "guerdon-dry-run": "true"})

    assert (tried.text, len(rows(tried))) == (made.text, 3)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"amount": 0}, {"amount"}),
        ({"amount": 0.0000001, "price": -1}, {"amount", "price"}),
        ({"amount": None}, {"amount"}),
        ({"pointsExpireInDays": 0, "forWallet": "me", "expires": 5}, {"pointsExpireInDays", "forWallet", "expires"}),
        ({"pointsExpireInDays": 2**31 - 1}, {"pointsExpireInDays"}),
        ({"pointsExpireInDays": POINTS_DAYS_MAX + 1, "count": 0}, {"pointsExpireInDays", "count"}),
        ({"pointsExpireInDays": 1.5, "extra": {"a": 1}}, {"pointsExpireInDays", "extra.a"}),
        ({"amount": 0.000001, "price": 1_000_000_000_000}, {"price"}),
        (
            {"amount": 0.000001, "price": 1_000_000_000_000, "pointsExpireInDays": 0},
            {"price", "pointsExpireInDays"},
        ),
        ({"amount": 0, "price": 1_000_000_000_000, "count": 0}, {"amount", "count"}),
        ({"count": 0}, {"count"}),
        ({"count": 100_001}, {"count"}),
    ],
)
async def test_every_mistake_of_a_voucher_is_named(shop: Shop, change: Mapping[str, object], wrong: set[str]) -> None:
    path = "/voucher/bulk" if "count" in change else "/voucher"

    answer = await ask(shop, "POST", path, {"amount": 1, **change})

    assert (answer.status_code, set(problem(answer)["errors"])) == (400, wrong)


async def test_a_price_that_is_too_high_has_its_own_code_when_nothing_else_is_wrong(shop: Shop) -> None:
    high = {"amount": 0.000001, "price": 1_000_000_000_000}

    alone = problem(await ask(shop, "POST", "/voucher", high))
    beside = problem(await ask(shop, "POST", "/voucher", {**high, "forWallet": "me"}))

    assert (alone["code"], beside["code"]) == ("price_too_high", "invalid_request")
    assert alone["errors"]["price"] == beside["errors"]["price"]


async def test_the_points_of_a_voucher_end_where_it_says_however_far_off(shop: Shop, wallet: UUID) -> None:
    used = await use(shop, wallet, await made(shop, pointsExpireInDays=POINTS_DAYS_MAX))

    batch = used.json()["batch"]
    lasts = datetime.fromisoformat(batch["expires"]) - datetime.fromisoformat(batch["createdAt"])
    assert lasts == timedelta(days=POINTS_DAYS_MAX)


async def test_codes_are_for_those_who_may_use_them(shop: Shop) -> None:
    reader = await shop.make_key("Wallet.Read")
    bulk = (await ask(shop, "POST", "/voucher/bulk", {"count": 1, "amount": 1})).headers["guerdon-bulk-id"]

    assert (await ask(shop, "POST", "/voucher", {"amount": 1}, key=reader)).status_code == 403
    assert (await ask(shop, "GET", f"/voucher/bulk/{bulk}", key=reader)).status_code == 403
    assert (await ask(shop, "GET", f"/voucher/{await made(shop)}", key=reader)).status_code == 200


async def report(shop: Shop, first: str, last: str, **headers: str) -> httpx2.Response:
    query = f"from={first}&to={last}".replace("+", "%2B")
    return await ask(shop, "GET", f"/report/vouchers?{query}", headers=headers)


async def test_the_report_says_where_the_vouchers_of_a_period_stand_and_agrees_with_the_ledger(
    shop: Shop, wallet: UUID
) -> None:
    used = [await made(shop, amount=amount, price=3) for amount in (0.000001, 2.5)]
    for voucher in used:
        await use(shop, wallet, voucher)
    cancelled, expired, active = await made(shop), await made(shop, expires=soon(seconds=-1)), await made(shop)
    await ask(shop, "DELETE", f"/voucher/{cancelled}")

    answer = await report(shop, soon(hours=-1), soon(hours=1))
    table = rows(await report(shop, soon(hours=-1), soon(hours=1), accept="text/csv"))

    document = json.loads(answer.text, parse_float=Decimal)
    totals = {state: (one["count"], one["amount"], one["price"]) for state, one in document["totals"].items()}
    assert totals == {
        "ACTIVE": (1, 10, 0),
        "USED": (2, Decimal("2.500001"), 6),
        "EXPIRED": (1, 10, 0),
        "CANCELLED": (1, 10, 0),
    }
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        earned = await tx.value(
            "SELECT sum(amount)::bigint FROM ledger_entry WHERE tenant_id = $1 AND movement_id = ANY($2::text[])",
            shop.tenant_id,
            [one["batch"] for one in document["vouchers"] if one["status"] == "USED"],
        )
    assert totals["USED"][1] * 1_000_000 == earned
    assert [one["voucher"] for one in document["vouchers"]] == [*used, cancelled, expired, f"{active[:8]}..."]
    assert [(row["voucher"], row["status"], row["wallet"]) for row in table] == [
        (one["voucher"], one["status"], one.get("wallet", "")) for one in document["vouchers"]
    ]


async def test_the_report_is_exact_as_of_an_instant_that_is_over(shop: Shop, wallet: UUID) -> None:
    voucher = await made(shop)
    before = soon()
    await use(shop, wallet, voucher)
    await made(shop)

    query = f"from={soon(hours=-1)}&to={soon(hours=1)}&asOf={before}".replace("+", "%2B")
    document = (await ask(shop, "GET", f"/report/vouchers?{query}")).json()

    assert {state: one["count"] for state, one in document["totals"].items()} == {
        "ACTIVE": 1,
        "USED": 0,
        "EXPIRED": 0,
        "CANCELLED": 0,
    }
    assert [one["status"] for one in document["vouchers"]] == ["ACTIVE"]


async def test_a_report_adds_up_what_no_single_voucher_could_be_worth(shop: Shop) -> None:
    most = 10**12
    for _ in range(10):
        await made(shop, amount=most, price=most)

    totals = (await report(shop, soon(hours=-1), soon(hours=1))).json()["totals"]

    assert totals["ACTIVE"] == {"count": 10, "amount": 10 * most, "price": 10 * most}


async def test_a_report_of_many_pages_names_each_voucher_once(shop: Shop) -> None:
    await ask(shop, "POST", "/voucher/bulk", {"count": 2_500, "amount": 1})

    document = (await report(shop, soon(hours=-1), soon(hours=1))).json()
    nothing = await report(shop, soon(hours=-2), soon(hours=-1))

    assert (len(document["vouchers"]), document["totals"]["ACTIVE"]["amount"]) == (2_500, 2_500)
    assert nothing.json()["vouchers"] == []


@pytest.mark.parametrize("query", ["", "from=2026-01-01T00:00:00Z", "from=a&to=b", "from={0}&to={0}"])
async def test_a_report_needs_a_period(shop: Shop, query: str) -> None:
    answer = await ask(shop, "GET", f"/report/vouchers?{query.format('2026-01-01T00:00:00Z')}")

    assert (answer.status_code, bool(problem(answer)["errors"])) == (400, True)
