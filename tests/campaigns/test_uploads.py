import io
import zipfile
from datetime import date
from typing import Any

import httpx2
import pytest
from openpyxl import Workbook

from tests.campaigns.conftest import Marketer
from tests.shops import problem

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def upload(marketer: Marketer, body: bytes | str, query: str = "", **headers: str) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    sent = {"content-type": CSV, **headers}
    return await marketer.shop.ask("POST", f"/passes/bulk-update/file{query}", content, headers=sent)


def workbook(*rows: list[Any]) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
async def test_every_row_changes_its_pass(marketer: Marketer, mark: str, delimiter: str, end: str) -> None:
    first, second = await marketer.issue_many(2)
    rows = [
        ["id", "id.customerId", "metadata.tier", "additionalData.note", "points"],
        [first, "", "gold", '"a ""b""' + delimiter + ' c"', "7"],
        ["", "c1", "silver", "", "08"],
    ]

    answer = await upload(marketer, mark + end.join(delimiter.join(row) for row in rows) + end)
    statistics = await marketer.run(answer.headers["Guerdon-Correlation-Id"])

    assert (answer.json()["count"], answer.json()["rejected"], statistics["updated"]) == (2, 0, 2)
    document = await marketer.document(first)
    assert document["metadata"] == {"tier": "gold"}
    assert document["additionalData"] == {"note": f'a "b"{delimiter} c', "points": "7"}
    assert (await marketer.document(second))["additionalData"] == {"points": "08"}


BAD = """id,id.customerId,passType,metadata.tier
{first},,,gold
nosuchpass,,,gold
,nobody,nosuchtype,gold
,,,gold
{first},,,silver
{second},,,gold,more
{second},c0,,gold
"bro"ken",,,x
{second},,,gold
"""


async def test_a_table_with_bad_rows_is_refused_whole_and_every_mistake_is_named(marketer: Marketer) -> None:
    first, second = await marketer.issue_many(2)

    refused = problem(await upload(marketer, BAD.format(first=first, second=second)))

    assert refused["code"] == "rows_invalid"
    assert refused["rejected"] == 7
    assert list(refused["errors"]) == [f"line {line}" for line in range(3, 10)]
    assert len(refused["errors"]["line 4"]) == 2
    assert "Line 2" in refused["errors"]["line 6"][0]
    assert await marketer.statistics() == []


async def test_the_good_rows_are_kept_when_the_caller_says_so(marketer: Marketer) -> None:
    first, second = await marketer.issue_many(2)

    answer = await upload(marketer, BAD.format(first=first, second=second), "?onError=skip")
    correlation_id = answer.headers["Guerdon-Correlation-Id"]
    await marketer.run(correlation_id)

    assert (answer.json()["count"], answer.json()["rejected"]) == (2, 7)
    assert [one["line"] for one in answer.json()["mistakes"]] == list(range(3, 10))
    assert await marketer.outcomes(correlation_id) == {first: "updated", second: "updated"}


async def test_a_row_that_is_not_utf8_is_named_and_the_rest_is_read(marketer: Marketer) -> None:
    first, second = await marketer.issue_many(2)
    body = f"id,metadata.a\n{first},".encode() + b"caf\xe9" + f"\n{second},café\n".encode()

    answer = await upload(marketer, body, "?onError=skip")

    assert answer.json()["mistakes"] == [
        {"line": 2, "errors": {"metadata.a": ["The value is not UTF-8, or holds a NUL character."]}}
    ]
    assert answer.json()["count"] == 1


async def test_lines_are_counted_as_an_editor_counts_them(marketer: Marketer) -> None:
    (first,) = await marketer.issue_many(1)

    refused = problem(await upload(marketer, f'id,a\n{first},"two\nlines"\n\nnosuchpass,x\n'))

    assert list(refused["errors"]) == ["line 5"]


@pytest.mark.parametrize(
    "header",
    [
        b"metadata.a",
        b"id,metadata.",
        b"id,,a",
        b"id,a,a",
        b"",
        b"id," + b",".join(b"c%d" % n for n in range(300)),
        b"id,metadata.\0",
        b"id,\xff,\xff",
        b"id,identifiers.limit",
        b"id,identifiers.customerId.secret",
    ],
)
async def test_a_header_that_cannot_be_meant_is_refused(marketer: Marketer, header: bytes) -> None:
    assert problem(await upload(marketer, header + b"\nx,y\n"))["code"] == "invalid_request"


