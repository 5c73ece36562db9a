import asyncio
from datetime import timedelta

import pytest

from guerdon.entrypoints.wiring import ERASE_PASSES, job_kinds
from guerdon.passes.deleting import ERASED_AFTER
from guerdon.passes.errors import PassNotFound
from guerdon.platform.clock import utc_now
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from guerdon.privileges.granting import add_privilege
from guerdon.privileges.model import Privilege
from tests.shops import Shop, certify, problem, until_waiting

TABLES = ("pass", "pass_identifier", "pass_metadata", "privilege", "pass_notification", "pass_source")


async def erase(shop: Shop, later: timedelta) -> None:
    context = JobContext(shop.house.database, 1, 1, lambda: utc_now() + later, lambda _topic: None)
    await job_kinds(shop.house.master_key)[ERASE_PASSES].handler(Job(ERASE_PASSES, shop.tenant_id, {}), context)


async def count(shop: Shop, table: str) -> int:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        found: int = await tx.connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    return found


async def kinds(shop: Shop) -> list[str]:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        rows = await tx.records("SELECT kind FROM event WHERE tenant_id = $1 ORDER BY event_id", tx.tenant_id)
    return [row["kind"] for row in rows]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "?device=apple", None),
        ("GET", "?device=preview", None),
        ("GET", "/view", None),
        ("GET", "/document", None),
        ("GET", "/privileges", None),
        ("POST", "/privileges", {"type": "OneTime"}),
        ("PATCH", "", {"metadata": {"a": 1}}),
    ],
)
async def test_a_deleted_pass_is_not_there(shop: Shop, method: str, path: str, body: object) -> None:
    await certify(shop)
    pass_id = await shop.issue(customerId="1")
    await shop.ask("GET", f"/passes/{pass_id}?device=apple")

    deleted = await shop.ask("DELETE", f"/passes/{pass_id}")
    answer = await shop.ask(method, f"/passes/{pass_id}{path}", body)

    assert deleted.status_code == 204
    assert (answer.status_code, problem(answer)["code"]) == (404, "pass_not_found")


async def test_the_privileges_of_a_deleted_pass_take_nothing_more(shop: Shop) -> None:
    pass_id = await shop.issue()
    stamps = await shop.grant(pass_id, 3)

    await shop.ask("DELETE", f"/passes/{pass_id}")
    move = {"oldValue": 3, "movementValue": 1}
    moved = await shop.ask("POST", f"/passes/privileges/{stamps}/movements", move)
    read = await shop.ask("GET", f"/passes/privileges/{stamps}")

    assert (moved.status_code, read.status_code) == (404, 404)
    assert await count(shop, "ledger_entry") == 1


async def give(tx: Tx, pass_id: str) -> None:
    """Give a pass a privilege, once it has been seen to be there."""
    now = utc_now()
    new = Privilege(new_id().hex, pass_id, new_id(), "OneTime", None, "{}", None, None, now)
    await add_privilege(tx, new, (), (None, None), "test", now)


async def test_a_privilege_that_comes_while_its_pass_is_being_deleted_goes_with_it(shop: Shop) -> None:
    pass_id = await shop.issue()

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await give(tx, pass_id)
        deleting = asyncio.create_task(shop.ask("DELETE", f"/passes/{pass_id}"))
        await until_waiting(shop.house.database)

    assert (await deleting).status_code == 204
    assert await count(shop, "privilege") == 0


async def test_a_privilege_that_comes_after_its_pass_was_deleted_is_refused(shop: Shop) -> None:
    pass_id = await shop.issue()
    await shop.ask("DELETE", f"/passes/{pass_id}")

    with pytest.raises(PassNotFound):
        async with shop.house.database.tenant(shop.tenant_id) as tx:
            await give(tx, pass_id)

    assert await count(shop, "privilege") == 0


