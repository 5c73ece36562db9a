import uuid

import httpx2
import pytest

from tests.points.tills import BASE, Till, soon
from tests.shops import Shop, problem


async def test_put_replaces_attributes_and_post_merges_those_that_are_not_empty(shop: Shop) -> None:
    till = Till(shop)

    created = await till.ask("POST", "", {"name": "Ada", "tier": ""})
    merged = await till.ask("POST", "", {"tier": "gold", "name": ""})
    replaced = await till.ask("PUT", "", {"tier": "silver"})

    assert [created.status_code, merged.status_code, replaced.status_code] == [201, 200, 200]
    assert created.json()["attributes"] == {"name": "Ada"}
    assert merged.json()["attributes"] == {"name": "Ada", "tier": "gold"}
    assert replaced.json()["attributes"] == {"tier": "silver"}
    assert (await till.ask("GET")).json() == replaced.json()


async def test_a_wallet_tells_its_balance_and_what_ends_when(till: Till) -> None:
    first, later = soon(days=1), soon(days=2)
    await till.add(5)
    await till.add(20, later)
    await till.add(10.5, first)
    await till.add(1, first)
    await till.add(7, soon(days=-1))

    read = (await till.ask("GET")).json()

    assert (read["balance"], read["available"], read["held"]) == (36.5, 36.5, 0)
    assert [one["amount"] for one in read["expiring"]] == [11.5, 20]


async def test_a_batch_keeps_what_was_said_of_it(till: Till) -> None:
    said = {"order": "o-1", "description": "Welcome", "venue": "Bar", "extra": {"till": "3"}, "price": 2.5}

    added = await till.add(10, soon(days=1), **said, unknown=[1])

    assert added.items() >= {**said, "amount": 10, "remaining": 10, "expired": False}.items()
    assert (await till.ask("GET", "/batch")).json() == [added]


async def test_an_asynchronous_batch_is_asked_after_by_its_correlation_id(till: Till) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    accepted = await till.ask("POST", "/batch", {"amount": 3}, headers=key)
    again = await till.ask("POST", "/batch", {"amount": 3}, headers=key)
    address = f"{BASE}/command/{accepted.json()['correlationId']}"
    command = await till.shop.http.get(address, headers={"x-api-key": till.shop.key})

    assert accepted.status_code == 202
    assert (again.json(), again.headers["idempotency-replayed"]) == (accepted.json(), "true")
    assert command.json().items() >= {"state": "DONE", "id": accepted.json()["id"]}.items()
    assert await till.balance() == (3, 3, 0)


async def test_active_batches_are_those_that_live_and_are_not_empty(till: Till) -> None:
    ended = await till.add(1, soon(days=-1))
    empty = await till.add(2, soon(days=1))
    lasting = await till.add(3)
    await till.spend(2)

    async def listed(query: str) -> tuple[list[str], str]:
        page = await till.ask("GET", f"/batch?{query}")
        return [one["id"] for one in page.json()], page.headers["x-total-count"]

    assert await listed("active=true") == ([lasting["id"]], "1")
    assert await listed("active=false") == ([empty["id"], ended["id"]], "2")
    assert await listed("active=false&_sort=amount&_end=1") == ([ended["id"]], "2")
    assert await listed("limit=5") == ([lasting["id"], empty["id"], ended["id"]], "3")


async def test_lists_go_by_cursor_and_by_range(till: Till) -> None:
    amounts = [3, 1, 2, 5, 4]
    for amount in amounts:
        await till.add(amount)
        await till.spend(amount)

    for kind in ("batch", "operation"):
        first = await till.ask("GET", f"/{kind}?limit=2")
        second = await till.shop.http.get(
            first.headers["link"].partition(">")[0][1:], headers={"x-api-key": till.shop.key}
        )
        ranged = await till.ask("GET", f"/{kind}?_start=1&_end=3&_sort=amount&_order=DESC")

        assert [one["amount"] for one in first.json() + second.json()] == [4, 5, 2, 1]
        assert [one["amount"] for one in ranged.json()] == [4, 3]
        assert (first.headers["x-total-count"], ranged.headers["x-total-count"]) == ("5", "5")
        assert problem(await till.ask("GET", f"/{kind}?_sort=colour"))["errors"].keys() == {"_sort"}
    refused = problem(await till.ask("GET", "/hold?_sort=colour"))
    assert refused["errors"] == {"_sort": ["This list has an order of its own; leave _sort out."]}


