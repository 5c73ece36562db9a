import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook

from guerdon.imports.chunks import Seal
from guerdon.imports.jobs import forget_imports
from guerdon.imports.pass_taking import PassTaker
from guerdon.imports.working import work_chunk
from guerdon.platform.tables import JSON_LINES, XLSX
from tests.imports.conftest import Mover
from tests.imports.test_files import BAD, LONG, TOKEN, WRONG
from tests.shops import problem, save_type

GOOD = f"serial,passType,authenticationToken,identifiers.customerId\n{LONG},card,{TOKEN},c-1\n10:7,card,{TOKEN}7,c-2\n"


def workbook(*rows: list[Any]) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def many(count: int) -> str:
    return "serial,passType\n" + "".join(f"s{number},card\n" for number in range(count))


async def kinds(mover: Mover) -> list[tuple[str, str]]:
    """Give the kinds and actors of all events but those of furnishing."""
    async with mover.shop.house.database.tenant(mover.shop.tenant_id) as tx:
        records = await tx.records("SELECT kind, actor FROM event WHERE tenant_id = $1 ORDER BY event_id", tx.tenant_id)
    return [(kind, actor) for kind, actor in records if kind.startswith(("Import:", "Pass:"))]


async def test_passes_of_a_file_are_taken_in_by_a_job(mover: Mover) -> None:
    answer = await mover.send(GOOD)
    accepted = answer.json()
    before = await mover.shop.ask("GET", f"/passes/{LONG}/document")
    ended = await mover.run(accepted["importId"])

    assert (answer.status_code, before.status_code) == (202, 404)
    assert (accepted["count"], accepted["state"], accepted["mistakes"]) == (2, "running", [])
    assert (ended["state"], ended["total"], ended["imported"]) == ("finished", 2, 2)
    assert (await mover.document(LONG))["identifiers"] == {"customerId": "c-1"}
    assert answer.headers["Location"] == f"/api/{mover.shop.tenant_id}/passes/import/{accepted['importId']}"


async def test_everything_that_happens_is_told_in_the_name_of_the_caller(mover: Mover) -> None:
    import_id = (await mover.send(GOOD)).json()["importId"]
    await mover.run(import_id)

    told = await kinds(mover)

    assert [kind for kind, _ in told] == ["Import:Started", "Pass:Created", "Pass:Created", "Import:Finished"]
    assert len({actor for _, actor in told}) == 1
    assert told[0][1].startswith("key:")


async def test_what_waits_to_be_taken_in_is_sealed_and_then_gone(mover: Mover) -> None:
    import_id = (await mover.send(GOOD)).json()["importId"]
    statement = "SELECT sealed FROM pass_import_chunk WHERE tenant_id = $1"

    async with mover.shop.house.database.tenant(mover.shop.tenant_id) as tx:
        waiting = [record["sealed"] for record in await tx.records(statement, tx.tenant_id)]
    await mover.run(import_id)
    async with mover.shop.house.database.tenant(mover.shop.tenant_id) as tx:
        left = await tx.records(statement, tx.tenant_id)

    assert len(waiting) == 1
    assert TOKEN.encode() not in waiting[0]
    assert list(left) == []


async def test_a_file_with_bad_rows_is_refused_whole_and_every_mistake_is_named(mover: Mover) -> None:
    refused = problem(await mover.send(BAD.encode("utf-8", "surrogateescape")))

    assert (refused["code"], refused["rejected"]) == ("rows_invalid", 10)
    assert list(refused["errors"]) == [f"line {line}" for line, *_ in sorted(WRONG)]
    assert "passType: There is no pass type 'nothing'." in refused["errors"]["line 3"]
    assert (await mover.shop.ask("GET", "/passes/import")).json() == []


async def test_the_good_rows_are_kept_when_the_caller_says_so(mover: Mover) -> None:
    accepted = (await mover.send(BAD.encode("utf-8", "surrogateescape"), "?onError=skip")).json()
    ended = await mover.run(accepted["importId"])
    first = await mover.shop.ask("GET", f"/passes/import/{accepted['importId']}/errors?limit=5")
    rest = await mover.shop.ask("GET", first.headers["Link"].partition(">")[0].partition(mover.shop.tenant_id)[2])

    assert (accepted["count"], accepted["rejected"], accepted["total"]) == (2, 10, 12)
    assert (ended["imported"], ended["rejected"], ended["state"]) == (2, 10, "finished")
    assert first.json() + rest.json() == accepted["mistakes"]
    assert {(one["line"], *sorted(one["errors"])) for one in accepted["mistakes"]} == WRONG
    assert accepted["mistakes"][0]["serial"] == "s2"


