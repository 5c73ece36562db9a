"""The whole history of a privilege, page by page."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from tests.architecture.plans import looked_at, run_explained
from tests.conftest import Alone
from tests.ledger.builders import opened, standing
from tests.shops import Shop, problem

BEFORE = "2020-01-01T00:00:00Z"
CUT = 1_000
LONG = 4_000
# A movement a minute, behind those that are there.
ENTRIES_MADE = """
INSERT INTO ledger_entry (tenant_id, account_id, seq, kind, amount, value_after, movement_id, actor, recorded_at, hash)
SELECT a.tenant_id, a.account_id, a.seq + n, 'move', 500000, a.value + n * 500000, a.account_id || '-' || n, 'tester',
       a.moved_at + n * interval '1 minute', sha256('')
  FROM ledger_account a, generate_series(1, $3::bigint) AS n
 WHERE a.tenant_id = $1 AND a.owner_id = $2
"""
ACCOUNT_BROUGHT = """
UPDATE ledger_account
   SET seq = seq + $3::bigint, value = value + 500000 * $3::bigint,
       moved_at = moved_at + $3::bigint * interval '1 minute'
 WHERE tenant_id = $1 AND owner_id = $2
"""
HISTORY = [
    {"movementId": "late", "date": "2021-05-05T10:00:00.5+02:00", "value": -0.25},
    {"movementId": "early", "date": "2020-01-01T00:00:00Z", "value": 4, "remarks": "aus dem „alten“ System"},
]


async def told(shop: Shop, path: str) -> list[list[dict[str, Any]]]:
    """Follow a history from page to page by its Link headers."""
    pages: list[list[dict[str, Any]]] = []
    following = path
    while following:
        answer = await shop.ask("GET", following)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        link = answer.headers.get("Link", "")
        following = link.partition(">")[0].partition(f"/api/{shop.tenant_id}")[2]
    return pages


async def lengthened(
    owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, privilege_id: str, movements: int
) -> None:
    for made in (ENTRIES_MADE, ACCOUNT_BROUGHT):
        await owner.execute(made, tenant_id, privilege_id, movements)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 1_000])
async def test_the_pages_of_a_history_join_to_what_the_privilege_tells(shop: Shop, limit: int) -> None:
    privilege_id = await shop.grant(await shop.issue(), data={"movements": HISTORY})
    path = f"/passes/privileges/{privilege_id}"
    for old_value, change in ((3.75, 0.5), (4.25, -2), (2.25, 0.000001)):
        movement = {"oldValue": old_value, "movementValue": change, "remarks": "till 7"}
        assert (await shop.ask("POST", f"{path}/movements", movement)).status_code == 200

    whole = (await shop.ask("GET", path)).json()["data"]["movements"]
    pages = await told(shop, f"{path}/movements?limit={limit}")

    assert [one["value"] for one in whole] == [4, -0.25, 0.5, -2, 0.000001]
    assert [one for page in pages for one in page] == whole
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= limit


async def test_what_is_cut_off_a_history_is_said_and_found(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pass_id = await shop.issue()
    privilege_id = await shop.grant(pass_id, 2)
    await lengthened(owner, shop.tenant_id, privilege_id, CUT - 1)
    full = await shop.ask("GET", f"/passes/privileges/{privilege_id}")
    await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", {"oldValue": 501.5, "movementValue": 1})

    cut = await shop.ask("GET", f"/passes/privileges/{privilege_id}")
    of_pass = await shop.ask("GET", f"/passes/{pass_id}/privileges/{privilege_id}")
    pages = await told(shop, f"/passes/privileges/{privilege_id}/movements")

    address = f"/api/{shop.tenant_id}/passes/privileges/{privilege_id}/movements"
    assert "Link" not in full.headers
    assert cut.headers["Link"] == of_pass.headers["Link"] == f'<{address}>; rel="movements"'
    assert [len(page) for page in pages] == [100] * 10 + [1]
    walked = [one for page in pages for one in page]
    assert walked[1:] == cut.json()["data"]["movements"]
    assert sum(one["value"] for one in walked) == cut.json()["data"]["value"] == 502.5


async def test_a_history_of_the_past_ends_there_on_every_page_and_its_privilege_leads_to_it(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    privilege_id = await shop.grant(await shop.issue(), 2)
    await lengthened(owner, shop.tenant_id, privilege_id, CUT + 50)
    of_tenant = ("SELECT recorded_at FROM ledger_entry WHERE tenant_id = $1 AND seq = $2", shop.tenant_id)
    at_cut: datetime = await owner.fetchval(*of_tenant, CUT)
    after_cut: datetime = await owner.fetchval(*of_tenant, CUT + 1)
    path = f"/passes/privileges/{privilege_id}"

    def as_of(instant: datetime) -> str:
        return "?asOf=" + instant.isoformat().replace("+", "%2B")

    whole, cut = [await shop.ask("GET", path + as_of(instant)) for instant in (at_cut, after_cut)]
    link = cut.headers["Link"].partition(">")[0].partition(f"/api/{shop.tenant_id}")[2]

    assert "Link" not in whole.headers
    assert [one for page in await told(shop, f"{path}/movements{as_of(at_cut)}&limit=300") for one in page] == (
        whole.json()["data"]["movements"]
    )
    assert [one for page in await told(shop, link) for one in page][1:] == cut.json()["data"]["movements"]


async def test_a_movement_that_comes_between_two_pages_is_on_the_last_one(shop: Shop) -> None:
    path = f"/passes/privileges/{await shop.grant(await shop.issue(), data={'movements': HISTORY})}/movements"
    first = await shop.ask("GET", f"{path}?limit=1")

    await shop.ask("POST", path, {"oldValue": 3.75, "movementValue": 1, "movementId": "between"})
    rest = await shop.ask("GET", f"{path}?limit=5&cursor={first.headers['Guerdon-Next-Cursor']}")

    assert [one["movementId"] for one in rest.json()] == ["late", "between"]
    assert "Link" not in rest.headers


async def test_a_privilege_that_never_moved_has_an_empty_history(shop: Shop) -> None:
    answer = await shop.ask("GET", f"/passes/privileges/{await shop.grant(await shop.issue())}/movements")

    assert (answer.status_code, answer.text, answer.headers.get("Link")) == (200, "[]", None)


async def test_a_history_is_not_found_where_its_privilege_is_not(shop: Shop) -> None:
    pass_id = await shop.issue()
    over = await shop.grant(pass_id, 1, deletionDate=BEFORE)
    gone, there = await shop.grant(pass_id, 1), await shop.grant(pass_id, 1)
    await shop.ask("DELETE", f"/passes/privileges/{gone}")

    for path in (f"{over}/movements", f"{gone}/movements", "nobody/movements", f"{there}/movements?asOf={BEFORE}"):
        refused = problem(await shop.ask("GET", f"/passes/privileges/{path}"))

        assert (refused["status"], refused["code"]) == (404, "privilege_not_found"), path


async def test_a_privilege_that_is_made_anew_begins_a_history_of_its_own(shop: Shop) -> None:
    pass_id = await shop.issue()
    path = f"/passes/{pass_id}/privileges/gift"
    for _ in range(2):
        await shop.ask("PUT", path, {"type": "OneTime"})
        await shop.ask("POST", "/passes/privileges/gift/movements", {"oldValue": 0, "movementValue": 1})
        kept = (await shop.ask("GET", "/passes/privileges/gift/movements")).json()
        await shop.ask("DELETE", path)

        assert [one["value"] for one in kept] == [1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=", "limit=1_0", "cursor=x", "cursor=", "cursor=-1", "asOf=now"]
)
async def test_a_part_that_cannot_be_meant_is_refused(shop: Shop, query: str) -> None:
    privilege_id = await shop.grant(await shop.issue())

    refused = problem(await shop.ask("GET", f"/passes/privileges/{privilege_id}/movements?{query}"))

    assert (refused["status"], list(refused["errors"])) == (400, [query.partition("=")[0]])


async def test_a_page_in_the_middle_of_a_long_history_reads_its_own_movements_alone(alone: Alone) -> None:
    privilege = await opened(alone.database, alone.tenant_id)
    account = await standing(alone.database, alone.tenant_id, privilege)
    await lengthened(alone.owner, alone.tenant_id, privilege.owner_id, LONG)
    await alone.owner.execute("VACUUM ANALYZE ledger_entry")
    of_page = account.account_id, LONG // 2, LONG - 1, 101

    async with alone.database.tenant(alone.tenant_id) as tx:
        plan = await run_explained(tx, "privileges.queries.list_movements", *of_page)

    assert looked_at(plan) == 101