async def test_spending_more_than_there_is_changes_nothing(till: Till) -> None:
    await till.add(5)

    refused = problem(await till.ask("POST", "/operation", {"amount": 5.000001}))

    assert (refused["status"], refused["code"], refused["available"]) == (409, "not_enough", 5)
    assert refused["message"] == refused["detail"]
    assert refused["codes"] == [{"code": "not_enough", "message": refused["detail"], "args": [5]}]
    assert await till.balance() == (5, 5, 0)


async def test_a_price_is_held_against_the_amount_beside_all_other_mistakes(till: Till) -> None:
    high = {"amount": 0.000001, "price": 1_000_000_000_000}

    alone = problem(await till.ask("POST", "/batch/sync", high))
    beside = problem(await till.ask("POST", "/batch", {**high, "order": "x" * 65}))

    assert (alone["code"], alone["errors"].keys()) == ("price_too_high", {"price"})
    assert (beside["code"], beside["errors"].keys()) == ("invalid_request", {"price", "order"})


async def test_all_mistakes_are_told_at_once(till: Till) -> None:
    body = {"amount": 0, "order": "x" * 65, "description": "x" * 33, "venue": "x" * 256, "extra": {"a": 1}}

    refused = problem(await till.ask("POST", "/batch/sync", body))

    assert refused["errors"].keys() == {"amount", "order", "description", "venue", "extra.a"}
    assert {one["args"][0] for one in refused["codes"]} == refused["errors"].keys()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/batch", None),
        ("GET", "/statement", None),
        ("POST", "/batch/sync", {"amount": 1}),
        ("POST", "/batch", {"amount": 1}),
        ("POST", "/operation", {"amount": 1}),
        ("POST", "/hold", {"amount": 1}),
        ("POST", "/operation/rollback", {"operation": str(uuid.uuid4())}),
    ],
)
async def test_what_is_not_there_is_404(shop: Shop, method: str, path: str, body: object) -> None:
    refused = problem(await Till(shop).ask(method, path, body))

    assert (refused["status"], refused["code"]) == (404, "wallet_not_found")


async def test_a_repeated_spending_gives_the_first_answer_and_moves_nothing(till: Till) -> None:
    await till.add(10)
    key = {"Idempotency-Key": uuid.uuid4().hex}

    first = await till.ask("POST", "/operation", {"amount": 4, "extra": {"a": "b"}}, headers=key)
    await till.ask("PATCH", f"/operation/{first.json()['id']}", {"extra": {}})
    again = await till.ask("POST", "/operation", {"amount": 4, "extra": {"a": "b"}}, headers=key)
    other = await till.ask("POST", "/operation", {"amount": 5}, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, await till.balance()) == (422, (6, 6, 0))


async def test_a_dry_run_answers_and_changes_nothing(till: Till) -> None:
    await till.add(10)
    dry = {"Guerdon-Dry-Run": "true"}

    spent = await till.ask("POST", "/operation", {"amount": 4}, headers=dry)
    held = await till.ask("POST", "/hold", {"amount": 4}, headers=dry)

    assert (spent.status_code, held.status_code) == (201, 201)
    assert await till.balance() == (10, 10, 0)
    assert (await till.ask("GET", "/operation")).json() == []


