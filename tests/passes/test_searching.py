import pytest

from guerdon.passes.filters import Filter, GivenFilter, read_filters
from guerdon.passes.metadata_queries import refresh_metadata
from guerdon.passes.searching import select_pass_ids
from tests.shops import Shop


def asked(field: str, operator: str, value: object = None) -> tuple[Filter, ...]:
    return read_filters([GivenFilter("filter[0]", field, operator, value)])


async def issue(shop: Shop, name: str, of_type: str = "card", **metadata: object) -> str:
    body = {"identifiers": {"y2.name": name}, "metadata": metadata}
    answer = await shop.ask("POST", f"/passes?passType={of_type}", body)
    assert answer.status_code == 200, answer.text
    return answer.text


async def names(shop: Shop, filters: tuple[Filter, ...], pass_type: str | None = None) -> set[str]:
    """The names of the passes that are found, in chunks of two."""
    found: list[str] = []
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        async for page in select_pass_ids(tx, filters, pass_type, 2):
            found += page
        records = await tx.records(
            "SELECT value FROM pass_identifier WHERE tenant_id = $1 AND pass_id = ANY($2::text[])", tx.tenant_id, found
        )
    assert len(found) == len(set(found))
    return {record["value"] for record in records}


@pytest.fixture
async def three(shop: Shop) -> Shop:
    """Three passes: Ada and Bob have metadata, Cy has none and is of another type."""
    await issue(shop, "Ada", tier="gold", points=9, vip=True, tags=["a"])
    await issue(shop, "Bob", tier="golden%", points=10.5)
    await issue(shop, "Cy", "bounded")
    return shop


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("passType", "equals", "bounded", "Cy"),
        ("passType", "notEquals", "bounded", "Ada Bob"),
        ("passType", "startsWith", "car", "Ada Bob"),
        ("passType", "in", "bounded,card", "Ada Bob Cy"),
        ("passType", "greaterThan", "bounded", "Ada Bob"),
        ("id", "exists", False, ""),
        ("identifiers.y2.name", "equals", "Bob", "Bob"),
        ("identifiers.y2.name", "equals", "bob", ""),
        ("identifiers.y2.name", "lessThan", "Bob", "Ada"),
        ("identifiers.name", "exists", True, ""),
        ("metadata.tier", "equals", "gold", "Ada"),
        ("metadata.tier", "notEquals", "gold", "Bob Cy"),
        ("metadata.tier", "startsWith", "gold", "Ada Bob"),
        ("metadata.tier", "startsWith", "golde", "Bob"),
        ("metadata.tier", "startsWith", "\U0010ffff", ""),
        ("metadata.tier", "contains", "n%", "Bob"),
        ("metadata.tier", "contains", "o", "Ada Bob"),
        ("metadata.tier", "in", "gold,silver", "Ada"),
        ("metadata.tier", "exists", True, "Ada Bob"),
        ("metadata.tier", "exists", False, "Cy"),
        ("metadata.tier", "greaterThan", "gold", "Bob"),
        ("metadata.points", "greaterThan", "9", "Bob"),
        ("metadata.points", "lessThan", "10.5", "Ada"),
        ("metadata.points", "lessThan", "1e308", "Ada Bob"),
        ("metadata.points", "greaterThan", "-1e400", "Ada Bob"),
        ("metadata.points", "greaterThan", "1e-900", "Ada Bob"),
        # These are no numbers, and so are held against the members as texts.
        ("metadata.points", "greaterThan", "1_0", "Ada"),
        ("metadata.points", "greaterThan", " 9.5", "Ada Bob"),
        ("metadata.points", "equals", "10.5", "Bob"),
        ("metadata.vip", "equals", "true", "Ada"),
        ("metadata.tags", "exists", True, ""),
        ("installationStatus", "contains", "apple", ""),
        ("installationStatus", "exists", False, "Ada Bob Cy"),
        ("installationStatus", "notEquals", "google", "Ada Bob Cy"),
        ("creationDate", "greaterThan", "2020-01-01T00:00:00Z", "Ada Bob Cy"),
        ("creationDate", "lessThan", "2020-01-01T00:00:00Z", ""),
        ("lastUpdateDate", "notEquals", "2020-01-01T00:00:00Z", "Ada Bob Cy"),
    ],
)
async def test_a_filter_finds_what_it_says(
    three: Shop, field: str, operator: str, value: object, expected: str
) -> None:
    assert await names(three, asked(field, operator, value)) == set(expected.split())


async def test_all_filters_must_hold_and_so_must_the_type(three: Shop) -> None:
    both = asked("metadata.tier", "exists") + asked("metadata.points", "lessThan", 10)

    assert await names(three, both) == {"Ada"}
    assert await names(three, both, "bounded") == set()


async def test_a_change_of_metadata_is_found_at_once(three: Shop) -> None:
    await three.ask("PATCH", "/passes?y2.name=Ada", {"metadata": {"tier": None, "points": "many", "vip": [1]}})

    assert await names(three, asked("metadata.tier", "exists")) == {"Bob"}
    assert await names(three, asked("metadata.points", "greaterThan", "0")) == {"Bob"}
    assert await names(three, asked("metadata.points", "equals", "many")) == {"Ada"}
    assert await names(three, asked("metadata.vip", "exists")) == set()


async def test_the_rows_of_many_passes_are_refreshed_at_once(three: Shop) -> None:
    async with three.house.database.tenant(three.tenant_id) as tx:
        await tx.execute(
            """UPDATE pass SET metadata = metadata - 'vip' || '{"tier": 5, "big": 9e308, "small": 1e-400}'
                WHERE tenant_id = $1""",
            tx.tenant_id,
        )
        await refresh_metadata(tx, [one async for page in select_pass_ids(tx, (), None, 10) for one in page])

    assert await names(three, asked("metadata.tier", "greaterThan", 4)) == {"Ada", "Bob", "Cy"}
    assert await names(three, asked("metadata.tier", "startsWith", "gold")) == set()
    assert await names(three, asked("metadata.vip", "exists")) == set()
    assert await names(three, asked("metadata.big", "greaterThan", "1e300")) == {"Ada", "Bob", "Cy"}
    assert await names(three, asked("metadata.small", "lessThan", 1)) == {"Ada", "Bob", "Cy"}


async def test_another_tenant_finds_nothing(three: Shop) -> None:
    async with three.house.database.tenant("t-nobody") as tx:
        assert [page async for page in select_pass_ids(tx, (), None, 10)] == []
