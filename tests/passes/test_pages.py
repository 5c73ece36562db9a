"""Whether a list is the same whichever way its pages are found: gathered, walked, or walked as far as is allowed."""

from collections.abc import Sequence
from urllib.parse import urlencode

import pytest

from guerdon.passes.errors import SearchTooSlow
from guerdon.passes.order_queries import ORDERS, Order
from guerdon.passes.page_queries import Walk
from guerdon.passes.search_parameters import parse_search
from guerdon.passes.search_queries import find_walk_end, prepare_page, walk_passes
from guerdon.passes.searching import search_passes, select_pass_ids
from guerdon.passes.totals import Bounds
from guerdon.platform.ids import new_pass_id
from tests.shops import Shop

PASSES = 60
PAGE = 7
GATHERED = Bounds()
WALKED = Bounds(few=0, few_for_each=0)
GATHERED_LATER = Bounds(few=0)
CUT_SHORT = Bounds(few=0, few_for_each=0, looks=3, looks_for_each=0)
MADE = """
INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, created_at,
                  updated_at, apple_installed_at, apple_devices, google_installed_at, google_devices)
SELECT $1, p.pass_id, (ARRAY['card', 'bounded'])[1 + n % 2], '', '{}', '{}', '{}',
       '2026-01-01T00:00:00Z'::timestamptz + n / 3 * interval '1 hour', now() - n / 2 * interval '1 minute',
       CASE WHEN n % 3 = 0 THEN '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 hour' END, (n % 6 = 0)::int,
       CASE WHEN n % 7 = 0 THEN '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 hour' END, (n % 7 = 0)::int
  FROM unnest($2::text[]) WITH ORDINALITY AS p (pass_id, n)
"""
IDENTIFIED = """
INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
SELECT $1, 'name', (n / 2)::text, pass_id FROM unnest($2::text[]) WITH ORDINALITY AS p (pass_id, n) WHERE n % 5 > 0
"""
DESCRIBED = """
INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
SELECT $1, m.name, m.value, m.number, pass_id
  FROM unnest($2::text[]) WITH ORDINALITY AS p (pass_id, n),
       LATERAL (VALUES ('tier', (ARRAY['gold', 'silver', 'blue'])[1 + n % 3], NULL),
                       ('points', (n % 11)::text, n % 11), ('rare', 'x', NULL)) AS m (name, value, number)
 WHERE NOT (m.name = 'tier' AND n % 4 = 0) AND NOT (m.name = 'points' AND n % 9 = 0) AND (m.name <> 'rare' OR n = 17)
"""
GOLD = ("metadata.tier", "equals", "gold")
FILTERS: list[Sequence[tuple[str, str, str]]] = [
    [],
    [GOLD],
    [GOLD, ("metadata.points", "lessThan", "6")],
    [GOLD, ("passType", "equals", "card")],
    [("metadata.tier", "contains", "l"), ("creationDate", "greaterThan", "2026-01-01T05:00:00Z")],
    [("metadata.tier", "notEquals", "blue"), ("installationStatus", "exists", "true")],
    [("metadata.tier", "exists", "false")],
    [("metadata.points", "greaterThan", "3"), ("identifiers.name", "startsWith", "1")],
    [("identifiers.name", "in", "3,4,5,17")],
    [("metadata.rare", "equals", "x"), ("metadata.tier", "notEquals", "gold")],
    [("installationStatus", "notEquals", "apple")],
    [("metadata.tier", "equals", "nobody's")],
]
SORTED_BY = {
    "identifiers": "name",
    "metadata": "metadata.tier",
    "metadata number": "points",
}


@pytest.fixture
async def sixty(shop: Shop) -> Shop:
    """Sixty passes, of which some lack what others have."""
    pass_ids = [new_pass_id() for _ in range(PASSES)]
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        for statement in (MADE, IDENTIFIED, DESCRIBED):
            await tx.connection.execute(statement, tx.tenant_id, pass_ids)
    return shop