async def test_a_dry_run_answers_the_same_and_keeps_nothing(mover: Mover) -> None:
    tried = (await mover.send(GOOD, **{"Guerdon-Dry-Run": "true"})).json()
    refused = problem(await mover.send(BAD.replace("\udcff", ""), **{"Guerdon-Dry-Run": "true"}))

    assert (tried["count"], tried["rejected"], refused["code"]) == (2, 0, "rows_invalid")
    assert (await mover.shop.ask("GET", "/passes/import")).json() == []
    assert await kinds(mover) == []


async def test_the_same_key_and_file_start_an_import_once_and_another_file_is_refused(mover: Mover) -> None:
    key = {"Idempotency-Key": "file-1"}

    first = await mover.send(GOOD, **key)
    await mover.run(first.json()["importId"])
    again = await mover.send(GOOD, **key)
    other = await mover.send(GOOD + "\n", **key)

    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(other)["code"] == "idempotency_mismatch"
    assert len((await mover.shop.ask("GET", "/passes/import")).json()) == 1


async def test_a_file_may_be_sent_again_and_finds_its_passes_there(mover: Mover) -> None:
    await mover.run((await mover.send(GOOD)).json()["importId"])

    again = (await mover.send(GOOD)).json()

    assert (again["count"], again["existing"], again["state"]) == (0, 2, "finished")
    assert [kind for kind, _ in await kinds(mover)][-2:] == ["Import:Started", "Import:Finished"]


async def test_a_row_that_becomes_bad_after_the_check_is_told_with_its_line(mover: Mover) -> None:
    import_id = (await mover.send(GOOD)).json()["importId"]
    await mover.shop.issue(customerId="c-2")

    ended = await mover.run(import_id)
    (left_out,) = (await mover.shop.ask("GET", f"/passes/import/{import_id}/errors")).json()

    assert (ended["imported"], ended["rejected"], ended["state"]) == (1, 1, "finished")
    assert (left_out["line"], left_out["serial"], list(left_out["errors"])) == (3, "10:7", ["identifiers"])


async def test_an_import_that_was_broken_off_goes_on_where_it_was_and_does_nothing_twice(mover: Mover) -> None:
    import_id = (await mover.send(many(1_201))).json()["importId"]
    shop = mover.shop
    taker = PassTaker(mover.importer(), Seal(shop.house.master_key, shop.tenant_id, UUID(import_id)))
    async with shop.house.database.tenant(shop.tenant_id, dry_run=True) as tx:  # killed before it commits
        await work_chunk(tx, taker, datetime.now(UTC))
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await work_chunk(tx, taker, datetime.now(UTC))

    halfway = await mover.progress(import_id)
    ended = await mover.run(import_id)

    assert (halfway["imported"], halfway["state"]) == (500, "running")
    assert (ended["imported"], ended["existing"], ended["state"]) == (1_201, 0, "finished")
    statistics = (await shop.ask("GET", "/passes/statistics?passType=card")).json()
    assert statistics[0]["passes"] == 1_201


async def test_two_workers_take_different_chunks(mover: Mover) -> None:
    import_id = (await mover.send(many(2_600))).json()["importId"]

    await asyncio.gather(mover.run(import_id), mover.run(import_id))

    ended = await mover.progress(import_id)
    assert (ended["imported"], ended["existing"], ended["rejected"]) == (2_600, 0, 0)
    assert [kind for kind, _ in await kinds(mover)].count("Import:Finished") == 1


async def test_a_cancelled_import_stops_and_lets_go_of_what_waits(mover: Mover) -> None:
    import_id = (await mover.send(many(900))).json()["importId"]

    answers = [await mover.shop.ask("POST", f"/passes/import/{import_id}/cancel") for _ in range(2)]
    ended = await mover.run(import_id)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert (ended["state"], ended["imported"]) == ("cancelled", 0)
    assert [kind for kind, _ in await kinds(mover)] == ["Import:Started", "Import:Cancelled"]
    async with mover.shop.house.database.tenant(mover.shop.tenant_id) as tx:
        left = await tx.value("SELECT count(*) FROM pass_import_chunk WHERE tenant_id = $1", tx.tenant_id)
    assert left == 0


async def test_a_finished_import_is_not_cancelled(mover: Mover) -> None:
    import_id = (await mover.send(GOOD)).json()["importId"]
    await mover.run(import_id)

    answer = await mover.shop.ask("POST", f"/passes/import/{import_id}/cancel")

    assert (answer.status_code, (await mover.progress(import_id))["state"]) == (202, "finished")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/errors"), ("POST", "/cancel")])
