import pytest
from tests.shops import Shop, problem, save_type


async def ids(shop: Shop, query: str) -> list[str]:
    answer = await shop.ask("GET", f"/passes/lookup?{query}")
    assert answer.status_code == 200, answer.text
    return [one["passId"] for one in answer.json()]


async def test_without_a_provider_ids_are_given_back_as_far_as_they_are_passes(shop: Shop) -> None:
    one, two = await shop.issue(), await shop.issue()

    assert await ids(shop, f"value={two},unknown-id,{one},%20{two},,lookup") == [two, one]


async def test_an_identifier_name_is_a_provider_and_gives_all_passes_of_the_value(shop: Shop) -> None:
    made = sorted([await shop.issue(order="o 1", seat=str(seat)) for seat in range(3)])
    await shop.issue(order="o 2")

    first = await shop.ask("GET", "/passes/lookup?provider=order&value=o%201&limit=2")
    address = first.headers["link"].partition(">")[0].removeprefix(f"</api/{shop.tenant_id}")
    second = await shop.ask("GET", address)

    assert [[one["passId"] for one in page.json()] for page in (first, second)] == [made[:2], made[2:]]
    assert await ids(shop, "provider=customerId&value=nobody") == []


async def test_a_preview_shows_each_pass_and_null_for_one_whose_type_is_broken(shop: Shop) -> None:
    good, bad = await shop.issue("card", order="1"), await shop.issue("bounded", order="1")
    await save_type(shop, "bounded", "kind: nonsense")

    found = (await shop.ask("GET", "/passes/lookup?provider=order&value=1&preview=true")).json()

    shown = {one["passId"]: one["preview"] for one in found}
    assert (shown[good]["passId"], shown[good]["kind"], shown[bad]) == (good, "customerCard", None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("value=1&provider=unknown", "unknown_provider"),
        ("value=" + ",".join(f"pass{n}" for n in range(51)), "too_many_ids"),
        ("provider=order", "invalid_request"),
        ("value=", "invalid_request"),
        ("value=1&preview=perhaps", "invalid_request"),
        ("value=%00&provider=order", "invalid_request"),
        ("value=1&limit=51", "invalid_request"),
    ],
)
async def test_what_cannot_be_looked_up_is_refused(shop: Shop, query: str, code: str) -> None:
    answer = await shop.ask("GET", f"/passes/lookup?{query}")

    assert (answer.status_code, problem(answer)["code"]) == (400, code)