async def test_only_venue_and_extra_of_an_operation_change(till: Till) -> None:
    await till.add(10)
    spent = await till.spend(4, order="o-1", venue="Bar", extra={"a": "b"})

    changed = await till.ask("PATCH", f"/operation/{spent['id']}", {"extra": {"c": "d"}, "amount": 9, "order": "o-2"})
    cleared = await till.ask("PATCH", f"/operation/{spent['id']}", {"venue": None})

    assert changed.json() == {**spent, "extra": {"c": "d"}}
    assert cleared.json() == {name: value for name, value in changed.json().items() if name != "venue"}
    assert (await till.ask("GET", f"/operation/{spent['id']}")).json() == cleared.json()


async def test_a_rollback_goes_back_in_reverse_in_parts_and_never_further(till: Till) -> None:
    first, second = await till.add(10, soon(days=1)), await till.add(10, soon(days=2))
    spent = await till.spend(15)

    async def back(amount: float | None = None) -> httpx2.Response:
        body = {"operation": spent["id"]} | ({} if amount is None else {"amount": amount})
        return await till.ask("POST", "/operation/rollback", body)

    part, rest, twice = await back(7), await back(), await back()

    assert part.json()["allocations"] == [
        {"batch": second["id"], "amount": 5},
        {"batch": first["id"], "amount": 2},
    ]
    assert part.json()["operation"].items() >= {"status": "PARTLY_ROLLED_BACK", "rolledBack": 7}.items()
    assert (rest.json()["restored"], rest.json()["balance"]) == (8, 20)
    assert rest.json()["operation"]["status"] == "ROLLED_BACK"
    assert (twice.status_code, problem(twice)["code"]) == (409, "nothing_to_return")
    assert (await back(0.5)).status_code == 409


async def test_a_hold_takes_from_what_is_available_until_it_is_captured_or_released(till: Till) -> None:
    await till.add(10)

    held = (await till.ask("POST", "/hold", {"amount": 7, "order": "o-1"})).json()
    during = await till.balance()
    refused = await till.ask("POST", "/operation", {"amount": 4})
    captured = await till.ask("POST", f"/hold/{held['id']}/capture", {"amount": 2.5})
    after = await till.balance()
    again = await till.ask("POST", f"/hold/{held['id']}/release")

    assert (held["status"], during) == ("OPEN", (10, 3, 7))
    assert (refused.status_code, problem(refused)["available"]) == (409, 3)
    assert captured.json().items() >= {"kind": "CAPTURE", "amount": 2.5, "order": "o-1"}.items()
    assert captured.json()["allocations"][0]["amount"] == 2.5
    assert (after, again.status_code) == ((7.5, 7.5, 0), 409)
    assert (await till.ask("GET", f"/hold/{held['id']}")).json()["status"] == "CAPTURED"


async def test_a_capture_is_rolled_back_like_any_operation(till: Till) -> None:
    first, second = await till.add(3, soon(days=1)), await till.add(10, soon(days=2))
    held = (await till.ask("POST", "/hold", {"amount": 9})).json()
    captured = (await till.ask("POST", f"/hold/{held['id']}/capture", {"amount": 5})).json()

    back = await till.ask("POST", "/operation/rollback", {"operation": captured["id"], "amount": 4})

    assert captured["allocations"] == [{"batch": first["id"], "amount": 3}, {"batch": second["id"], "amount": 2}]
    assert back.json()["allocations"] == [{"batch": second["id"], "amount": 2}, {"batch": first["id"], "amount": 2}]
    assert await till.balance() == (12, 12, 0)


async def test_a_released_hold_is_available_again(till: Till) -> None:
    await till.add(10)
    held = (await till.ask("POST", "/hold", {"amount": 7})).json()

    listed = (await till.ask("GET", "/hold")).json()
    released = await till.ask("POST", f"/hold/{held['id']}/release")

    assert ([one["id"] for one in listed], released.json()["status"]) == ([held["id"]], "RELEASED")
    assert await till.balance() == (10, 10, 0)
    assert (await till.ask("POST", f"/hold/{uuid.uuid4()}/capture", {})).status_code == 404


