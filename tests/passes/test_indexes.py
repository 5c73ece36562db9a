"""Whether a search goes through an index, by the rows that PostgreSQL looks at."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from guerdon.passes.filter_queries import CONDITIONS, INDEX_OF, Parameters, condition_of, finds_rows
from guerdon.passes.filters import GivenFilter, read_filters
from guerdon.passes.order_queries import ORDERS, Mark, Order
from guerdon.passes.page_queries import Gathering, Walk, compose_gathering, compose_walk
from guerdon.passes.search_queries import (
    expect_passes,
    plan_by_values,
    plan_freely,
    plan_to_gather_few,
    plan_to_walk,
)
from guerdon.platform.db import Tx
from tests.architecture.plans import nodes, run_explained, used_indexes
from tests.conftest import Alone

PASSES = 20_000
FEW = PASSES // 20
LOOKS, ROWS_OF_PASS = 100, 4
PASSES_MADE = """
INSERT INTO pass (tenant_id, pass_id, pass_type, sealed_secret, identifiers, metadata, additional_data, created_at,
                  updated_at, apple_installed_at, apple_devices, google_installed_at, google_devices)
SELECT $1, 'pass-' || lpad(n::text, 6, '0'),
       CASE WHEN n % 200 = 1 THEN 'rare' WHEN n % 200 = 2 THEN 'a' ELSE 'card' END,
       '', '{}', '{}', '{}', '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 minute', now(),
       CASE WHEN n % 500 = 0 THEN now() END, (n % 500 = 0)::int,
       CASE WHEN n % 400 = 0 THEN now() END, (n % 400 = 0)::int
  FROM generate_series(1, $2::int) AS n
"""
IDENTIFIERS_MADE = """
INSERT INTO pass_identifier (tenant_id, name, value, pass_id)
SELECT $1, 'all', 'value' || lpad(n::text, 6, '0'), 'pass-' || lpad(n::text, 6, '0')
  FROM generate_series(1, $2::int) AS n
 UNION ALL
SELECT $1, 'some', 'value', 'pass-' || lpad(n::text, 6, '0') FROM generate_series(1, $2::int, 100) AS n
"""
METADATA_MADE = """
INSERT INTO pass_metadata (tenant_id, name, value, number, pass_id)
SELECT $1, 'all', 'value' || lpad(n::text, 6, '0'), NULL, 'pass-' || lpad(n::text, 6, '0')
  FROM generate_series(1, $2::int) AS n
 UNION ALL
SELECT $1, 'size', n::text, n, 'pass-' || lpad(n::text, 6, '0') FROM generate_series(1, $2::int) AS n
 UNION ALL
