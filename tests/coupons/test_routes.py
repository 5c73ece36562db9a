from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.shops import Shop, problem
from tests.vouchers.builders import a_wallet, ask

COFFEE = {
    "details": {
        "literals": {"de": "Kaffee", "ja": "コーヒー"},
        "media": [{"url": "https://x.example/c.png", "name": "c"}],
    },
    "data": {"couponKey": "c", "enableKey": "a,b", "productId": "p", "categoryId": "k", "extra": {"discountType": "%"}},
}


def soon(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


@pytest.fixture
async def wallet(shop: Shop) -> UUID:
    return await a_wallet(shop.house.database, shop.tenant_id)


async def given(shop: Shop, wallet: UUID, **members: object) -> str:
    answer = await ask(shop, "POST", f"/wallet/{wallet}/coupon", {**COFFEE, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def change(shop: Shop, wallet: UUID, verb: str, coupon: str, **headers: str) -> tuple[int, Mapping[str, object]]:
    answer = await ask(shop, "POST", f"/wallet/{wallet}/coupon/{verb}", {"coupon": coupon}, headers=headers)
    return answer.status_code, answer.json()


async def test_a_coupon_is_given_used_taken_back_and_used_again(shop: Shop, wallet: UUID) -> None:
    expires = soon(days=1)
    made = await ask(shop, "POST", f"/wallet/{wallet}/coupon", {**COFFEE, "expires": expires, "code": "old client"})
    document = made.json()

    used = await change(shop, wallet, "use", document["id"])
    again = await change(shop, wallet, "use", document["id"])
    reverted = await change(shop, wallet, "revert", document["id"])
    not_used = await change(shop, wallet, "revert", document["id"])
    once_more = await change(shop, wallet, "use", document["id"])

    assert (made.status_code, document["status"], len(document["id"])) == (201, "ACTIVE", 10)
    assert document.items() >= {**COFFEE, "wallet": str(wallet)}.items()
    assert (used[0], used[1]["status"]) == (200, "USED")
    assert str(used[1]["usedBy"]).startswith("key:")
    assert (again[0], again[1]["code"], again[1]["usedAt"]) == (409, "coupon_used", used[1]["usedAt"])
    assert (reverted[0], reverted[1]["status"], "usedAt" in reverted[1]) == (200, "ACTIVE", False)
    assert reverted[1]["expires"] == document["expires"]
    assert (not_used[0], not_used[1]["code"]) == (409, "coupon_not_used")
    assert (once_more[0], once_more[1]["revertedAt"]) == (200, reverted[1]["revertedAt"])


async def test_a_coupon_whose_time_is_over_is_gone_and_a_use_of_it_can_still_be_taken_back(
    shop: Shop, wallet: UUID
) -> None:
    coupon = await given(shop, wallet, expires=soon(days=-1))
    lasting = await given(shop, wallet, expires=soon(days=1))
    await change(shop, wallet, "use", lasting)
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await tx.execute("UPDATE coupon SET expires_at = $2 WHERE tenant_id = $1", shop.tenant_id, datetime.now(UTC))

    assert (await change(shop, wallet, "use", coupon))[1]["code"] == "coupon_expired"
    assert (await change(shop, wallet, "use", coupon))[0] == 410
    reverted = await change(shop, wallet, "revert", lasting)
    assert (reverted[0], reverted[1]["status"]) == (200, "EXPIRED")


async def test_what_is_not_there_is_404(shop: Shop, wallet: UUID) -> None:
    coupon = await given(shop, wallet)

    for verb, path, body in (
        ("POST", f"/wallet/{uuid4()}/coupon", COFFEE),
        ("GET", f"/wallet/{uuid4()}/coupon", None),
        ("POST", f"/wallet/{uuid4()}/coupon/use", {"coupon": coupon}),
        ("POST", f"/wallet/{wallet}/coupon/use", {"coupon": "NOBODY"}),
        ("POST", f"/wallet/{wallet}/coupon/revert", {"coupon": "NOBODY"}),
    ):
        answer = await ask(shop, verb, path, body)
        assert answer.status_code == 404, path
        assert [code["code"] for code in problem(answer)["codes"]] == [problem(answer)["code"]]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"details"}),
        ({"details": None}, {"details"}),
        ({"details": {"literals": {"a": 1}, "media": [{"url": 2}]}}, {"details.literals.a", "details.media.0.url"}),
        ({"details": {}, "data": {"couponKey": 1, "extra": {"a": []}}}, {"data.couponKey", "data.extra.a"}),
        ({"details": {}, "expires": "tomorrow"}, {"expires"}),
    ],
)
async def test_every_mistake_of_a_coupon_is_named(
    shop: Shop, wallet: UUID, body: Mapping[str, object], wrong: set[str]
) -> None:
    answer = await ask(shop, "POST", f"/wallet/{wallet}/coupon", body)

    assert (answer.status_code, set(problem(answer)["errors"])) == (400, wrong)
    assert (await ask(shop, "GET", f"/wallet/{wallet}/coupon")).json() == []


