import asyncio
import itertools

import pytest

from guerdon.passes.scan_forms import form_of, id_in_page_address
from tests.shops import PASS_TYPE, Shop, problem, save_type


def showing(template: str) -> str:
    return f'{PASS_TYPE}barcodes: {{message: "{template}"}}\n'


async def scan(shop: Shop, data: str) -> tuple[int, str]:
    answer = await shop.ask("POST", "/scans", {"data": data, "type": "qrcode"})
    return answer.status_code, answer.json().get("passId") or answer.json()["code"]


async def test_a_scan_finds_the_pass_by_its_id_its_identifiers_and_the_address_of_its_page(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="c-42", **{"y2.card": "9781234567897"})

    for data in (pass_id, "c-42", "9781234567897", f"https://shop.example/{shop.tenant_id}/card?id={pass_id}"):
        assert await scan(shop, data) == (200, pass_id)


async def test_what_belongs_to_no_pass_is_404_and_what_belongs_to_several_is_409(shop: Shop) -> None:
    await shop.issue(customerId="1", shopId="shop-7")
    await shop.issue(customerId="2", shopId="shop-7")

    assert await scan(shop, "unknown") == (404, "scan_unknown")
    assert await scan(shop, f"https://shop.example/another/card?id={await shop.issue()}") == (404, "scan_unknown")
    assert await scan(shop, "shop-7") == (409, "scan_ambiguous")


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("ID:{{ pass.id }}", "ID:{}"),
        ("CARD-{{ identifiers.customerId }}", "CARD-c-42"),
        ("https://shop.example/{{identifiers['customerId']}}/{{ pass.id }}", "https://shop.example/c-42/{}"),
        ("{{ pass.identifiers.customerId }};{{ metadata.level | upcase }}", "c-42;GOLD"),
    ],
)
async def test_a_scan_reads_what_the_barcode_of_the_pass_type_prints(shop: Shop, template: str, printed: str) -> None:
    await save_type(shop, "shown", showing(template))
    pass_id = await shop.issue("shown", customerId="c-42")
    await shop.issue("shown", customerId="c-43")

    assert await scan(shop, printed.format(pass_id)) == (200, pass_id)
    assert (await scan(shop, "CARD-" + printed.format("ABCDEFGHJK")))[0] == 404


async def test_the_pass_that_prints_a_value_goes_before_others_that_merely_have_it(shop: Shop) -> None:
    await save_type(shop, "shown", showing("{{ identifiers.customerId }}"))
    await shop.issue("card", customerId="c-42")
    shown = await shop.issue("shown", customerId="c-42")

    assert await scan(shop, "c-42") == (200, shown)


async def test_a_pass_type_with_mistakes_stops_no_scan(shop: Shop) -> None:
    await save_type(shop, "broken", "kind: nonsense")
    pass_id = await shop.issue(customerId="c-42")

    assert await scan(shop, "c-42") == (200, pass_id)


async def test_a_secret_finds_nothing(shop: Shop) -> None:
    pass_id = await shop.issue()
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        sealed = await tx.value("SELECT sealed_secret FROM pass WHERE tenant_id = $1", shop.tenant_id)
    secret = shop.house.master_key.decrypt(sealed, f"{shop.tenant_id}/pass/{pass_id}").decode()

    assert await scan(shop, secret) == (404, "scan_unknown")


async def test_scans_are_listed_newest_first_by_pages_and_by_pass(shop: Shop) -> None:
    one, two = await shop.issue(customerId="one"), await shop.issue(customerId="two")
    for data in ("one", "two", "one", "one"):
        await scan(shop, data)

    first = await shop.ask("GET", "/scans?limit=3")
    address = first.headers["link"].partition(">")[0].removeprefix(f"</api/{shop.tenant_id}")
    second = await shop.ask("GET", address)
    of_two = await shop.ask("GET", f"/scans?passId={two}")

    listed = first.json() + second.json()
    assert [scan["passId"] for scan in listed] == [one, one, two, one]
    assert all(newer["scanId"] > older["scanId"] for newer, older in itertools.pairwise(listed))
    assert [(scan["passId"], scan["type"]) for scan in of_two.json()] == [(two, "qrcode")]
    assert "link" not in second.headers


async def test_a_scan_moves_nothing_and_tells_of_itself_once(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="c-42")
    privilege = await shop.grant(pass_id, 3)
    key = {"idempotency-key": "s1"}
    body = {"data": "c-42", "type": "nfc"}

    await asyncio.gather(*(shop.ask("POST", "/scans", body, headers=key) for _ in range(3)))
    await shop.ask("POST", "/scans", body, headers={"guerdon-dry-run": "true"})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kinds = [
            event["kind"] for event in await tx.records("SELECT kind FROM event WHERE tenant_id = $1", tx.tenant_id)
        ]
    assert await shop.value(privilege) == 3
    assert kinds.count("Pass:Scanned") == len((await shop.ask("GET", "/scans")).json()) == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"data", "type"}),
        ({"data": "ab", "type": "qr"}, {"data", "type"}),
        ({"data": "x" * 2049, "type": "qrcode"}, {"data"}),
        ({"data": 123, "type": "qrcode", "more": 1}, {"data", "more"}),
    ],
)
async def test_every_mistake_of_a_scan_is_named(shop: Shop, body: dict[str, object], wrong: set[str]) -> None:
    answer = await shop.ask("POST", "/scans", body)

    assert answer.status_code == 400
    assert set(problem(answer)["errors"]) == wrong


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=101", "passId=a%20b", "cursor="])
async def test_a_wrong_page_of_scans_is_refused(shop: Shop, query: str) -> None:
    assert (await shop.ask("GET", f"/scans?{query}")).status_code == 400


async def test_scanning_needs_its_own_scope(shop: Shop) -> None:
    reader, scanner = await shop.make_key("Pass.Read"), await shop.make_key("PassScan.Scan")
    await shop.issue(customerId="c-42")
    body = {"data": "c-42", "type": "manual"}

    assert (await shop.ask("POST", "/scans", body, key=reader)).status_code == 403
    assert (await shop.ask("POST", "/scans", body, key=scanner)).status_code == 200
    assert (await shop.ask("GET", "/scans", key=scanner)).status_code == 403


@pytest.mark.parametrize(
    "template", ["fixed", "{{ metadata.level }}", "{% if pass.id %}{{ pass.id }}{% endif %}", "{{ pass.id }}{{ x }}"]
)
def test_a_code_that_cannot_be_read_backwards_has_no_form(template: str) -> None:
    assert form_of(template) is None


@pytest.mark.parametrize(
    "data",
    ["https://h/t/card", "https://h/t/card?id=a&id=b", "ftp://h/t/card?id=a", "https://[h/t/card?id=a", "t/card?id=a"],
)
def test_what_is_no_address_of_a_page_holds_no_id(data: str) -> None:
    assert id_in_page_address(data, "t") is None