async def test_an_import_that_is_not_there_is_not_found(mover: Mover, method: str, path: str) -> None:
    answer = await mover.shop.ask(method, f"/passes/import/{'0' * 32}{path}")

    assert problem(answer)["code"] == "import_not_found"


async def test_a_workbook_brings_texts_numbers_and_dates(mover: Mover) -> None:
    header = ["serial", "passType", "identifiers.customerId", "metadata.visits", "metadata.vip", "createdAt"]
    table = workbook(header, [LONG, "card", 42, 7, True, datetime(2024, 2, 29, 9)], [], ["nobody", "nothing"])  # noqa: DTZ001

    refused = problem(await mover.send(table, media_type=XLSX))
    accepted = (await mover.send(table, "?onError=skip", media_type=XLSX)).json()
    await mover.run(accepted["importId"])

    assert list(refused["errors"]) == ["line 4"]
    document = await mover.document(LONG)
    assert document["identifiers"] == {"customerId": "42"}
    assert document["metadata"] == {"visits": 7, "vip": True}
    assert document["creationDate"] == "2024-02-29T09:00:00Z"


async def test_json_lines_keep_exact_numbers_on_their_way_to_the_pass(mover: Mover) -> None:
    line = f'{{"serial": "{LONG}", "passType": "card", "metadata": {{"rate": 0.10000000000000000001}}}}'

    accepted = (await mover.send(line, media_type=JSON_LINES)).json()
    await mover.run(accepted["importId"])

    text = (await mover.shop.ask("GET", f"/passes/{LONG}/document")).text
    assert "0.10000000000000000001" in text


@pytest.mark.parametrize(("media_type", "status"), [("application/pdf", 415), ("application/json", 415), (XLSX, 400)])
async def test_what_is_no_such_file_is_refused(mover: Mover, media_type: str, status: int) -> None:
    assert problem(await mover.send("{}", media_type=media_type))["status"] == status


async def test_the_header_decides_whether_a_file_is_read(mover: Mover) -> None:
    assert problem(await mover.send("serial\ns1\n"))["code"] == "import_file_invalid"


async def test_reading_needs_pass_read_and_sending_pass_write(mover: Mover) -> None:
    reader = await mover.shop.make_key("Pass.Read")
    writer = await mover.shop.make_key("Pass.Write")

    assert problem(await mover.send(GOOD, key=reader))["status"] == 403
    assert (await mover.send(GOOD, key=writer)).status_code == 202
    assert (await mover.shop.ask("GET", "/passes/import", key=reader)).status_code == 200


async def test_imports_are_listed_newest_first_in_pages(mover: Mover) -> None:
    ids = [(await mover.send(many(number))).json()["importId"] for number in (1, 2, 3)]

    first = await mover.shop.ask("GET", "/passes/import?limit=2")
    rest = await mover.shop.ask("GET", f"/passes/import?limit=2&cursor={first.headers['Guerdon-Next-Cursor']}")

    assert [one["importId"] for one in first.json() + rest.json()] == ids[::-1]


async def test_old_imports_are_forgotten(mover: Mover) -> None:
    old, new = [(await mover.send(many(number))).json()["importId"] for number in (1, 2)]
    async with mover.shop.house.database.tenant(mover.shop.tenant_id) as tx:
        await tx.execute(
            "UPDATE pass_import SET last_activity_at = $2 WHERE tenant_id = $1 AND import_id = $3",
            tx.tenant_id,
            datetime.now(UTC) - timedelta(days=91),
            UUID(old),
        )

    await forget_imports(mover.job(old), mover.context())

    assert [one["importId"] for one in (await mover.shop.ask("GET", "/passes/import")).json()] == [new]


async def test_a_type_that_is_there_when_a_file_is_sent_is_known(mover: Mover) -> None:
    await save_type(mover.shop, "gift", "kind: giftCard\norganization: Shop\ndescription: Gift\n")

    accepted = await mover.send("serial,passType\ng1,gift\n")

    assert accepted.status_code == 202, json.dumps(accepted.json())


async def test_a_row_that_would_be_too_large_a_pass_is_refused_and_says_where(mover: Mover) -> None:
    digits = ",".join(["1e300"] * 4_000)
    row = f'{{"serial":"{LONG}","passType":"card","metadata":{{"a":[{digits}]}},"additionalData":{{}}}}'

    judged = await mover.send(row + "\n", media_type=JSON_LINES, **{"guerdon-dry-run": "true"})

    assert judged.status_code == 400
    assert "at most 1048576 are possible" in str(judged.json()["errors"])
