import asyncio
import io
import json
import zipfile
from pathlib import Path

import pytest

from guerdon.imports.files import ImportFileInvalid, read_rows
from guerdon.imports.model import Totals
from guerdon.imports.shapes import PASSES
from guerdon.passes.aliases import find_by_alias
from guerdon.passes.import_rows import BadRow, Row
from guerdon.platform.problems import BadlyFormed
from guerdon.platform.tables import CSV, JSON_LINES
from tests.entrypoints.test_cli import command
from tests.imports.conftest import Mover, written
from tests.shops import Shop, certify

LONG = "3f9a0c1e-7d44-4a8e-9d55-0123456789ab"
TOKEN = "an-old-token-of-the-other-provider"


def rows(folder: Path, text: str, media_type: str = CSV) -> list[Row | BadRow]:
    return list(read_rows(written(folder, text), media_type, PASSES))


async def test_what_is_on_phones_stays_alive(mover: Mover) -> None:
    shop = mover.shop
    await certify(shop)
    header = "serial,passType,authenticationToken,googleObjectId,identifiers.customerId,metadata.level,createdAt\n"
    given = f"{LONG},card,{TOKEN},issuer.obj-1,c-1,gold,2024-02-29T10:00:00+01:00\n10:7,card,{TOKEN}7,,c-2,,\n"

    assert await mover.take_in_here(header + given) == ((2, 0, 0), [])

    second = (await shop.ask("GET", "/passes/findPass?customerId=c-2")).text
    for pass_id, serial, token in ((LONG, LONG, TOKEN), (second, "10:7", TOKEN + "7")):
        package = await shop.ask("GET", f"/passes/{pass_id}?device=apple")
        kept = json.loads(zipfile.ZipFile(io.BytesIO(package.content)).read("pass.json"))
        assert kept["serialNumber"] == serial
        async with shop.house.database.tenant(shop.tenant_id) as tx:
            sealed = await tx.value(
                "SELECT sealed_secret FROM pass WHERE pass_id = $1 AND tenant_id = $2", pass_id, tx.tenant_id
            )
            google, apple = await find_by_alias(tx, "google", "issuer.obj-1"), await find_by_alias(tx, "apple", "10:7")
        assert shop.house.master_key.decrypt(sealed, f"{shop.tenant_id}/pass/{pass_id}").decode() == token
        assert (google, apple) == (LONG, second)
        scanned = await shop.ask("POST", "/scans", {"data": serial, "type": "qrcode"})
        assert scanned.json() == {"passId": pass_id}
    assert (await mover.document(LONG))["creationDate"] == "2024-02-29T09:00:00Z"
    assert (await mover.document(LONG))["metadata"] == {"level": "gold"}


async def test_the_same_file_again_and_at_the_same_time_changes_nothing(mover: Mover) -> None:
    text = "serial;passType;identifiers.n\n" + "".join(f"s{n};card;{n}\n" for n in range(1_201))

    twins = await asyncio.gather(mover.take_in_here(text), mover.take_in_here(text))
    again = await mover.take_in_here(text)

    assert sum(totals[0] for totals, _ in twins) == 1_201
    assert again == ((0, 1_201, 0), [])
    statistics = (await mover.shop.ask("GET", "/passes/statistics?passType=card")).json()
    assert statistics[0]["passes"] == 1_201


async def test_json_lines_bring_nested_data(mover: Mover) -> None:
    one = {
        "serial": LONG,
        "passType": "card",
        "additionalData": {"seats": [1, {"row": 0.1}]},
        "identifiers": {"a": "b"},
    }

    assert await mover.take_in_here(json.dumps(one) + "\n\n", JSON_LINES) == ((1, 0, 0), [])

    assert (await mover.document(LONG))["additionalData"] == {"seats": [1, {"row": 0.1}]}


