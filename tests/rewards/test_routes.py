import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from guerdon.coupons.documents import MEDIA_MAX
from tests.shops import Shop, problem
from tests.vouchers.builders import a_wallet, ask

COFFEE: Mapping[str, object] = {
    "name": "Кофе 1",
    "visible": True,
    "details": {"literals": {"de": "Kaffee"}, "media": [{"url": "https://x.example/c.png", "name": "c"}]},
    "availableFrom": "2020-01-01T00:00:00Z",
    "availableTo": "2999-01-01T00:00:00Z",
    "points": 10.5,
    "maxCount": 3,
    "maxPerWallet": 2,
    "priority": 5,
    "data": {"couponKey": "c", "enableKey": "e", "productId": "p", "categoryId": "k", "extra": {"a": "b"}},
    "tags": ["hot", "drinks"],
    "extra": {"couponExpiresInDays": "7"},
}
PLAIN: Mapping[str, object] = {"name": "Plain", "points": 1, "data": {}}


async def created(shop: Shop, **members: object) -> str:
    answer = await ask(shop, "POST", "/reward", {**PLAIN, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_reward_is_created_read_replaced_and_deleted(shop: Shop) -> None:
    made = await ask(shop, "POST", "/reward", {**COFFEE, "code": "older clients send it"})
    path = f"/reward/{made.json()['id']}"
    read = await ask(shop, "GET", path)
    replaced = await ask(shop, "PUT", path, PLAIN)
    deleted = await ask(shop, "DELETE", path)
    gone = [await ask(shop, verb, path) for verb in ("GET", "DELETE")]
    back = await ask(shop, "PUT", path, PLAIN)

    assert (made.status_code, made.headers["location"]) == (201, f"/wallet2-api/api{path}")
    assert made.json().items() >= {**COFFEE, "remaining": 3, "claimed": 0}.items()
    assert read.json() == made.json()
    assert (replaced.status_code, replaced.json()["createdAt"]) == (200, made.json()["createdAt"])
    assert {"maxCount", "priority", "availableFrom", "details", "remaining"}.isdisjoint(replaced.json())
    assert (replaced.json()["visible"], replaced.json()["tags"], replaced.json()["extra"]) == (False, [], {})
    assert [deleted.status_code, *(one.status_code for one in gone)] == [204, 404, 404]
    assert back.status_code == 201


async def test_a_put_under_an_unknown_id_creates_and_of_many_at_once_one_does(shop: Shop) -> None:
    path = f"/reward/{uuid4()}"

    answers = await asyncio.gather(*(ask(shop, "PUT", path, COFFEE) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]


async def test_what_breaks_two_rules_at_once_is_told_of_both(shop: Shop) -> None:
    extra = {"couponExpiresInDays": "0", "a": 1}
    media = [{"url": 5}, *[{}] * MEDIA_MAX]
    body = {**PLAIN, "name": "!", "tags": ["x" * 65] * 17, "extra": extra, "details": {"media": media}}

    errors = problem(await ask(shop, "POST", "/reward", body))["errors"]

    assert errors.keys() == {
        "name",
        "tags",
        *(f"tags.{place}" for place in range(16)),
        "extra",
        "extra.a",
        "details.media",
        "details.media.0.url",
    }
    assert (len(errors["name"]), errors["tags"], errors["details.media"]) == (
        2,
        ["Give 16 at most; these are 17."],
        [f"Give {MEDIA_MAX} at most; these are {MEDIA_MAX + 1}."],
    )


@pytest.mark.parametrize(("member", "value"), [("name", 5), ("tags", "x"), ("tags", [5]), ("extra", 5), ("extra", [])])
async def test_a_member_of_another_kind_is_told_as_such(shop: Shop, member: str, value: object) -> None:
    errors = problem(await ask(shop, "POST", "/reward", {**PLAIN, member: value}))["errors"]

    assert [path.partition(".")[0] for path in errors] == [member]


async def test_every_mistake_of_a_reward_is_named_and_nothing_is_kept(shop: Shop) -> None:
    body = {"name": "a/b", "points": 0, "data": {"couponKey": 1}, "tags": ["x" * 65], "maxCount": 0, "priority": -1}

    answers = [await ask(shop, "POST", "/reward", body), await ask(shop, "PUT", f"/reward/{uuid4()}", body)]

    for answer in answers:
        wrong = {"name", "points", "data.couponKey", "tags.0", "maxCount", "priority"}
        assert (answer.status_code, set(problem(answer)["errors"])) == (400, wrong)
    assert (await ask(shop, "GET", "/reward")).json() == []


async def test_the_catalogue_is_listed_by_range_in_any_order_and_by_cursor(shop: Shop) -> None:
    ids = {
        name: await created(shop, name=name, points=points, tags=tags, visible=visible)
        for name, points, tags, visible in (
            ("Cake", 3, ["x"], True),
            ("Apple", 7, ["x", "y"], False),
            ("Bread", 5, [], True),
        )
    }

    async def listed(query: str) -> list[str]:
        answer = await ask(shop, "GET", f"/reward?{query}")
        assert answer.status_code == 200, answer.text
        return [reward["name"] for reward in answer.json()]

    ranged = await ask(shop, "GET", "/reward?_start=1&_end=3&_sort=name&_order=ASC")
    assert ([one["name"] for one in ranged.json()], ranged.headers["x-total-count"]) == (["Bread", "Cake"], "3")
    assert await listed("_sort=points&_order=DESC") == ["Apple", "Bread", "Cake"]
    assert await listed("_sort=createdAt") == ["Cake", "Apple", "Bread"]
    assert (await listed("tag=y"), await listed("visible=false")) == (["Apple"], ["Apple"])
    first = await ask(shop, "GET", "/reward?limit=2&visible=true")
    assert await listed(f"visible=true&limit=2&cursor={first.headers['guerdon-next-cursor']}") == []
    assert [one["id"] for one in first.json()] == sorted([ids["Cake"], ids["Bread"]])
    for query in ("_sort=data", "_start=2&_end=1", "cursor=nobody", "limit=0", "visible=2"):
        assert (await ask(shop, "GET", f"/reward?{query}")).status_code == 400, query


async def test_a_claim_for_a_wallet_answers_operation_and_coupon(shop: Shop) -> None:
    wallet = await a_wallet(shop.house.database, shop.tenant_id, 30)
    reward = await created(shop, **{**COFFEE, "visible": False})
    path = f"/wallet/{wallet}/reward/{reward}/claim"

    dry = await ask(shop, "POST", path, headers={"guerdon-dry-run": "true"})
    first, second = [await ask(shop, "POST", path, headers={"idempotency-key": "one"}) for _ in range(2)]
    await ask(shop, "POST", path)
    limit = await ask(shop, "POST", path)

    coupon, operation = first.json()["coupon"], first.json()["operation"]
    assert (dry.status_code, first.status_code) == (201, 201)
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert operation.items() >= {"kind": "CLAIM", "amount": 10.5, "wallet": str(wallet)}.items()
    assert coupon.items() >= {"data": COFFEE["data"], "details": COFFEE["details"], "reward": reward}.items()
    assert (coupon["operation"], coupon["status"]) == (operation["id"], "ACTIVE")
    ends_at = datetime.fromisoformat(coupon["expires"]) - datetime.fromisoformat(coupon["createdAt"])
    assert ends_at == timedelta(days=7)
    assert (limit.status_code, problem(limit)["code"]) == (409, "reward_limit_reached")
    assert (await ask(shop, "GET", f"/reward/{reward}")).json()["remaining"] == 1


async def test_a_claim_that_cannot_be_is_refused(shop: Shop) -> None:
    wallet = await a_wallet(shop.house.database, shop.tenant_id, 1)
    now = datetime.now(UTC)
    later, over = (now + timedelta(hours=1)).isoformat(), now.isoformat()

    refusals = [
        await ask(shop, "POST", f"/wallet/{wallet_id}/reward/{reward}/claim")
        for wallet_id, reward in (
            (uuid4(), await created(shop)),
            (wallet, uuid4()),
            (wallet, await created(shop, availableFrom=later)),
            (wallet, await created(shop, availableTo=over)),
            (wallet, await created(shop, points=2)),
        )
    ]

    assert [(one.status_code, problem(one)["code"]) for one in refusals] == [
        (404, "wallet_not_found"),
        (404, "reward_not_found"),
        (409, "reward_not_available"),
        (409, "reward_not_available"),
        (409, "not_enough"),
    ]
    assert problem(refusals[-1])["available"] == 1


@pytest.mark.parametrize("scope", ["Wallet.Read", "Wallet.Write"])
async def test_the_catalogue_is_kept_with_a_scope_of_its_own(shop: Shop, scope: str) -> None:
    stranger, keeper = await shop.make_key(scope), await shop.make_key("Reward.Write")

    assert (await ask(shop, "POST", "/reward", PLAIN, key=stranger)).status_code == 403
    assert (await ask(shop, "POST", "/reward", PLAIN, key=keeper)).status_code == 201
    assert (await ask(shop, "POST", f"/wallet/{uuid4()}/reward/{uuid4()}/claim", key=keeper)).status_code == 403
    assert (await ask(shop, "GET", "/my/reward", key=keeper)).status_code == 403


async def test_another_tenant_sees_no_reward(shop: Shop) -> None:
    async with shop.house.database.tenant("t-somebody-else") as tx:
        found = await tx.value("SELECT count(*) FROM reward WHERE reward_id = $1", UUID(await created(shop)))

    assert found == 0