def asked(filters: Sequence[tuple[str, str, str]], field: str, direction: str, **window: object) -> bytes:
    pairs: list[tuple[str, object]] = [("sortBy[0].field", field), ("sortBy[0].direction", direction)]
    for index, (of, operator, value) in enumerate(filters):
        pairs += [(f"filter[{index}].field", of), (f"filter[{index}].operator", operator)]
        pairs.append((f"filter[{index}].value", value))
    return urlencode([*pairs, *window.items()]).encode()


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("by", ORDERS)
async def test_a_list_is_the_same_whichever_way_it_is_found(sixty: Shop, by: str, direction: str) -> None:
    field = SORTED_BY.get(by, by)
    for filters in FILTERS:
        matching = await matches(sixty, filters)
        whole = await paged(sixty, asked(filters, field, direction), GATHERED)

        assert sorted(whole) == matching
        for bounds in (GATHERED, WALKED, GATHERED_LATER, CUT_SHORT):
            assert await paged(sixty, asked(filters, field, direction), bounds) == whole
            assert await walked(sixty, asked(filters, field, direction, limit=PAGE), bounds) == whole


async def test_a_total_is_exact_or_says_that_it_is_not(sixty: Shop) -> None:
    for filters in FILTERS:
        search = parse_search(asked(filters, "id", "ASC"))
        count = len(await matches(sixty, filters))
        few, many = [
            (await search_passes(sixty.house.database, sixty.tenant_id, search, bounds)).total
            for bounds in (GATHERED, WALKED)
        ]

        assert few is not None
        assert (few.count, few.is_exact) == (count, True)
        assert many is not None
        assert many.count == count if many.is_exact else many.count >= min(count, 20)


async def test_a_walk_ends_where_it_looked_last_whatever_is_written_meanwhile(sixty: Shop) -> None:
    filters = [one.filter for one in parse_search(asked([("passType", "notEquals", "x")], "id", "ASC")).filters]
    walk = Walk(filters, Order(), 0, looks_max=3)

    async with sixty.house.database.tenant(sixty.tenant_id) as tx:
        await prepare_page(tx)
        marks = await walk_passes(tx, walk, limit=PAGE)
        async with sixty.house.database.tenant(sixty.tenant_id) as other:
            await other.connection.execute(MADE, other.tenant_id, [marks[0].pass_id + "0"])
        end = await find_walk_end(tx, walk)

    assert len(marks) == 3
    assert end == marks[-1]


async def test_a_part_by_cursor_that_ends_early_goes_on(sixty: Shop) -> None:
    search = parse_search(asked([("metadata.rare", "contains", "x")], "creationDate", "ASC", limit=5))

    first = await search_passes(sixty.house.database, sixty.tenant_id, search, CUT_SHORT)

    assert first.passes == []
    assert first.next_cursor is not None


@pytest.mark.parametrize(
    ("filters", "field", "then", "places"),
    [
        ([GOLD], "creationDate", "", ["filter[0]", "sortBy[0]"]),
        ([], "passType", "id", ["sortBy[0]", "sortBy[1]"]),
        ([GOLD], "lastUpdateDate", "", ["sortBy[0]"]),
    ],
)
async def test_a_page_that_would_sort_too_many_is_refused_and_says_why(
    sixty: Shop, filters: Sequence[tuple[str, str, str]], field: str, then: str, places: list[str]
) -> None:
    query = asked(filters, field, "ASC") + (f"&sortBy[1].field={then}".encode() if then else b"")
    bounds = Bounds(few=0, looks=3, looks_for_each=0, gathered=0)

    with pytest.raises(SearchTooSlow) as refused:
        await search_passes(sixty.house.database, sixty.tenant_id, parse_search(query), bounds)

    assert sorted(refused.value.errors or ()) == places


async def matches(shop: Shop, filters: Sequence[tuple[str, str, str]]) -> list[str]:
    search = parse_search(asked(filters, "id", "ASC"))
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        pages = select_pass_ids(tx, [one.filter for one in search.filters], None, PAGE)
        return [pass_id async for page in pages for pass_id in page]


async def paged(shop: Shop, query: bytes, bounds: Bounds) -> list[str]:
    found: list[str] = []
    for index in range(PASSES // PAGE + 2):
        search = parse_search(query + f"&pageSize={PAGE}&pageIndex={index}".encode())
        listing = await search_passes(shop.house.database, shop.tenant_id, search, bounds)
        found += [one.pass_id for one in listing.passes]
    return found


async def walked(shop: Shop, query: bytes, bounds: Bounds) -> list[str]:
    found: list[str] = []
    suffix = ""
    for _ in range(PASSES):
        listing = await search_passes(
            shop.house.database, shop.tenant_id, parse_search(query + suffix.encode()), bounds
        )
        found += [one.pass_id for one in listing.passes]
        if listing.next_cursor is None:
            return found
        suffix = "&" + urlencode({"cursor": listing.next_cursor})
    raise AssertionError("this list does not end")