async def test_a_hold_whose_time_is_over_holds_nothing(till: Till) -> None:
    await till.add(10)
    held = (await till.ask("POST", "/hold", {"amount": 7, "expires": soon(days=-1).isoformat()})).json()

    assert await till.balance() == (10, 10, 0)
    assert (await till.ask("GET", f"/hold/{held['id']}")).json()["status"] == "EXPIRED"
    assert (await till.ask("POST", f"/hold/{held['id']}/capture")).status_code == 409
    await till.spend(9)
    assert await till.balance() == (1, 1, 0)
    kinds = [line["kind"] for line in (await till.ask("GET", "/statement")).json()]
    assert kinds == ["EARN", "HOLD", "RELEASE", "SPEND"]


async def test_a_statement_has_every_entry_with_the_running_balance(till: Till) -> None:
    await till.add(10, description="Welcome")
    spent = await till.spend(4)
    await till.ask("POST", "/operation/rollback", {"operation": spent["id"], "amount": 1})

    lines = (await till.ask("GET", "/statement")).json()

    assert [(line["kind"], line["amount"], line["balance"]) for line in lines] == [
        ("EARN", 10, 10),
        ("SPEND", -4, 6),
        ("RETURN", 1, 7),
    ]
    assert (lines[0]["description"], lines[2]["reference"]) == ("Welcome", spent["id"])


async def test_a_statement_is_read_in_pages_in_both_directions_and_in_periods(till: Till) -> None:
    for amount in range(1, 8):
        await till.add(amount)
    lines = (await till.ask("GET", "/statement")).json()

    async def walk(query: str) -> list[int]:
        walked: list[int] = []
        page = await till.ask("GET", f"/statement?limit=3{query}")
        while True:
            walked += [line["seq"] for line in page.json()]
            if "link" not in page.headers:
                return walked
            address = page.headers["link"].partition(">")[0][1:]
            page = await till.shop.http.get(address, headers={"x-api-key": till.shop.key})

    assert await walk("") == [1, 2, 3, 4, 5, 6, 7]
    assert await walk("&_order=DESC") == [7, 6, 5, 4, 3, 2, 1]
    assert await walk(f"&from={lines[6]['at']}")  # its own instant is included
    assert await walk("&to=2020-01-01T00:00:00Z") == []
    ranged = await till.ask("GET", "/statement?_start=2&_end=4")
    assert ([line["seq"] for line in ranged.json()], ranged.headers["x-total-count"]) == ([3, 4], "7")


async def test_x_tenant_may_name_the_tenant_of_the_key_and_no_other(till: Till) -> None:
    same = await till.ask("GET", headers={"x-tenant": till.shop.tenant_id})
    other = await till.ask("GET", headers={"x-tenant": str(uuid.uuid4())})

    assert (same.status_code, other.status_code, problem(other)["code"]) == (200, 403, "forbidden")


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("Wallet.Read", {"read"}),
        ("Wallet.Write", {"put", "batch", "operation"}),
        ("Pass.Write", set[str]()),
    ],
)
async def test_scopes_reach_as_far_as_they_say(till: Till, scope: str, allowed: set[str]) -> None:
    key = {"x-api-key": await till.shop.make_key(scope)}

    answers = {
        "read": await till.ask("GET", headers=key),
        "put": await till.ask("PUT", "", {}, headers=key),
        "batch": await till.ask("POST", "/batch/sync", {"amount": 1}, headers=key),
        "operation": await till.ask("POST", "/operation", {"amount": 1}, headers=key),
    }

    assert {name for name, answer in answers.items() if answer.is_success} == allowed
    assert {answer.status_code for answer in answers.values() if not answer.is_success} <= {403}


async def test_a_key_has_no_wallet_of_its_own(till: Till) -> None:
    refused = await till.shop.http.get(f"{BASE}/my/wallet", headers={"x-api-key": till.shop.key})

    assert (refused.status_code, problem(refused)["code"]) == (403, "forbidden")
