import asyncio
import json
from decimal import Decimal

import pytest

from guerdon.rendering.loading import load_drawing
from tests.shops import PASS_TYPE, Shop, certify, problem, save_type

STORE = {
    "name": "Rue Cler",
    "address": {"street": "12 rue Cler", "postalCode": "75007", "city": "Paris", "country": "FR"},
    "latitude": 48.856_613,
    "longitude": 2.305_2,
    "openingHours": {"mon": ["09:00-19:30"]},
    "tags": ["flagship", "paris"],
}


async def put(shop: Shop, store_id: str, **members: object) -> int:
    return (await shop.ask("PUT", f"/stores/{store_id}", {**STORE, **members})).status_code


async def test_a_store_is_created_read_replaced_and_deleted(shop: Shop) -> None:
    created = await shop.ask("POST", "/stores", {**STORE, "id": "cler"})
    again = await shop.ask("POST", "/stores", {**STORE, "id": "cler"})
    replaced = await shop.ask("PUT", "/stores/cler", {"name": "Cler"})
    read = await shop.ask("GET", "/stores/cler")
    deleted = await shop.ask("DELETE", "/stores/cler")

    assert (created.status_code, created.headers["location"]) == (201, f"/api/{shop.tenant_id}/stores/cler")
    assert created.json().items() >= {**STORE, "id": "cler", "enabled": True}.items()
    assert (again.status_code, problem(again)["code"]) == (409, "store_exists")
    assert (replaced.status_code, replaced.json()) == (200, read.json())
    assert (read.json()["address"], read.json()["latitude"], read.json()["tags"]) == ({}, None, [])
    assert read.json()["creationDate"] == created.json()["creationDate"]
    assert (deleted.status_code, (await shop.ask("GET", "/stores/cler")).status_code) == (204, 404)


async def test_coordinates_stay_as_exact_as_they_came(shop: Shop) -> None:
    body = b'{"name": "Here", "latitude": 48.856613000001, "longitude": -179.999999999999}'

    await shop.ask("PUT", "/stores/here", body)

    read = json.loads((await shop.ask("GET", "/stores/here")).text, parse_float=Decimal)
    assert (read["latitude"], read["longitude"]) == (Decimal("48.856613000001"), Decimal("-179.999999999999"))


async def test_stores_are_listed_by_id_in_pages_and_by_tag(shop: Shop) -> None:
    for name, tags in (("c", ["x"]), ("a", ["x"]), ("b", ["y"]), ("d", ["x"])):
        assert await put(shop, name, tags=tags) == 201

    first = await shop.ask("GET", "/stores?limit=2&tag=x")
    address = first.headers["link"].partition(">")[0].removeprefix(f"</api/{shop.tenant_id}")
    second = await shop.ask("GET", address)

    assert [[store["id"] for store in page.json()] for page in (first, second)] == [["a", "c"], ["d"]]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": ""}, {"name"}),
        ({"latitude": 90.1, "longitude": 180.1}, {"latitude", "longitude"}),
        ({"latitude": 1e-13}, {"latitude"}),
        ({"latitude": "48", "tags": [""], "enabled": 1}, {"latitude", "tags.0", "enabled"}),
        ({"latitude": None}, {"$"}),
        ({"address": {"country": "france", "planet": "earth"}}, {"address.country", "address.planet"}),
        ({"openingHours": {"mon": "\u0000"}}, None),
        ({"surprise": 1}, {"surprise"}),
    ],
)
async def test_every_mistake_of_a_store_is_named(shop: Shop, change: dict[str, object], wrong: set[str] | None) -> None:
    answer = await shop.ask("PUT", "/stores/cler", {**STORE, **change})

    assert answer.status_code == 400
    assert wrong is None or set(problem(answer)["errors"]) == wrong
    assert (await shop.ask("GET", "/stores/cler")).status_code == 404


@pytest.mark.parametrize("path", ["/stores/a%20b", "/stores?limit=0", "/stores?cursor=%00", "/stores?tag="])
async def test_a_wrong_address_of_stores_is_refused(shop: Shop, path: str) -> None:
    assert (await shop.ask("GET", path)).status_code == 400


async def test_reading_and_writing_stores_need_their_own_scopes(shop: Shop) -> None:
    reader = await shop.make_key("Stores.Read")

    assert (await shop.ask("GET", "/stores", key=reader)).status_code == 200
    assert (await shop.ask("PUT", "/stores/a", STORE, key=reader)).status_code == 403
    assert (await shop.ask("GET", "/stores", key=await shop.make_key("Pass.Read"))).status_code == 403


async def test_one_of_many_creates_of_one_id_wins(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.ask("POST", "/stores", {**STORE, "id": "one"}) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


async def locations(shop: Shop, pass_id: str) -> list[str]:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        now = shop.house.clock(shop.tenant_id)
        view = (await load_drawing(tx, shop.house.pass_types, pass_id, now)).view(now)
    return [str(location.text.default) for location in view.locations]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("stores: {}", ["home", "s2", "s0", "s1"]),
        ("stores: {from: tag, tag: odd}", ["home", "s1"]),
        ("stores: {from: metadata}", ["home", "s2"]),
        ("stores: {from: metadata, metadata: another}", ["home"]),
    ],
)
async def test_a_pass_is_offered_at_the_stores_that_its_type_chooses(shop: Shop, spec: str, shown: list[str]) -> None:
    own = "locations: [{latitude: 1, longitude: 2, text: home}]\n"
    await save_type(shop, "placed", PASS_TYPE + own + spec)
    for number in range(3):
        await put(shop, f"s{number}", name=f"s{number}", tags=["odd"] if number % 2 else ["even"])
    await put(shop, "closed", name="closed", enabled=False)
    await put(shop, "nowhere", name="nowhere", latitude=None, longitude=None)
    pass_id = await shop.issue("placed")
    await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"storeId": "s2"}})

    assert await locations(shop, pass_id) == shown


async def test_a_pass_has_ten_places_at_most(shop: Shop) -> None:
    await save_type(shop, "placed", PASS_TYPE + "stores: {}")
    for number in range(12):
        await put(shop, f"s{number:02}", name=f"s{number:02}")

    assert await locations(shop, await shop.issue("placed")) == [f"s{number:02}" for number in range(10)]


async def test_a_store_that_changes_changes_the_signed_pass(shop: Shop) -> None:
    await certify(shop)
    await save_type(shop, "placed", PASS_TYPE + "stores: {}")
    pass_id = await shop.issue("placed")
    path = f"/passes/{pass_id}?device=apple"
    before = (await shop.ask("GET", path)).headers["etag"]

    await put(shop, "new")

    assert (await shop.ask("GET", path)).headers["etag"] != before
