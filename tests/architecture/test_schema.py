"""The database: every tenant table locked twice, tenant first in every key, and what may only grow only grows."""

import re

import asyncpg
import pytest

from guerdon.platform.migrate import list_migrations
from guerdon.platform.sessions import APPLICATION_ROLE
from tests.architecture.tables import WRITTEN_BY

APPEND_ONLY = {
    "event",
    "ledger_allocation",
    "ledger_checkpoint",
    "ledger_checkpoint_leaf",
    "ledger_entry",
    "tenant_file",
}
# What an event says of a person can be erased, and nothing else of it altered.
ERASABLE = {"event": {"payload"}}
COMMENT = re.compile(r"--[^\n]*")


@pytest.fixture(scope="session")
async def tables(owner: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The tenant tables: all that are in schema public, but for the list of migrations."""
    records = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND relname <> 'migration' ORDER BY relname"
    )
    return [record["relname"] for record in records]


async def test_every_relation_has_an_owning_room(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    records = await owner.fetch(
        "SELECT CASE n.nspname WHEN 'public' THEN relname ELSE n.nspname || '.' || relname END AS name"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('public', 'queue') AND relkind IN ('r', 'p', 'v', 'm')"
    )

    assert {record["name"] for record in records} == set(WRITTEN_BY)


async def test_every_table_has_a_tenant_that_is_never_missing(
    owner: "asyncpg.Connection[asyncpg.Record]", tables: list[str]
) -> None:
    records = await owner.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id' AND is_nullable = 'NO'"
    )

    assert set(tables) <= {record["table_name"] for record in records}


async def test_every_table_is_closed_to_all_but_the_tenant_of_the_transaction(
    owner: "asyncpg.Connection[asyncpg.Record]", tables: list[str]
) -> None:
    records = await owner.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.schemaname = 'public'"
        " WHERE c.relrowsecurity AND $1::name = ANY(p.roles) AND p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE'"
        "   AND p.qual = '(tenant_id = current_setting(''app.tenant_id''::text, true))'"
        "   AND coalesce(p.with_check, p.qual) = p.qual",
        APPLICATION_ROLE,
    )

    assert set(tables) <= {record["relname"] for record in records}


async def test_the_application_is_bound_by_no_wider_policy(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    # A second policy would be added to the first by OR.
    records = await owner.fetch(
        "SELECT tablename FROM pg_policies WHERE $1::name = ANY(roles) OR 'public' = ANY(roles)"
        " GROUP BY tablename HAVING count(*) > 1",
        APPLICATION_ROLE,
    )

    assert [record["tablename"] for record in records] == []


async def test_views_ask_in_the_name_of_their_reader(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    records = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
        " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
    )

    assert [record["relname"] for record in records] == []


async def test_the_tenant_comes_first_in_every_key_and_index(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    records = await owner.fetch(
        "SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        "  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'migration'"
        "   AND a.attname IS DISTINCT FROM 'tenant_id'"
    )

    assert [record["name"] for record in records] == []


async def test_no_index_is_the_beginning_of_another(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    # Such an index costs every writer and serves no reader whom the longer one does not serve.
    records = await owner.fetch(
        "SELECT i.indexrelid::regclass::text AS name, i.indisunique AS is_unique,"
        "       (i.indrelid, c.relam, pg_get_expr(i.indpred, i.indrelid))::text AS kind,"
        "       string_to_array(i.indkey::text, ' ') AS columns, string_to_array(i.indclass::text, ' ') AS classes"
        "  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indexprs IS NULL"
    )

    assert [
        (short["name"], long["name"])
        for short in records
        for long in records
        if short["name"] != long["name"]
        and short["kind"] == long["kind"]
        and not short["is_unique"]
        and all(long[parts][: len(short[parts])] == short[parts] for parts in ("columns", "classes"))
    ] == []


async def test_every_table_has_a_primary_key(owner: "asyncpg.Connection[asyncpg.Record]", tables: list[str]) -> None:
    records = await owner.fetch("SELECT indrelid::regclass::text AS name FROM pg_index WHERE indisprimary")

    assert set(tables) <= {record["name"] for record in records}


async def test_every_foreign_key_begins_with_the_tenant_on_both_sides(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    records = await owner.fetch(
        "SELECT k.conname FROM pg_constraint k"
        "  JOIN pg_attribute here ON here.attrelid = k.conrelid AND here.attnum = k.conkey[1]"
        "  JOIN pg_attribute there ON there.attrelid = k.confrelid AND there.attnum = k.confkey[1]"
        " WHERE k.contype = 'f' AND NOT (here.attname = 'tenant_id' AND there.attname = 'tenant_id')"
    )

    assert [record["conname"] for record in records] == []


async def test_the_application_owns_nothing_and_passes_by_nothing(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", APPLICATION_ROLE)
    owned = await owner.fetchval("SELECT count(*) FROM pg_class WHERE relowner = $1::regrole", APPLICATION_ROLE)

    assert role is not None
    assert not any(role[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolcanlogin"))
    assert owned == 0


async def test_the_application_is_no_member_of_another_role(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    held = await owner.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", APPLICATION_ROLE)

    assert held == 0


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
async def test_what_was_appended_cannot_be_altered(
    owner: "asyncpg.Connection[asyncpg.Record]", table: str, right: str
) -> None:
    may = await owner.fetchval("SELECT has_table_privilege($1, $2, $3)", APPLICATION_ROLE, table, right)
    columns = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $2::text::regclass AND attnum > 0"
        "   AND has_column_privilege($1, attrelid, attnum, 'UPDATE')",
        APPLICATION_ROLE,
        table,
    )

    assert not may
    assert {column["attname"] for column in columns} == ERASABLE.get(table, set())


async def test_no_table_of_a_tenant_has_a_trigger_or_a_rule(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    triggers = await owner.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
    rules = await owner.fetchval("SELECT count(*) FROM pg_rules WHERE schemaname IN ('public', 'queue')")

    assert triggers + rules == 0


async def test_a_value_is_kept_in_no_floating_point(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    records = await owner.fetch(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('real', 'double precision')"
    )

    # It orders a search and is no value: under row-level security an index on numeric cannot be asked for a range.
    assert [record["name"] for record in records] == ["pass_metadata.number"]


async def test_every_moment_knows_its_zone(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    records = await owner.fetch(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'"
    )

    assert [record["name"] for record in records] == []


def test_no_migration_uses_what_a_cluster_cannot() -> None:
    forbidden = re.compile(
        r"set_config|CREATE\s+(CONSTRAINT\s+)?TRIGGER|pgcrypto|CREATE\s+RULE|\bMERGE\b", re.IGNORECASE
    )

    assert [
        (migration.name, found)
        for migration in list_migrations()
        for found in forbidden.findall(COMMENT.sub("", migration.sql))
    ] == []
