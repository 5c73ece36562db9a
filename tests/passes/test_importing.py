import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guerdon.passes.aliases import find_by_alias
from guerdon.passes.import_files import Totals, take_in_file
from guerdon.passes.import_rows import BadRow, FileFormat, ImportFileInvalid, Row, read_lines, read_rows
from guerdon.passes.importing import Importer
from tests.entrypoints.test_cli import command
from tests.shops import Shop, certify

LONG = "3f9a0c1e-7d44-4a8e-9d55-0123456789ab"
TOKEN = "an-old-token-of-the-other-provider"


def importer(shop: Shop) -> Importer:
    house = shop.house
    return Importer(house.database, house.master_key, shop.tenant_id, frozenset({"card", "bounded"}), "test")


def rows(text: str, file_format: FileFormat = "csv") -> Iterator[Row | BadRow]:
    return read_rows(read_lines(io.StringIO(text)), file_format)


async def take_in(
    shop: Shop, text: str, file_format: FileFormat = "csv", *, dry_run: bool = False
) -> tuple[tuple[int, int, int], list[BadRow]]:
    bad: list[BadRow] = []
    now = datetime(2026, 11, 23, tzinfo=UTC)
    totals = await take_in_file(
        importer(shop), rows(text, file_format), lambda: now, bad.append, lambda _: None, dry_run=dry_run
    )
    return (totals.imported, totals.existing, totals.bad), bad


async def document(shop: Shop, pass_id: str) -> dict[str, object]:
    return (await shop.ask("GET", f"/passes/{pass_id}/document")).json()


async def test_what_is_on_phones_stays_alive(shop: Shop) -> None:
    await certify(shop)
    header = "serial,passType,authenticationToken,googleObjectId,identifiers.customerId,metadata.level,createdAt\n"
    given = f"{LONG},card,{TOKEN},issuer.obj-1,c-1,gold,2024-02-29T10:00:00+01:00\n10:7,card,{TOKEN}7,,c-2,,\n"

    assert await take_in(shop, header + given) == ((2, 0, 0), [])

    second = (await shop.ask("GET", "/passes/findPass?customerId=c-2")).text
    for pass_id, serial, token in ((LONG, LONG, TOKEN), (second, "10:7", TOKEN + "7")):
        package = await shop.ask("GET", f"/passes/{pass_id}?device=apple")
        written = json.loads(zipfile.ZipFile(io.BytesIO(package.content)).read("pass.json"))
        assert written["serialNumber"] == serial
        async with shop.house.database.tenant(shop.tenant_id) as tx:
            sealed = await tx.value(
                "SELECT sealed_secret FROM pass WHERE pass_id = $1 AND tenant_id = $2", pass_id, tx.tenant_id
            )
            google, apple = await find_by_alias(tx, "google", "issuer.obj-1"), await find_by_alias(tx, "apple", "10:7")
        assert shop.house.master_key.decrypt(sealed, f"{shop.tenant_id}/pass/{pass_id}").decode() == token
        assert (google, apple) == (LONG, second)
        scanned = await shop.ask("POST", "/scans", {"data": serial, "type": "qrcode"})
        assert scanned.json() == {"passId": pass_id}
    assert (await document(shop, LONG))["creationDate"] == "2024-02-29T09:00:00Z"
    assert (await document(shop, LONG))["metadata"] == {"level": "gold"}


async def test_the_same_file_again_and_at_the_same_time_changes_nothing(shop: Shop) -> None:
    text = "serial;passType;identifiers.n\n" + "".join(f"s{n};card;{n}\n" for n in range(1_201))

    twins = await asyncio.gather(take_in(shop, text), take_in(shop, text))
    again = await take_in(shop, text)

    assert sum(totals[0] for totals, _ in twins) == 1_201
    assert again == ((0, 1_201, 0), [])
    statistics = (await shop.ask("GET", "/passes/statistics?passType=card")).json()
    assert statistics[0]["passes"] == 1_201