BAD = (
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
    "s 14,nothing,,,c-C\n"
)
WRONG = {
    (3, "passType"),
    (4, "authenticationToken", "createdAt", "serial"),
    (5, "createdAt"),
    (6, "identifiers"),
    (7, "serial"),
    (8, "row"),
    (9, "authenticationToken"),
    (11, "row"),
    (12, "row"),
    (14, "passType", "serial"),
}


async def test_every_bad_row_is_told_with_its_line_and_good_ones_are_taken_in(mover: Mover) -> None:
    totals, bad = await mover.take_in_here(BAD)

    assert totals == (2, 0, 10)
    assert {(one.line, *sorted(one.mistakes)) for one in bad} == WRONG
    assert [one.line for one in bad] == sorted(one.line for one in bad)


async def test_a_check_finds_what_rows_of_different_chunks_say_twice_and_keeps_nothing(mover: Mover) -> None:
    middle = "".join(f"s{n},card,,\n" for n in range(600))
    text = f"serial,passType,identifiers.n,googleObjectId\na,card,1,g\n{middle}b,card,1,h\nc,card,2,g\na,card,1,g\n"

    totals, bad = await mover.check_here(text)

    assert totals == (601, 1, 2)
    assert [(one.line, one.serial) for one in bad] == [(603, "b"), (604, "c")]
    assert (await mover.shop.ask("GET", "/passes/statistics?passType=card")).json()[0]["passes"] == 0


async def test_a_row_is_held_against_the_good_ones_before_it_only(mover: Mover) -> None:
    await mover.shop.issue(customerId="taken")
    middle = "".join(f"s{n},card,\n" for n in range(600))
    text = f"serial,passType,identifiers.customerId\na,card,taken\nb,card,1\n{middle}a,card,2\nb,bounded,3\nb,card,1\n"

    totals, bad = await mover.check_here(text)

    assert totals == (602, 1, 2)
    assert [(one.line, list(one.mistakes)) for one in bad] == [(2, ["identifiers"]), (605, ["serial"])]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "passType\n",
        "serial,passType,secret\n",
        "serial,serial,passType\n",
        "serial,passType,metadata.\n",
        "serial,passType,metadata.\0\n",
    ],
)
def test_a_header_that_cannot_be_meant_refuses_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImportFileInvalid):
        rows(tmp_path, text)


def test_a_header_that_is_not_utf8_is_refused_in_words_that_can_be_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("serial,passType\n".encode("utf-16"))

    with pytest.raises(ImportFileInvalid) as refused:
        list(read_rows(tmp_path / "file", CSV, PASSES))

    assert refused.value.errors == {"file": ["The header is not UTF-8, or holds a NUL character."]}


@pytest.mark.parametrize("media_type", [CSV, JSON_LINES])
def test_a_line_without_end_is_refused_and_not_read(tmp_path: Path, media_type: str) -> None:
    with pytest.raises(BadlyFormed):
        rows(tmp_path, "serial,passType\n" + "x" * 2_000_000, media_type)


@pytest.mark.parametrize("line", ["[]", "{", "1", '{"serial": 1}', '{"serial": "s", "passType": "card", "secret": 1}'])
def test_a_line_that_is_no_pass_is_a_bad_row(tmp_path: Path, line: str) -> None:
    assert [type(row) for row in rows(tmp_path, line, JSON_LINES)] == [BadRow]


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


def test_a_row_with_names_that_no_identifier_has_is_bad_and_names_them_all(tmp_path: Path) -> None:
    header = "serial,passType,identifiers.y2.customerId,identifiers.limit,identifiers.customerId.secret\n"

    plain, bad = rows(tmp_path, header + "s1,card,1,,\ns2,card,1,3,leak\n")

    assert isinstance(plain, Row)
    assert isinstance(bad, BadRow)
    ((place, (told,)),) = bad.mistakes.items()
    assert (place, "`limit`" in told, "`customerId.secret`" in told) == ("identifiers", True, True)
    assert "leak" not in told
