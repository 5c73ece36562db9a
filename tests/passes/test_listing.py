import asyncio
import base64
import json
from itertools import permutations
from urllib.parse import parse_qsl, quote, urlsplit

import asyncpg
import pytest

from tests.shops import Shop, problem


async def issue(shop: Shop, name: str, of_type: str = "card", /, **metadata: object) -> str:
    body = {"identifiers": {"name": name}, "metadata": metadata, "additionalData": {"exact": 0.10}}
    answer = await shop.ask("POST", f"/passes?passType={of_type}", body)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.fixture
async def five(shop: Shop) -> Shop:
    """Five passes, some of which say something; the first two are on phones."""
    await issue(shop, "Ada", tier="gold", points=9)
    await issue(shop, "Bob", tier="silver", points=10.5)
    await issue(shop, "Cy", "bounded", points=-3)
    await issue(shop, "Dee", tier="gold", points="many")
    await issue(shop, "Eve", "bounded")
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        for name, day in (("Bob", "01"), ("Ada", "02")):
            await tx.execute(
                "UPDATE pass SET apple_devices = 1, apple_installed_at = $3::text::timestamptz"
                " WHERE tenant_id = $1 AND identifiers ->> 'name' = $2",
                tx.tenant_id,
                name,
                f"2026-01-{day}T00:00:00Z",
            )
    return shop


async def listed(shop: Shop, query: str) -> str:
    """The first letters of the passes in their order."""
    answer = await shop.ask("GET", f"/passes?{query}")
    assert answer.status_code == 200, answer.text
    return "".join(one["identifiers"]["name"][0] for one in answer.json())


async def walked(shop: Shop, query: str, limit: int) -> str:
    """The first letters of all passes, page after page by the Link header."""
    path, found = f"/passes?{query}&limit={limit}", ""
    while True:
        answer = await shop.ask("GET", path)
        assert answer.status_code == 200, answer.text
        found += "".join(one["identifiers"]["name"][0] for one in answer.json())
        if "link" not in answer.headers:
            return found
        address = answer.headers["link"].removeprefix("<").partition(">")[0]
        assert dict(parse_qsl(urlsplit(address).query))["cursor"] == answer.headers["guerdon-next-cursor"]
        path = address.removeprefix(f"/api/{shop.tenant_id}")


async def test_a_type_is_a_filter_by_its_own_name(five: Shop) -> None:
    assert await listed(five, "passType=bounded&sortBy[0].field=name") == "CE"
    assert await walked(five, "passType=card", 1) in {"".join(order) for order in permutations("ABD")}


@pytest.mark.parametrize("query", ["customerId=7", "tier=gold", "passtype=card", "id=1", "filter.field=passType"])
async def test_a_condition_that_is_not_understood_does_not_widen_the_list(five: Shop, query: str) -> None:
    answer = await five.ask("GET", f"/passes?{query}")

    assert (answer.status_code, list(problem(answer)["errors"])) == (400, [query.partition("=")[0]])


async def test_a_pass_is_listed_with_all_that_it_says(shop: Shop) -> None:
    pass_id = await issue(shop, "Ada", tier="gold")

    answer = await shop.ask("GET", "/passes")

    (document,) = json.loads(answer.text, parse_float=str)
    stored = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()
    assert answer.headers["x-pagination-total"] == "1"
    assert len(document.pop("secret")) > 20
    assert document == {
        "id": pass_id,
        "creationDate": stored["creationDate"],
        "lastUpdateDate": stored["lastUpdateDate"],
        "passType": "card",
        "identifiers": {"name": "Ada"},
        "metadata": {"tier": "gold"},
        "additionalData": {"exact": "0.1"},
        "providers": {},
    }


async def test_the_secret_is_shown_only_to_who_may_write(five: Shop) -> None:
    reader, scanner = await five.make_key("Pass.Read"), await five.make_key("PassScan.Scan")

    reading = await five.ask("GET", "/passes", key=reader)

    assert all("secret" not in one for one in reading.json())
    assert (await five.ask("GET", "/passes", key=scanner)).status_code == 403
    assert (await five.ask("GET", "/passes", key="")).status_code == 401


async def test_providers_tell_when_a_pass_came_into_a_wallet(five: Shop) -> None:
    answer = await five.ask("GET", "/passes?filter[0].field=installationStatus&filter[0].operator=exists")

    providers = {one["identifiers"]["name"]: one["providers"] for one in answer.json()}
    assert providers == {"Ada": {"apple": "2026-01-02T00:00:00Z"}, "Bob": {"apple": "2026-01-01T00:00:00Z"}}


ORDERS = [
    ("creationDate", "ABCDE", "EDCBA"),
    ("lastUpdateDate", "ABCDE", "EDCBA"),
    ("apple", "BA", "AB"),
    ("google", "", ""),
    ("identifiers.name", "ABCDE", "EDCBA"),
    ("name", "ABCDE", "EDCBA"),
    ("metadata.points", "CAB", "BAC"),
    ("points", "CAB", "BAC"),
    ("metadata.tier", "", "B"),
    ("metadata.nothing", "", ""),
]