async def test_json_lines_bring_nested_data(shop: Shop) -> None:
    one = {
        "serial": LONG,
        "passType": "card",
        "additionalData": {"seats": [1, {"row": 0.1}]},
        "identifiers": {"a": "b"},
    }

    assert await take_in(shop, json.dumps(one) + "\n\n", "jsonl") == ((1, 0, 0), [])

    assert (await document(shop, LONG))["additionalData"] == {"seats": [1, {"row": 0.1}]}


async def test_every_bad_row_is_told_with_its_line_and_good_ones_are_taken_in(shop: Shop) -> None:
    text = (
        "serial,passType,authenticationToken,createdAt,identifiers.customerId\n"
        "s1,card,,,c-1\n"
        "s2,nothing,,,c-2\n"
        '"s 3","card",short,yesterday,c-3\n'
        "s4,card,,2031-01-01T00:00:00Z,c-4\n"
        "s5,card,,,c-1\n"
        "s1,bounded,,,c-6\n"
        "s7,card,,,c-7,more\n"
        's8,card,"\n",,c-8\n'
        "s9,card,,,c\udcff9\n"
        'sA,card,"x"y,,c-A\n'
        "sB,card,,,c-B\n"
    )

    totals, bad = await take_in(shop, text)

    assert totals == (2, 0, 9)
    told = {(one.line, *sorted({mistake.partition(":")[0] for mistake in one.mistakes})) for one in bad}
    assert told == {
        (3, "passType"),
        (4, "authenticationToken", "createdAt", "serial"),
        (5, "createdAt"),
        (6, "identifiers"),
        (7, "serial"),
        (8, "The row has 6 cells, the header 5."),
        (10, "authenticationToken"),
        (11, "The row is not UTF-8, or holds a NUL character."),
        (12, "The row is no CSV"),
    }


async def test_a_dry_run_finds_what_rows_of_different_chunks_say_twice_and_keeps_nothing(shop: Shop) -> None:
    middle = "".join(f"s{n},card,,\n" for n in range(600))
    text = f"serial,passType,identifiers.n,googleObjectId\na,card,1,g\n{middle}b,card,1,h\nc,card,2,g\na,card,1,g\n"

    totals, bad = await take_in(shop, text, dry_run=True)

    assert totals == (601, 1, 2)
    assert [(one.line, one.serial) for one in bad] == [(603, "b"), (604, "c")]
    assert (await shop.ask("GET", "/passes/statistics?passType=card")).json()[0]["passes"] == 0


@pytest.mark.parametrize(
    "text",
    ["", "passType\n", "serial,passType,secret\n", "serial,serial,passType\n", "serial,passType,metadata.\n"],
)
def test_a_header_that_cannot_be_meant_refuses_the_file(text: str) -> None:
    with pytest.raises(ImportFileInvalid):
        list(rows(text))


def test_a_line_without_end_is_refused_and_not_read() -> None:
    with pytest.raises(ImportFileInvalid):
        list(rows("x" * 2_000_000, "jsonl"))


@pytest.mark.parametrize("line", ["[]", "{", "1", '{"serial": 1}', '{"serial": "s", "passType": "card", "secret": 1}'])
def test_a_line_that_is_no_pass_is_a_bad_row(line: str) -> None:
    assert [type(row) for row in rows(line, "jsonl")] == [BadRow]


async def test_a_file_is_taken_in_whole_or_not_at_all_unless_good_rows_are_asked_for(
    shop: Shop, owner_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "passes.csv"
    file.write_text("\ufeffserial,passType\ns1,card\ns2,nothing\ns3,card\n")

    whole = command(owner_url, "passes", "import", file, "--tenant", shop.tenant_id)
    good = command(owner_url, "passes", "import", file, "--tenant", shop.tenant_id, "--rows", "good", "--json")

    assert (whole.code, whole.out.splitlines()[-1]) == (1, "Nothing was changed.")
    assert "line 3 (s2): passType: There is no pass type 'nothing'." in whole.err
    assert json.loads(good.out) == {"imported": 2, "existing": 0, "bad": 1, "nothingChanged": False}


def test_totals_count_every_row() -> None:
    assert Totals(1, 2, 3).rows() == 6