async def test_whoever_gives_privileges_while_a_pass_is_deleted_hears_what_became_of_it(shop: Shop) -> None:
    pass_ids = [await shop.issue() for _ in range(5)]

    answers = await asyncio.gather(
        *(shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime"}) for pass_id in pass_ids * 6),
        *(shop.ask("DELETE", f"/passes/{pass_id}") for pass_id in pass_ids),
    )

    assert {answer.status_code for answer in answers[:30]} <= {200, 404}
    assert {answer.status_code for answer in answers[30:]} == {204}
    assert await count(shop, "privilege") == 0


async def test_the_identifiers_of_a_deleted_pass_are_free_at_once(shop: Shop) -> None:
    old = await shop.issue(customerId="1")
    await shop.ask("DELETE", f"/passes/{old}")

    nobody = await shop.ask("GET", "/passes/findPass?customerId=1")
    new = await shop.issue(customerId="1")
    found = await shop.ask("GET", "/passes/findPass?customerId=1")

    assert nobody.status_code == 204
    assert new != old
    assert found.text == new


async def test_deleting_is_told_once_however_often_it_is_asked(shop: Shop) -> None:
    pass_id = await shop.issue()

    answers = [await shop.ask("DELETE", f"/passes/{pass_id}") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert (await kinds(shop)).count("Pass:Deleted") == 1


async def test_a_deleted_pass_is_erased_after_a_day_and_its_entries_stay(shop: Shop) -> None:
    kept = await shop.issue(customerId="2")
    pass_id = await shop.issue(customerId="1")
    await shop.grant(pass_id, 3)
    await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"level": "gold"}})
    await shop.ask("DELETE", f"/passes/{pass_id}")

    await erase(shop, ERASED_AFTER - timedelta(minutes=1))
    before = await count(shop, "pass")
    await erase(shop, ERASED_AFTER + timedelta(minutes=1))
    await erase(shop, ERASED_AFTER + timedelta(minutes=1))

    assert before == 2
    assert [await count(shop, table) for table in TABLES] == [1, 1, 0, 0, 0, 0]
    assert await count(shop, "ledger_entry") == 1
    assert (await kinds(shop)).count("Pass:Erased") == 1
    assert (await shop.ask("DELETE", f"/passes/{pass_id}")).status_code == 404
    assert (await shop.ask("GET", f"/passes/{kept}/document")).status_code == 200


async def test_a_deleted_pass_is_searched_by_nothing_more(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"level": "gold", "points": 7}})

    await shop.ask("DELETE", f"/passes/{pass_id}")
    by_level = "filter[0].field=metadata.level&filter[0].operator=equals&filter[0].value=gold"
    answers = [await shop.ask("GET", f"/passes?{query}") for query in (by_level, "sortBy[0].field=points", "")]

    assert [await count(shop, table) for table in ("pass", "pass_identifier", "pass_metadata")] == [1, 0, 0]
    assert [(answer.json(), answer.headers["x-pagination-total"]) for answer in answers] == [([], "0")] * 3


async def test_a_deleted_pass_is_on_no_list_and_counted_as_deleted(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    await shop.ask("DELETE", f"/passes/{pass_id}")

    listed = await shop.ask("GET", "/passes")
    scanned = await shop.ask("POST", "/scans", {"data": pass_id, "type": "QR"})
    (figures,) = (await shop.ask("GET", "/passes/statistics?passType=card")).json()

    assert listed.json() == []
    assert scanned.status_code in {400, 404}
    assert (figures["created"], figures["deleted"], figures["passes"]) == (1, 1, 0)


async def test_a_dry_run_deletes_nothing(shop: Shop) -> None:
    pass_id = await shop.issue()

    dry = await shop.ask("DELETE", f"/passes/{pass_id}", headers={"guerdon-dry-run": "true"})

    assert dry.status_code == 204
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).status_code == 200


@pytest.mark.parametrize("pass_id", ["aaaaaaaaaaaaaaaaaaaa", "x", "a,b", "%F0%9F%8D%B0", "x" * 500])
async def test_what_is_not_there_cannot_be_deleted(shop: Shop, pass_id: str) -> None:
    answer = await shop.ask("DELETE", f"/passes/{pass_id}")

    assert (answer.status_code, problem(answer)["code"]) == (404, "pass_not_found")


async def test_deleting_needs_the_scope_to_write(shop: Shop) -> None:
    pass_id = await shop.issue()
    reader = await shop.make_key("Pass.Read")

    assert (await shop.ask("DELETE", f"/passes/{pass_id}", key=reader)).status_code == 403
    assert (await shop.ask("DELETE", f"/passes/{pass_id}", key="")).status_code == 401