SELECT $1, 'some', n::text, n, 'pass-' || lpad(n::text, 6, '0') FROM generate_series(1, $2::int, 100) AS n
"""
# Of which statistics know nothing.
LATE_MADE = """
INSERT INTO pass_metadata (tenant_id, name, value, pass_id)
SELECT $1, 'late', 'x', 'pass-' || lpad(n::text, 6, '0') FROM generate_series(1, $2::int) AS n
"""
LATE = [("metadata.late", "equals", "x"), ("metadata.late", "startsWith", "x"), ("metadata.late", "exists", "true")]
OF_MEMBERS = [
    ("all", "equals", "value000017"),
    ("all", "notEquals", "value000017"),
    ("all", "contains", "00017"),
    ("all", "startsWith", "value00001"),
    ("all", "in", "value000017,value000018"),
    ("some", "exists", True),
    ("all", "exists", False),
    ("all", "greaterThan", "value019990"),
    ("all", "lessThan", "value000010"),
]
_ALL: list[tuple[str, str, object]] = [
    ("id", "equals", "pass-000017"),
    ("id", "notEquals", "pass-000017"),
    ("id", "contains", "00017"),
    ("id", "startsWith", "pass-00001"),
    ("id", "in", "pass-000017,pass-000018"),
    ("id", "exists", True),
    ("id", "greaterThan", "pass-019990"),
    ("id", "lessThan", "pass-000010"),
    ("passType", "equals", "rare"),
    ("passType", "notEquals", "card"),
    ("passType", "contains", "rar"),
    ("passType", "startsWith", "rar"),
    ("passType", "in", "rare,a"),
    ("passType", "exists", True),
    ("passType", "greaterThan", "d"),
    ("passType", "lessThan", "b"),
    ("creationDate", "equals", "2026-01-01T00:10:00Z"),
    ("creationDate", "notEquals", "2026-01-01T00:10:00Z"),
    ("creationDate", "exists", True),
    ("creationDate", "greaterThan", "2026-01-14T21:00:00Z"),
    ("creationDate", "lessThan", "2026-01-01T00:10:00Z"),
    ("lastUpdateDate", "equals", "2026-01-01T00:10:00Z"),
    ("lastUpdateDate", "notEquals", "2026-01-01T00:10:00Z"),
    ("lastUpdateDate", "exists", True),
    ("lastUpdateDate", "greaterThan", "2126-01-01T00:10:00Z"),
    ("lastUpdateDate", "lessThan", "2026-01-01T00:10:00Z"),
    ("installationStatus", "equals", "apple"),
    ("installationStatus", "contains", "google"),
    ("installationStatus", "in", "apple,google"),
    ("installationStatus", "notEquals", "apple"),
    ("installationStatus", "notEquals", "google"),
    ("installationStatus", "exists", False),
    ("metadata.size", "greaterThan", "19990"),
    ("metadata.size", "lessThan", "10"),
    *(
        (f"{kind}.{name}", operator, value)
        for kind in ("identifiers", "metadata")
        for name, operator, value in OF_MEMBERS
    ),
]
# Where texts are ordered by their bytes, PostgreSQL makes a range of a beginning by itself; that is not promised.
ASKED = [one for one in _ALL if one[:2] not in {("id", "startsWith"), ("passType", "startsWith")}]
# PostgreSQL 18 skips from type to type where there are few.
OTHERWISE = {"pass_identifier_pkey": "pass_identifier_value", "pass_created": "pass_of_type"}
SORTED = {"identifiers": "some", "metadata": "some", "metadata number": "some"}
MIDDLE = {
    "passType": ("card", "2026-01-07T00:00:00Z"),
    "creationDate": ("2026-01-07T00:00:00Z",),
    "lastUpdateDate": ("2026-01-07T00:00:00Z",),
    "apple": ("2026-01-07T00:00:00Z",),
    "google": ("2026-01-07T00:00:00Z",),
    "identifiers": ("value",),
    "metadata": ("5",),
    "metadata number": ("10001",),
}


@pytest.fixture(scope="module")
async def crowd(alone: Alone) -> AsyncIterator[Tx]:
    """A transaction of a tenant with so many passes that an index is worth its while."""
    for made in (PASSES_MADE, IDENTIFIERS_MADE, METADATA_MADE):
        await alone.owner.execute(made, alone.tenant_id, PASSES)
    await alone.owner.execute("VACUUM ANALYZE pass, pass_identifier, pass_metadata")
    await alone.owner.execute(LATE_MADE, alone.tenant_id, PASSES)
    async with alone.database.tenant(alone.tenant_id) as tx:
        yield tx


@pytest.mark.parametrize(("field", "operator", "value"), ASKED)
async def test_a_condition_looks_at_few_passes_exactly_if_the_table_names_an_index(
    crowd: Tx, field: str, operator: str, value: object
) -> None:
    (asked,) = read_filters([GivenFilter("filter[0]", field, operator, value)])
    index = INDEX_OF.get(condition_of(asked))
    by_creation = [Order("creationDate")]
    await plan_by_values(crowd)

    if index is None:
        await plan_freely(crowd)
        plan = await gathered(crowd, Gathering([asked], by_creation))
        assert looked_at(plan) >= PASSES, drawn(plan)
        return
    if finds_rows(asked):
        await plan_to_gather_few(crowd)
        plan = await gathered(crowd, Gathering([asked], by_creation, asked))
    else:
        await plan_freely(crowd)
        plan = await gathered(crowd, Gathering([asked], by_creation, expected_max=PASSES))
    assert looked_at(plan) < FEW, drawn(plan)
    assert indexes(plan) & {index, OTHERWISE.get(index)}, drawn(plan)


@pytest.mark.parametrize(("field", "operator", "value"), LATE)
async def test_what_is_gathered_is_looked_up_whatever_statistics_say(
    crowd: Tx, field: str, operator: str, value: str
) -> None:
    given = [("identifiers.some", "exists", "true"), (field, operator, value)]
    driver, asked = read_filters([GivenFilter("", *one) for one in given])
    await plan_by_values(crowd)
    await plan_to_gather_few(crowd)

    plan = await gathered(crowd, Gathering([driver, asked], [Order("creationDate")], driver))

    assert looked_at(plan) < FEW * 2, drawn(plan)


@pytest.mark.parametrize(("field", "operator", "value"), [*_ALL, *LATE])
@pytest.mark.parametrize("order", [Order(), Order("creationDate"), Order("metadata number", "size")])
async def test_a_walk_looks_at_no_more_than_it_may_whatever_is_asked(
    crowd: Tx, order: Order, field: str, operator: str, value: object
) -> None:
    asked = read_filters([GivenFilter("", field, operator, value), GivenFilter("", "metadata.all", "contains", "x")])
    await plan_by_values(crowd)
    await plan_to_walk(crowd)

    plan = await walked(crowd, Walk(asked, order, 0, LOOKS))

    assert looked_at(plan) <= LOOKS * (1 + 2 * ROWS_OF_PASS), drawn(plan)


@pytest.mark.parametrize(
    ("operator", "index"), [("equals", "pass_metadata_pkey"), ("startsWith", "pass_metadata_pass")]
)
async def test_a_walk_reads_no_range_of_an_index_for_each_pass(crowd: Tx, operator: str, index: str) -> None:
    asked = read_filters([GivenFilter("", "metadata.late", operator, "x")])
    await plan_by_values(crowd)
    await plan_to_walk(crowd)

    plan = await walked(crowd, Walk(asked, Order("creationDate"), 0, LOOKS))

    assert indexes(plan) == {"pass_created", index}, drawn(plan)


async def test_statistics_tell_how_many_passes_are_in_a_wallet(crowd: Tx) -> None:
    installed = read_filters([GivenFilter("", "installationStatus", "equals", "google")])

    expected = await expect_passes(crowd, installed)

    assert PASSES // 400 // 2 < expected < PASSES // 400 * 2


def test_every_condition_is_asked_about() -> None:
    asked = {condition_of(read_filters([GivenFilter("", *one)])[0]) for one in _ALL}

    assert asked == set(CONDITIONS)
    assert set(INDEX_OF) <= asked


async def test_the_passes_of_a_wallet_are_found_whatever_identifier_names_it(crowd: Tx) -> None:
    plan = await run_explained(crowd, "passes.binding_queries.list_bound", [str(uuid.uuid4()), str(uuid.uuid4())])

    assert used_indexes(plan) == {"pass_identifier_uuid"}
    assert looked_at(plan) == 0


async def test_one_other_pass_tells_that_a_wallet_is_shared(crowd: Tx) -> None:
    shared, own = str(uuid.uuid4()), str(uuid.uuid4())
    await crowd.execute(
        "INSERT INTO pass_identifier (tenant_id, name, value, pass_id)"
        " SELECT $1, 'household', $2, pass_id FROM pass WHERE tenant_id = $1 LIMIT 100",
        crowd.tenant_id,
        shared,
    )

    plan = await run_explained(crowd, "passes.binding_queries.list_shared", [shared, own], ["pass-000001"])

    assert used_indexes(plan) == {"pass_identifier_uuid"}, drawn(plan)
    assert looked_at(plan) <= 2, drawn(plan)


@pytest.mark.parametrize("by", ORDERS)
@pytest.mark.parametrize("is_descending", [False, True])
async def test_an_order_looks_at_few_passes_exactly_if_its_phases_name_an_index(
    crowd: Tx, by: str, is_descending: bool
) -> None:
    order = Order(by, SORTED.get(by, ""), is_descending)
    await plan_by_values(crowd)
    await plan_to_walk(crowd)
    for number, phase in enumerate(order.phases):
        behind = Mark(number, MIDDLE.get(by, ())[: len(phase.keys)], "pass-010001")
        for mark in (None, behind):
            plan = await walked(crowd, Walk((), order, number, LOOKS, mark))

            assert (looked_at(plan) < FEW) == (phase.index is not None), drawn(plan)
            assert phase.index is None or phase.index in indexes(plan), drawn(plan)


async def gathered(tx: Tx, gathering: Gathering) -> dict[str, Any]:
    parameters = Parameters(tx.tenant_id)
    return await explained(tx, compose_gathering(gathering, 20, 0, parameters), parameters)


async def walked(tx: Tx, walk: Walk) -> dict[str, Any]:
    parameters = Parameters(tx.tenant_id)
    return await explained(tx, compose_walk(walk, 10, 0, parameters), parameters)


def drawn(node: dict[str, Any], depth: int = 0) -> str:
    told = " ".join(
        str(node[name])
        for name in (
            "Node Type",
            "Relation Name",
            "Index Name",
            "Index Cond",
            "Filter",
            "Plan Rows",
            "Actual Rows",
            "Actual Loops",
        )
        if name in node
    )
    return "\n" + "  " * depth + told + "".join(drawn(child, depth + 1) for child in node.get("Plans", ()))


async def explained(tx: Tx, sql: str, parameters: Parameters) -> dict[str, Any]:
    text = await tx.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *parameters.arguments)
    return json.loads(text)[0]["Plan"]


def looked_at(plan: dict[str, Any]) -> int:
    """The rows that all scans of a plan looked at."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if "Relation Name" in node
    )


def indexes(plan: dict[str, Any]) -> set[str]:
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}