@pytest.mark.parametrize(("field", "upwards", "downwards"), ORDERS)
@pytest.mark.parametrize("size", [1, 2, 5])
async def test_a_list_is_sorted_alike_by_pages_and_by_cursor(
    five: Shop, field: str, upwards: str, downwards: str, size: int
) -> None:
    for direction, expected in (("ASC", upwards), ("desc", downwards)):
        query = f"sortBy[0].field={field}&sortBy[0].direction={direction}"
        whole = await listed(five, query)
        paged = [await listed(five, f"{query}&pageSize={size}&pageIndex={index}") for index in range(6)]

        assert whole.startswith(expected)
        assert sorted(whole) == list("ABCDE")
        assert "".join(paged) == whole
        assert await walked(five, query, size) == whole


async def test_what_lacks_the_field_comes_last_in_the_order_of_ids(five: Shop) -> None:
    by_id = await listed(five, "sortBy[0].field=id")
    without = "".join(name for name in by_id if name in "CE")

    assert (await listed(five, "sortBy[0].field=metadata.tier"))[3:] == without
    assert (await listed(five, "sortBy[0].field=metadata.tier&sortBy[0].direction=DESC"))[3:] == without[::-1]


async def test_a_list_is_sorted_by_several_fields(five: Shop) -> None:
    query = "sortBy[0].field=metadata.tier&sortBy[1].field=name&sortBy[1].direction=DESC"

    assert await listed(five, query) == "DABEC"
    assert await listed(five, "sortBy[0].field=passType&sortBy[1].field=points&sortBy[2].field=id") == "CEABD"


async def test_filters_and_the_order_go_together(five: Shop) -> None:
    query = "filter[3].field=metadata.tier&filter[3].operator=equals&filter[3].value=gold&filter[7][field]=name"
    query = query.replace("[field]=name", "[field]=passType&filter[7][operator]=equals&filter[7][value]=card")

    assert await listed(five, query + "&sortBy[0].field=name&sortBy[0].direction=DESC") == "DA"
    assert await walked(five, query + "&sortBy[0].field=metadata.points", 1) == "AD"


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [("name", "greaterThan", "B", "BCDE"), ("name", "startsWith", "D", "D"), ("name", "in", "Ada,Eve", "AE")],
)
async def test_a_filter_on_what_is_sorted_by_finds_the_same(
    five: Shop, field: str, operator: str, value: str, expected: str
) -> None:
    asked = f"filter[0].field=identifiers.{field}&filter[0].operator={operator}&filter[0].value={value}"

    assert await listed(five, f"{asked}&sortBy[0].field={field}") == expected
    assert await walked(five, f"{asked}&sortBy[0].field={field}", 1) == expected
    assert await listed(five, f"{asked}&sortBy[0].field={field}&sortBy[0].direction=DESC") == expected[::-1]


async def test_the_total_counts_what_matches(five: Shop) -> None:
    query = "filter[0].field=passType&filter[0].operator=equals&filter[0].value=card&pageSize=1"

    first, beyond = await five.ask("GET", f"/passes?{query}"), await five.ask("GET", f"/passes?{query}&pageIndex=7")

    assert (len(first.json()), first.headers["x-pagination-total"]) == (1, "3")
    assert (beyond.json(), beyond.headers["x-pagination-total"]) == ([], "3")
    assert "guerdon-total-estimated" not in first.headers


async def test_the_last_page_that_there_can_be_is_empty(five: Shop) -> None:
    assert await listed(five, "pageIndex=2147483647&pageSize=100") == ""


async def test_what_can_use_no_index_is_named(five: Shop) -> None:
    contains = "filter[1].field=metadata.tier&filter[1].operator=contains&filter[1].value=o"
    query = f"filter[0].field=id&filter[0].operator=equals&filter[0].value=x&{contains}&sortBy[0].field=lastUpdateDate"

    slow = await five.ask("GET", f"/passes?{query}")
    quick = await five.ask("GET", "/passes?sortBy[0].field=creationDate")

    assert slow.headers["guerdon-unindexed"] == "filter[1], sortBy[0]"
    assert "guerdon-unindexed" not in quick.headers


async def test_a_cursor_stands_while_passes_come_and_go(five: Shop) -> None:
    first = await five.ask("GET", "/passes?sortBy[0].field=name&limit=2")
    await issue(five, "Abe")

    rest = await listed(five, f"sortBy[0].field=name&limit=5&cursor={first.headers['guerdon-next-cursor']}")

    assert rest == "CDE"


