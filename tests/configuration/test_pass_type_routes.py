import pytest

from guerdon.platform.clock import utc_now
from guerdon.tenants.files import save_file
from tests.configuration.builders import GOOD, save, with_icon
from tests.shops import Shop, problem


@pytest.fixture(autouse=True)
async def typed(shop: Shop) -> None:
    await with_icon(shop)
    await save(shop, GOOD + "language: en\nlocalization: {de: {Name: Wer}}\nidentifiers: {customerId: {}}\n")


async def test_the_types_are_listed_with_what_a_tool_asks_first(shop: Shop) -> None:
    listed = (await shop.ask("GET", "/config/pass-types")).json()

    assert [one["name"] for one in listed] == ["bounded", "card", "club"]
    assert listed[2] == {
        "name": "club",
        "path": "server/passes/club.yaml",
        "version": 1,
        "kind": "customerCard",
        "layout": "card",
        "style": "storeCard",
        "language": "en",
        "languages": ["en", "de"],
        "identifiers": ["customerId"],
    }


async def test_a_type_that_cannot_be_read_says_so(shop: Shop) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await save_file(tx, path="server/passes/old.yaml", content=b"kind: x", now=utc_now(), actor="test")

    listed = (await shop.ask("GET", "/config/pass-types")).json()

    assert "has" in next(one for one in listed if one["name"] == "old")["mistake"]


async def test_a_sample_is_shown_in_the_language_asked_for(shop: Shop) -> None:
    english, german = [
        (await shop.ask("GET", f"/config/pass-types/club/preview{query}")).json() for query in ("", "?language=de")
    ]

    assert english["apple"]["fields"]["primary"][0] == {
        "key": "name", "label": "Name", "value": "42", "notifies": False, "link": None,
    }  # fmt: skip
    assert german["apple"]["fields"]["primary"][0]["label"] == "Wer"
    assert english["losses"] == german["losses"]


async def test_a_sample_has_points_and_a_coupon_with_whatever_its_type_looks_for(shop: Shop) -> None:
    reads = (
        "{{ points.available }} of {{ points.balance }}, {{ points.nextExpiry.amount }} ends: "
        "{% for one in coupons %}{{ one.literals.title }}, {{ one.literals['text'] }}, {{ one.data.productId }}"
        "{% endfor %}"
    )
    await save(shop, GOOD.replace("{{ metadata.name }}", reads))

    shown = (await shop.ask("GET", "/config/pass-types/club/preview")).json()

    assert shown["apple"]["fields"]["primary"][0]["value"] == "40 of 50, 10 ends: Coupon 1, 42, 42"


@pytest.mark.parametrize(
    ("path", "status"), [("nothing/preview", 404), ("club/preview?language=x", 400), ("..%2f/preview", 404)]
)
async def test_a_sample_is_asked_for_by_name_and_language(shop: Shop, path: str, status: int) -> None:
    answer = await shop.ask("GET", f"/config/pass-types/{path}")

    assert answer.status_code == status
    assert problem(answer)["code"]