async def test_a_workbook_keeps_numbers_flags_and_dates(marketer: Marketer) -> None:
    (first,) = await marketer.issue_many(1)
    header = ["id.customerId", "metadata.a", "metadata.b", "metadata.c", "metadata.d", "metadata.e"]

    table = workbook(header, ["c0", 7, 0.1, True, date(2027, 3, 1), "007"])
    answer = await upload(marketer, table, **{"content-type": XLSX})
    await marketer.run(answer.headers["Guerdon-Correlation-Id"])

    metadata = (await marketer.document(first))["metadata"]
    assert metadata == {"a": 7, "b": 0.1, "c": True, "d": "2027-03-01T00:00:00", "e": "007"}


async def test_the_rows_of_a_workbook_are_named_by_their_numbers(marketer: Marketer) -> None:
    table = workbook(["id", "a"], [], ["nosuchpass", 1])

    refused = problem(await upload(marketer, table, **{"content-type": XLSX}))

    assert list(refused["errors"]) == ["line 3"]


async def test_a_row_beyond_the_last_of_a_sheet_is_refused_and_not_walked_to(marketer: Marketer) -> None:
    made = workbook(["id", "a"], ["nosuchpass", 1])
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<row r="2"', b'<row r="1048577"'))

    refused = problem(await upload(marketer, kept.getvalue(), **{"content-type": XLSX}))

    assert (refused["code"], "1048576 rows" in refused["detail"]) == ("badly_formed", True)


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 no zip", b"id,a\n", workbook(["id"])[:-40]])
async def test_what_is_no_workbook_is_refused(marketer: Marketer, body: bytes) -> None:
    assert problem(await upload(marketer, body, **{"content-type": XLSX}))["status"] == 400


@pytest.mark.parametrize("media_type", ["application/pdf", "application/json", "text/json", "application/x+json"])
async def test_other_media_types_are_refused(marketer: Marketer, media_type: str) -> None:
    told = problem(await upload(marketer, "id\n", **{"content-type": media_type}))

    assert (told["status"], told["detail"].startswith("Send one of text/csv, ")) == (415, True)


async def test_a_media_type_may_be_written_in_capitals(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(1)

    answer = await upload(marketer, workbook(["id", "a"], [pass_ids[0], 1]), **{"content-type": XLSX.upper()})

    assert answer.json()["count"] == 1


async def test_a_dry_run_of_a_table_names_its_passes_and_keeps_nothing(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(3)

    body = "id,a\n" + "".join(f"{pass_id},x\n" for pass_id in pass_ids)
    answer = await upload(marketer, body, **{"Guerdon-Dry-Run": "true"})

    assert (answer.json()["count"], answer.json()["passIds"]) == (3, pass_ids)
    assert await marketer.statistics() == []


async def test_the_same_key_and_table_start_a_campaign_once_and_another_table_is_refused(marketer: Marketer) -> None:
    (first,) = await marketer.issue_many(1)
    sent = [f"id,a\n{first},x\n", f"id,a\n{first},x\n", f"id,a\n{first},y\n"]

    answers = [await upload(marketer, body, **{"Idempotency-Key": "table-1"}) for body in sent]

    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert len(await marketer.statistics()) == 1


async def test_rows_that_would_change_places_are_errors_of_their_own(marketer: Marketer) -> None:
    first, second = await marketer.issue_many(2)

    body = f"id,identifiers.customerId,metadata.a\n{first},c1,x\n{second},c0,x\n"
    correlation_id = (await upload(marketer, body)).headers["Guerdon-Correlation-Id"]
    await marketer.run(correlation_id)

    assert await marketer.outcomes(correlation_id) == {first: "pass_exists", second: "pass_exists"}


async def test_a_table_may_be_larger_than_other_bodies_and_is_done_in_chunks(marketer: Marketer) -> None:
    pass_ids = await marketer.issue_many(5)
    body = "id,note\n" + "".join(f"{pass_id},{'x' * 9_000}\n" for pass_id in pass_ids)
    body += "".join(f"nosuchpass{number},{'x' * 9_000}\n" for number in range(150))

    answer = await upload(marketer, body, "?onError=skip&passesPerSecond=8")
    statistics = await marketer.run(answer.headers["Guerdon-Correlation-Id"])

    assert len(body) > marketer.shop.house.settings.body_bytes_max
    assert (answer.json()["rejected"], statistics["total"], statistics["updated"]) == (150, 5, 5)