@pytest.mark.parametrize("coupon", ["", "x" * 17, "a b", "ä", 1, None])
async def test_an_id_that_no_coupon_can_have_is_400(shop: Shop, wallet: UUID, coupon: object) -> None:
    assert (await ask(shop, "POST", f"/wallet/{wallet}/coupon/use", {"coupon": coupon})).status_code == 400


async def test_coupons_are_listed_by_state_by_range_and_by_cursor(shop: Shop, wallet: UUID) -> None:
    days = (3, 1, -1, 2)
    ids = [await given(shop, wallet, expires=soon(days=number)) for number in days]
    await change(shop, wallet, "use", ids[3])

    async def listed(query: str) -> list[str]:
        answer = await ask(shop, "GET", f"/wallet/{wallet}/coupon?{query}")
        assert answer.status_code == 200, answer.text
        return [coupon["id"] for coupon in answer.json()]

    first = await ask(shop, "GET", f"/wallet/{wallet}/coupon?limit=3")
    assert [coupon["id"] for coupon in first.json()] == ids[:0:-1]
    assert first.headers["x-total-count"] == "4"
    assert await listed(f"limit=3&cursor={first.headers['guerdon-next-cursor']}") == ids[:1]
    assert await listed("status=ACTIVE") == [ids[1], ids[0]]
    assert (await listed("status=EXPIRED"), await listed("status=USED")) == ([ids[2]], [ids[3]])
    assert await listed("_sort=expires&_order=ASC") == [ids[2], ids[1], ids[3], ids[0]]
    assert await listed("_sort=expires&_order=DESC&_start=1&_end=3") == [ids[3], ids[1]]
    assert await listed("_sort=id") == sorted(ids)
    assert await listed("_sort=id&_order=DESC") == sorted(ids, reverse=True)
    assert await listed("_start=1&_end=2") == [ids[2]]
    for query in ("_sort=details", "status=LOST", "_start=0&_end=1001", "_sort=id&limit=3"):
        assert (await ask(shop, "GET", f"/wallet/{wallet}/coupon?{query}")).status_code == 400, query


async def test_a_repeat_gives_the_first_answer_and_a_dry_run_keeps_nothing(shop: Shop, wallet: UUID) -> None:
    path = f"/wallet/{wallet}/coupon"
    dry = await ask(shop, "POST", path, COFFEE, headers={"guerdon-dry-run": "true"})
    first, second = [await ask(shop, "POST", path, COFFEE, headers={"idempotency-key": "one"}) for _ in range(2)]
    used = await change(shop, wallet, "use", first.json()["id"], **{"guerdon-dry-run": "true"})

    assert (dry.status_code, used[0], used[1]["status"]) == (201, 200, "USED")
    assert (first.json(), second.headers["idempotency-replayed"]) == (second.json(), "true")
    assert [(coupon["id"], coupon["status"]) for coupon in (await ask(shop, "GET", path)).json()] == [
        (first.json()["id"], "ACTIVE")
    ]


async def test_reading_and_writing_coupons_need_their_scopes(shop: Shop, wallet: UUID) -> None:
    reader, writer = await shop.make_key("Wallet.Read"), await shop.make_key("Wallet.Write")
    path = f"/wallet/{wallet}/coupon"

    assert [(await ask(shop, "POST", path, COFFEE, key=key)).status_code for key in (reader, writer)] == [403, 201]
    assert [(await ask(shop, "GET", path, key=key)).status_code for key in (reader, writer)] == [200, 403]
    assert (await ask(shop, "GET", "/my/coupon", key=reader)).status_code == 403
    other = await ask(shop, "GET", path, headers={"x-tenant": "another"})
    assert other.status_code == 403
