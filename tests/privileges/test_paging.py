"""Long lists of privileges, page by page."""

import asyncio

import asyncpg
import pytest

from tests.shops import Shop, problem

MANY = 1_001
ACCOUNTS_MADE = """
INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head, has_lots, opened_at,
                            moved_at)
SELECT $1, md5($2 || n)::uuid, 'privilege', $2 || '-' || n, $2, 0, 0, sha256(''), false, now(), now()
  FROM generate_series(1, $3::int) AS n
"""
PRIVILEGES_MADE = """
INSERT INTO privilege (tenant_id, privilege_id, pass_id, account_id, type, body, created_at, updated_at)
SELECT $1, $2 || '-' || n, $2, md5($2 || n)::uuid, 'OneTime', '{}', now() + n * interval '1 ms', now()
  FROM generate_series(1, $3::int) AS n
"""


async def ranked(shop: Shop) -> tuple[str, list[str]]:
    """A pass with seven privileges of different ranks, and their ids in the order of the list."""
    pass_id = await shop.issue(customerId="c-1")
    made = {rank: await shop.grant(pass_id, priority=rank) for rank in (5, -3, 100, 2**31 - 1, -(2**31))}
    twins = [await shop.grant(pass_id), await shop.grant(pass_id)]
    return pass_id, [made[rank] for rank in sorted(made, reverse=True)] + twins


async def walked(shop: Shop, path: str) -> list[list[str]]:
    """Follow a list from page to page by its Link headers, and give the ids of each page."""
    pages: list[list[str]] = []
    following = path
    while following:
        answer = await shop.ask("GET", following)
        assert answer.status_code == 200, answer.text
        pages.append([one["privilegeId"] for one in answer.json()])
        link = answer.headers.get("Link", "")
        following = link.partition(">")[0].partition(f"/api/{shop.tenant_id}")[2]
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 1_000])
async def test_everything_is_met_once_and_in_order(shop: Shop, limit: int) -> None:
    pass_id, ids = await ranked(shop)

    for path in (f"/passes/{pass_id}/privileges?limit={limit}", f"/passes/privileges?customerId=c-1&limit={limit}"):
        pages = await walked(shop, path)

        assert [one for page in pages for one in page] == ids
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


async def test_a_privilege_that_goes_between_two_pages_hides_no_other(shop: Shop) -> None:
    pass_id, ids = await ranked(shop)
    first = await shop.ask("GET", f"/passes/{pass_id}/privileges?limit=3")

    await asyncio.gather(*(shop.ask("DELETE", f"/passes/privileges/{gone}") for gone in ids[1:4]))
    rest = await shop.ask("GET", f"/passes/{pass_id}/privileges?cursor={first.headers['Guerdon-Next-Cursor']}")

    assert [one["privilegeId"] for one in rest.json()] == ids[4:]


async def test_pages_of_the_past_hold_what_was_there_then(shop: Shop) -> None:
    pass_id, _ = await ranked(shop)

    (page,) = await walked(shop, f"/passes/{pass_id}/privileges?asOf=2026-01-01T00:00:00Z&limit=3")

    assert page == []


async def test_a_list_without_a_limit_ends_after_a_thousand_and_says_where_it_goes_on(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pass_id = await shop.issue()
    for made in (ACCOUNTS_MADE, PRIVILEGES_MADE):
        await owner.execute(made, shop.tenant_id, pass_id, MANY)

    pages = await walked(shop, f"/passes/{pass_id}/privileges")

    assert [len(page) for page in pages] == [1_000, 1]
    assert pages[0][0].endswith("-1")
    assert pages[1][0].endswith("-1001")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=", "cursor=x", "cursor=WzFd", "asOf=now"])
async def test_a_part_that_cannot_be_meant_is_refused(shop: Shop, query: str) -> None:
    pass_id = await shop.issue(customerId="c-1")

    for path in (f"/passes/{pass_id}/privileges?{query}", f"/passes/privileges?customerId=c-1&{query}"):
        refused = problem(await shop.ask("GET", path))

        assert (refused["status"], list(refused["errors"])) == (400, [query.partition("=")[0]])


async def test_a_page_of_no_pass_is_not_found(shop: Shop) -> None:
    assert problem(await shop.ask("GET", "/passes/nobody-here/privileges?limit=2"))["code"] == "pass_not_found"
