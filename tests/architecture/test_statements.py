"""SQL: where it may stand, that PostgreSQL accepts it, that its rows fit, and that it stays with its tenant."""

import dataclasses
import importlib
import re
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import LiteralString, cast
from uuid import UUID

import asyncpg
import msgspec
import pytest

from guerdon.platform.pending import Write, together
from tests.architecture import searches
from tests.architecture.plans import conditions, explain, nodes
from tests.architecture.statements import Statement, collect, statements
from tests.architecture.tables import READ_BY, WRITTEN_BY, is_catalogue, relations, written

# Modules whose database calls carry SQL from elsewhere: nothing in them can be prepared here.
CARRIERS = {
    "guerdon.passes.filter_queries": "fragments of statements",
    "guerdon.passes.page_queries": "statements composed of fragments; tests.architecture.searches composes them all",
    "guerdon.passes.search_queries": "the same, and those of counts",
    "guerdon.passes.selection_queries": "the same",
    "guerdon.platform.db": "the methods of Tx, and BEGIN with the tenant, which takes no parameters",
    "guerdon.platform.jobs_queue": "the driver through which pgqueuer's own statements run",
    "guerdon.platform.migrate": "the migrations themselves",
    "guerdon.platform.pending": "writes that are sent together; a test below composes them in every order",
    "guerdon.platform.cluster_making": "the single-user server that makes the cluster",
}
# Statements that ask for more than one tenant on purpose: who asks, and why.
ACROSS_TENANTS = {
    "tenants.queries.list_tenants": "the operator lists tenants, as the owner",
    "tenants.clock_queries.list_clocks": "every process asks which clocks stand, as guerdon_worker",
    "platform.jobs_schedule.list_tenants": "the schedule asks for the names, as guerdon_worker",
    "webhooks.queries.list_tenants": "the dispatcher asks for the names, as guerdon_worker",
}
ROLES = {
    "tenants.clock_queries.list_clocks": "guerdon_worker",
    "platform.jobs_schedule.list_tenants": "guerdon_worker",
    "webhooks.queries.list_tenants": "guerdon_worker",
}
# Columns whose field has another name in Python: row class, column -> field.
ALIASES = {("Account", "seq"): "version"}
PYTHON_TYPES: dict[str, tuple[object, ...]] = {
    "text": (str,),
    "varchar": (str,),
    "jsonb": (str,),
    "int2": (int,),
    "int4": (int,),
    "int8": (int,),
    "numeric": (Decimal,),
    "bool": (bool,),
    "bytea": (bytes,),
    "uuid": (UUID,),
    "timestamptz": (datetime,),
    "xid8": (int,),
    "text[]": (list, Sequence),
    "int8[]": (list, Sequence),
}
CALLED = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(")

PLANNED = [pytest.param(one, id=one.place) for one in statements() if one.is_planned]
WITH_ROWS = [pytest.param(one, id=one.place) for one in statements() if one.row is not None]


def test_every_database_call_is_given_sql_that_can_be_read_here() -> None:
    strange = [f"{one.module.short}:{one.line}" for one in collect()[1] if one.module.name not in CARRIERS]

    assert strange == []


def test_the_statements_of_the_package_were_found() -> None:
    assert len(statements()) > 100


def test_sql_stands_in_the_queries_of_its_room_or_in_the_platform() -> None:
    elsewhere = [
        one.place
        for one in statements()
        if one.module.room != "platform" and one.module.file != "queries" and not one.module.file.endswith("_queries")
    ]

    assert elsewhere == []


@pytest.mark.parametrize("statement", PLANNED)
async def test_postgresql_accepts_the_statement_with_as_many_parameters_as_it_is_given(
    statement: Statement, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    parameters = len((await owner.prepare(statement.sql)).get_parameters())

    if statement.are_all_counted:
        assert parameters == statement.arguments
    else:
        assert parameters > statement.arguments


@pytest.mark.parametrize("statement", WITH_ROWS)
async def test_the_columns_are_the_fields_of_the_row_in_their_order(
    statement: Statement, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    row = getattr(importlib.import_module(statement.module.name), statement.row or "")
    columns = (await owner.prepare(statement.sql)).get_attributes()
    fields = list(_fields(row, len(columns)))

    assert [_field_name(row, column) for column in columns] == [name for name, _ in fields]
    assert [name for column, (name, kind) in zip(columns, fields, strict=True) if not _fits(column, kind)] == []


@pytest.mark.parametrize("statement", PLANNED)
async def test_the_role_that_runs_the_statement_may_run_it(
    statement: Statement, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    if statement.holder == "owner" or statement.module.name == "guerdon.platform.migrate":
        return
    role = ROLES.get(statement.key, "guerdon_app")
    parameters = len((await owner.prepare(statement.sql)).get_parameters())

    assert await explain(owner, statement.sql, parameters, role)


@pytest.mark.parametrize("statement", PLANNED)
async def test_every_row_of_a_tenant_is_asked_for_by_its_tenant(
    statement: Statement, owner: "asyncpg.Connection[asyncpg.Record]", tenant_tables: frozenset[str]
) -> None:
    parameters = len((await owner.prepare(statement.sql)).get_parameters())
    plan = await explain(owner, statement.sql, parameters)

    # The owner is bound by no policy, so whatever condition there is comes from the statement itself.
    unbound = {
        node["Relation Name"]
        for node in nodes(plan)
        if node.get("Relation Name") in tenant_tables
        and node["Node Type"] != "ModifyTable"
        and "tenant_id" not in conditions(node)
    }
    assert not unbound or statement.key in ACROSS_TENANTS


@pytest.mark.parametrize("statement", PLANNED)
def test_a_table_is_written_by_its_room_only_and_read_from_below_only(statement: Statement) -> None:
    room = statement.module.room
    foreign = {name for name in relations(statement.sql) if room != WRITTEN_BY.get(name)}

    assert {name for name in written(statement.sql) if room != WRITTEN_BY[name]} == set()
    assert {name for name in foreign if room not in READ_BY.get(name, ()) and not is_catalogue(name)} == set()


@pytest.mark.parametrize("statement", PLANNED)
async def test_an_update_calls_no_volatile_function(
    statement: Statement, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    called = set(CALLED.findall(statement.sql)) if re.search(r"\bUPDATE\b(?! OF)", statement.sql) else set[str]()
    volatile = await owner.fetch(
        "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY($1) AND provolatile = 'v'", list(called)
    )

    assert [record["proname"] for record in volatile] == []


async def test_postgresql_accepts_every_condition_of_a_search_in_every_order(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    composed = list(searches.pairs())
    for sql in composed:
        await owner.execute(f"PREPARE searched AS {sql}; DEALLOCATE searched")

    assert len(composed) > 1_000


async def test_postgresql_accepts_writes_that_are_held_back_together_in_any_order(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    held = [one for one in statements() if one.method == "write"]
    groups = [group for size in range(2, len(held) + 1) for group in permutations(held, size)]

    for group in groups:
        writes = [Write(cast("LiteralString", one.sql), ("tenant", *range(1, one.arguments))) for one in group]
        sql, arguments = together(writes)
        assert len((await owner.prepare(sql)).get_parameters()) == len(arguments)
    assert len(held) > 3


def test_writes_that_are_held_back_together_change_no_row_twice() -> None:
    # An INSERT beside an UPDATE of the same table is not seen by it; two UPDATEs of a row are one.
    changed = [
        one for one in statements() if one.method == "write" and re.search(r"\b(UPDATE|MERGE|DELETE)\b", one.sql)
    ]
    tables = [name for one in changed for name in written(one.sql)]

    assert sorted(tables) == ["ledger_account", "pass"]
    assert {name for one in statements() if one.method == "write" for name in written(one.sql)} == {
        *("event", "ledger_account", "ledger_entry", "pass")
    }


def test_no_statement_calls_set_config() -> None:
    assert [one.place for one in statements() if "set_config" in one.sql] == []


def test_every_exception_is_still_needed() -> None:
    keys = {one.key for one in statements()}

    assert set(ACROSS_TENANTS) | set(ROLES) <= keys
    assert set(CARRIERS) <= {one.module.name for one in collect()[1]}


@pytest.fixture(scope="session")
async def tenant_tables(owner: "asyncpg.Connection[asyncpg.Record]") -> frozenset[str]:
    records = await owner.fetch(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    return frozenset(record["table_name"] for record in records)


def _fields(row: type, columns: int) -> Iterator[tuple[str, object]]:
    """Give the fields that a row of so many columns fills; those after them must have defaults."""
    kinds = typing.get_type_hints(row)
    for place, (name, has_default) in enumerate(_arguments(row)):
        if place < columns or not has_default:
            yield name, kinds[name]


def _arguments(row: type[object]) -> list[tuple[str, bool]]:
    """Give what makes a row, each with whether it may be left out."""
    if issubclass(row, msgspec.Struct):
        return [(one.name, not one.required) for one in msgspec.structs.fields(row)]
    assert dataclasses.is_dataclass(row), f"{row} is no dataclass and no Struct"
    missing = dataclasses.MISSING
    return [
        (one.name, not one.default is one.default_factory is missing) for one in dataclasses.fields(row) if one.init
    ]


def _field_name(row: type, column: asyncpg.Attribute) -> str:
    # Documents travel as text (platform/db.py), and the fields say so.
    is_text = column.type.name == "jsonb" and f"{column.name}_text" in {name for name, _ in _arguments(row)}
    return f"{column.name}_text" if is_text else ALIASES.get((row.__name__, column.name), column.name)


def _fits(column: asyncpg.Attribute, kind: object) -> bool:
    return bool(_classes(kind) & set(PYTHON_TYPES[column.type.name]))


def _classes(kind: object) -> set[object]:
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        return {one for part in typing.get_args(kind) for one in _classes(part)}
    if origin is typing.Literal:
        return {type(value) for value in typing.get_args(kind)}
    return {origin or kind}
