import pytest

from guerdon_client import AsyncGuerdon, Guerdon, InvalidRequest, PassFilter, PassSort, Unauthenticated
from tests.acceptance.running import Running


@pytest.fixture
def crowd(shop: Guerdon, customer: str) -> list[PassFilter]:
    """Seven passes of one crowd, and the filter that finds them."""
    for number in range(7):
        metadata = {"crowd": customer, "points": number, "vip": number % 2 == 0}
        shop.create_pass("loyalty", {"crowd.member": f"{customer}-{number}"}, metadata)
    return [PassFilter("metadata.crowd", "equals", customer)]


def test_a_crowd_is_listed_page_by_page(shop: Guerdon, crowd: list[PassFilter]) -> None:
    sort = [PassSort("metadata.points", is_descending=True)]

    pages = [shop.list_passes(crowd, sort, page_index=index, page_size=3) for index in range(4)]

    assert [[one.metadata["points"] for one in page.items] for page in pages] == [[6, 5, 4], [3, 2, 1], [0], []]
    assert {(page.total, page.is_estimate, page.unindexed) for page in pages} == {(7, False, ())}


def test_everybody_is_met_once_on_a_walk(shop: Guerdon, crowd: list[PassFilter]) -> None:
    met = [one.metadata["points"] for one in shop.iter_passes(crowd, PassSort("crowd.member"), limit=2)]

    assert met == list(range(7))


async def test_the_walk_can_be_awaited(running: Running, crowd: list[PassFilter]) -> None:
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key) as client:
        met = [one.metadata["points"] async for one in client.iter_passes(crowd, PassSort("creationDate"), limit=3)]

    assert met == list(range(7))


def test_filters_narrow_each_other(shop: Guerdon, crowd: list[PassFilter]) -> None:
    few = [
        *crowd,
        PassFilter("metadata.points", "greaterThan", 1),
        PassFilter("metadata.vip", "equals", value=True),
        PassFilter("passType", "in", ["loyalty", "ticket"]),
        PassFilter("installationStatus", "exists", value=False),
    ]

    assert sorted(str(one.metadata["points"]) for one in shop.list_passes(few).items) == ["2", "4", "6"]


def test_a_reader_sees_no_secret_and_a_browser_nothing(
    reader: Guerdon, shop: Guerdon, browser: Guerdon, crowd: list[PassFilter]
) -> None:
    assert all(one.secret is None for one in reader.list_passes(crowd).items)
    assert all(one.secret is not None for one in shop.list_passes(crowd).items)
    with pytest.raises(Unauthenticated):
        browser.list_passes(crowd)


def test_a_refusal_names_the_place(shop: Guerdon) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shop.list_passes([PassFilter("metadata.tier", "equals", "gold"), PassFilter("colour", "equals", "red")])

    assert set(refused.value.errors) == {"filter[1].field"}