FILTER = "filter[0].field=id&filter[0].operator=equals&filter[0].value=a"
BAD = [
    ("pageIndex=-1", "pageIndex"),
    ("pageIndex=2147483648", "pageIndex"),
    ("pageIndex=1.0", "pageIndex"),
    ("pageIndex=", "pageIndex"),
    ("pageIndex=%D9%A3", "pageIndex"),
    ("pageSize=0", "pageSize"),
    ("pageSize=101", "pageSize"),
    ("pageSize=1&pageSize=2", "pageSize"),
    ("limit=101", "limit"),
    ("limit=10&pageIndex=0", "pageIndex"),
    ("cursor=!&limit=1", "cursor"),
    ("cursor=AAAA", "cursor"),
    ("cursor=" + "A" * 4001, "cursor"),
    ("filter[0].field=colour&filter[0].operator=equals&filter[0].value=a", "filter[0].field"),
    ("filter[0].field=id&filter[0].value=a", "filter[0].operator"),
    ("filter[0].field=id&filter[0].operator=EQUALS&filter[0].value=a", "filter[0].operator"),
    ("filter[0].field=id&filter[0].operator=equals", "filter[0].value"),
    ("filter[0].operator=equals&filter[0].value=a", "filter[0].field"),
    ("filter[0].field=id&filter[0].operator=equals&filter[0].value=a%00", "path"),
    ("filter[0].field=creationDate&filter[0].operator=lessThan&filter[0].value=soon", "filter[0].value"),
    ("filter[0].field=id&filter[0].operator=in&filter[0].value=" + "a," * 100, "filter[0].value"),
    (FILTER + "&filter[0].value=b", "filter[0].value"),
    ("filter[0].surprise=1", "filter[0].surprise"),
    ("filter=1", "filter"),
    ("filter[-1].field=id", "filter[-1].field"),
    ("&".join(FILTER.replace("[0]", f"[{index}]") for index in range(51)), "filter"),
    ("sortBy[0].field=" + "a" * 101, "sortBy[0].field"),
    ("sortBy[0].direction=ASC", "sortBy[0].field"),
    ("sortBy[0].field=installationStatus", "sortBy[0].field"),
    ("sortBy[0].field=id&sortBy[0].direction=up", "sortBy[0].direction"),
    ("&".join(f"sortBy[{index}].field=id" for index in range(6)), "sortBy"),
    ("limit=1&sortBy[0].field=id&sortBy[1].field=apple", "sortBy"),
]


@pytest.mark.parametrize(("query", "place"), BAD)
async def test_a_query_that_means_nothing_is_refused_at_its_place(shop: Shop, query: str, place: str) -> None:
    answer = await shop.ask("GET", f"/passes?{query}")

    assert answer.status_code == 400
    assert place in problem(answer)["errors"]


async def test_every_mistake_of_a_query_is_named_at_once(shop: Shop) -> None:
    answer = await shop.ask("GET", "/passes?pageSize=0&filter[0].field=x&filter[0].operator=y&sortBy[0].direction=z")

    places = {"pageSize", "filter[0].field", "filter[0].operator", "sortBy[0].direction"}
    assert set(problem(answer)["errors"]) == places


@pytest.mark.parametrize("of", ["creationDate", "metadata.points", "metadata.tier", "apple", "id"])
@pytest.mark.parametrize("forged", ["x", "", "1e999", "NaN", "\x00", "9" * 30, "infinity"])
async def test_a_forged_cursor_is_refused_or_ends_the_list(five: Shop, of: str, forged: str) -> None:
    first = await five.ask("GET", f"/passes?sortBy[0].field={of}&limit=1")
    by, name, is_descending, phase, keys, _ = read(first.headers["guerdon-next-cursor"])
    cursor = written([by, name, is_descending, phase, [forged for _ in keys], forged])

    answer = await five.ask("GET", f"/passes?sortBy[0].field={of}&cursor={quote(cursor)}")

    assert answer.status_code in {200, 400}
    assert answer.status_code == 200 or problem(answer)["code"] == "cursor_invalid"


async def test_a_cursor_belongs_to_its_order(five: Shop) -> None:
    first = await five.ask("GET", "/passes?sortBy[0].field=name&limit=1")

    other = await five.ask("GET", f"/passes?sortBy[0].field=id&cursor={first.headers['guerdon-next-cursor']}")

    assert (other.status_code, problem(other)["code"]) == (400, "cursor_invalid")


async def test_a_search_that_takes_too_long_is_stopped_and_names_what_uses_no_index(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with owner.transaction():
        await owner.execute("LOCK TABLE pass IN ACCESS EXCLUSIVE MODE")
        slow, busy = await asyncio.gather(
            shop.ask("GET", "/passes?sortBy[0].field=lastUpdateDate"), shop.ask("GET", "/passes")
        )

    assert (slow.status_code, problem(slow)["code"]) == (400, "search_too_slow")
    assert list(problem(slow)["errors"]) == ["sortBy[0]"]
    assert (busy.status_code, problem(busy)["code"]) == (503, "overloaded")


def read(cursor: str) -> tuple[object, object, object, object, list[str], object]:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def written(document: list[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
