import io
import json
import zipfile
from urllib.parse import quote

import pytest
from tests.shops import PASS_TYPE, Shop, certify, problem, save_type

IPHONE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"}
DESKTOP = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}


@pytest.fixture
async def passes(shop: Shop) -> list[str]:
    await certify(shop)
    return [await shop.issue(customerId=str(number)) for number in range(3)]


def serials(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        packages = [zipfile.ZipFile(io.BytesIO(bundle.read(name))) for name in bundle.namelist()]
    return [json.loads(package.read("pass.json"))["serialNumber"] for package in packages]


async def kept(shop: Shop) -> list[dict[str, object]]:
    query = "SELECT source FROM pass_source WHERE tenant_id = $1 ORDER BY source_id DESC"
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        return [json.loads(row["source"]) for row in await tx.records(query, tx.tenant_id)]


async def test_several_passes_come_in_one_file_each_once(shop: Shop, passes: list[str]) -> None:
    asked = ",".join([*passes, passes[0]])

    answer = await shop.ask("GET", f"/passes/{asked},?device=apple", key="")
    again = await shop.ask("GET", f"/passes/{asked}?device=apple", headers={"if-none-match": answer.headers["etag"]})

    assert answer.headers["content-type"] == "application/vnd.apple.pkpasses"
    assert serials(answer.content) == passes
    assert again.status_code == 304


async def test_auto_gives_a_phone_the_file_and_a_desktop_the_page(shop: Shop, passes: list[str]) -> None:
    asked = ",".join(passes)

    phone = await shop.ask("GET", f"/passes/{asked}", headers=IPHONE, key="")
    desktop = await shop.ask("GET", f"/passes/{asked}?neo.src.tags=vip", headers=DESKTOP, key="")
    page = await shop.http.get(desktop.headers["location"])

    assert serials(phone.content) == passes
    assert desktop.headers["location"] == f"/{shop.tenant_id}/tickets?ids={asked}&neo.src.tags=vip"
    assert page.status_code == 200
    assert f"/api/{shop.tenant_id}/passes/{asked}?device=apple&amp;neo.src.tags=vip" in page.text


async def test_unknown_passes_are_all_named(shop: Shop, passes: list[str]) -> None:
    await shop.ask("DELETE", f"/passes/{passes[1]}")

    for device in ("apple", "auto"):
        answer = await shop.ask("GET", f"/passes/{','.join(passes)},nobody-here?device={device}")
        assert (answer.status_code, problem(answer)["code"]) == (404, "passes_not_found")
        assert problem(answer)["passIds"] == [passes[1], "nobody-here"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (",".join(f"pass-{number}" for number in range(11)) + "?device=apple", 400),
        ("pass-1,pass-2?device=preview", 400),
        ("pass-1,pass-2?device=watch", 400),
        ("pass-1,pass-2?device=google", 501),
        ("pass-1,,pass-2?device=apple", 404),
        (",?device=apple", 404),
    ],
)
async def test_what_cannot_be_several_passes_is_refused(shop: Shop, asked: str, status: int) -> None:
    answer = await shop.ask("GET", f"/passes/{asked}")

    assert (answer.status_code, problem(answer)["status"]) == (status, status)


async def test_one_pass_asked_for_twice_has_its_own_page(shop: Shop, passes: list[str]) -> None:
    answer = await shop.ask("GET", f"/passes/{passes[0]},{passes[0]}", headers=DESKTOP, key="")

    assert answer.headers["location"] == f"/{shop.tenant_id}/card?id={passes[0]}"


async def test_a_person_without_several_passes_gets_a_page(shop: Shop) -> None:
    answer = await shop.http.get(f"/{shop.tenant_id}/tickets?ids=nobody-1,nobody-2", headers={"accept": "text/html"})

    assert (answer.status_code, "There is no pass here" in answer.text) == (404, True)


async def test_several_passes_are_told_apart_by_what_they_are(shop: Shop, passes: list[str]) -> None:
    other_type = PASS_TYPE.replace("Corner Shop", "Museum").replace("Loyalty card", "Day ticket")
    await save_type(shop, "visit", other_type)
    visit = await shop.issue("visit", customerId="7")

    alike = (await shop.http.get(f"/{shop.tenant_id}/tickets?ids={passes[0]},{passes[1]}")).text
    different = (await shop.http.get(f"/{shop.tenant_id}/tickets?ids={passes[0]},{visit}")).text

    assert ">Loyalty card 1<" in alike
    assert ">Loyalty card 2<" in alike
    assert ">Corner Shop<" in alike
    assert ">Loyalty card<" in different
    assert ">Day ticket<" in different
    assert ">Corner Shop, Museum<" in different


@pytest.mark.parametrize("query", ["", "one", "a,b", ",".join(f"pass-{number}" for number in range(11))])
async def test_a_page_of_no_several_passes_says_so(shop: Shop, query: str) -> None:
    answer = await shop.http.get(f"/{shop.tenant_id}/tickets?ids={query}")

    assert answer.status_code in {400, 404}


@pytest.mark.parametrize(
    ("query", "source"),
    [
        (
            "neo.src.tags=a,b,a&neo.src.medium=sms&neo.src.origin=x",
            {"tags": ["a", "b"], "medium": "sms", "origin": "x"},
        ),
        (
            f"neo.src={quote('a%2Cb|e%20mail|https%3A%2F%2Fx%3Fy')}",
            {"tags": ["a", "b"], "medium": "e mail", "origin": "https://x?y"},
        ),
        ("neo.src=a|b|c&neo.src.tags=z&neo.src.origin=", {"tags": ["z"], "medium": "b"}),
        ("neo.src=a", {"tags": ["a"]}),
        ("neo.src=%2500|%2500|%FF", {"tags": [], "origin": "\ufffd"}),
        ("neo.src.tags=" + ",".join("t" * 150 for _ in range(3)), {"tags": ["t" * 100]}),
    ],
)
async def test_a_link_says_how_one_came(shop: Shop, passes: list[str], query: str, source: dict[str, object]) -> None:
    answer = await shop.ask("GET", f"/passes/{passes[0]}?device=apple&userAgent=Agent&{query}", headers=IPHONE, key="")

    assert answer.status_code == 200
    assert await kept(shop) == [{**source, "userAgent": "Agent"}]


async def test_neither_a_preview_nor_a_page_counts_as_a_download(shop: Shop, passes: list[str]) -> None:
    for path in ("?device=preview&neo.src=a", "?neo.src=a", "/view?neo.src=a"):
        await shop.ask("GET", f"/passes/{passes[0]}{path}", headers=DESKTOP, key="")

    assert await kept(shop) == []


async def test_the_page_hands_on_how_one_came(shop: Shop, passes: list[str]) -> None:
    view = await shop.ask("GET", f"/passes/{passes[0]}/view?neo.src=a%26b|email", headers=DESKTOP, key="")
    page = await shop.http.get(view.headers["location"])

    assert "?device=apple&amp;neo.src.tags=a%26b&amp;neo.src.medium=email" in page.text


async def test_a_source_said_twice_is_refused(shop: Shop, passes: list[str]) -> None:
    answer = await shop.ask("GET", f"/passes/{passes[0]}?neo.src.tags=a&neo.src.tags=b")

    assert (answer.status_code, list(problem(answer)["errors"])) == (400, ["neo.src.tags"])
