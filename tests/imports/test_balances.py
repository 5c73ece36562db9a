import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import pytest

from guerdon.imports.balance_model import Sums
from guerdon.imports.balance_queries import add_posted
from guerdon.imports.balance_reading import get_progress, list_progress
from guerdon.imports.balance_taking import LotTaker
from guerdon.imports.chunks import Seal
from guerdon.imports.jobs import forget_imports
from guerdon.imports.queries import count_rows
from guerdon.imports.working import work_chunk
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Tx
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_worker import JobContext
from guerdon.platform.tables import JSON_LINES, XLSX
from guerdon.points.expiring import expire_due
from guerdon.points.reading import read_balance
from guerdon.points.wallets import get_wallet
from tests.entrypoints.test_cli import command
from tests.imports.conftest import Accountant, written
from tests.imports.test_routes import workbook
from tests.shops import problem

ANN, BOB = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
HEADER = "batch,wallet,amount,price,expires,earnedAt,description,attributes.name\n"
GOOD = (
    HEADER
    + f"old-1,{ANN},1000,50,2199-03-31T22:30:00Z,2024-01-10T09:00:00Z,Bought,Ann\n"
    + f"old-2,{ANN},200.5,,,,Given,Somebody\n"
    + f"old-3,{BOB},300,10,,2024-02-05T09:00:00Z,,Bob\n"
)
BAD = (
    HEADER
    + f"b1,{ANN},10,,,,,\n"
    + f"b1,{BOB},7,,,,,\n"
    + "b2,nobody,0,,,,,\n"
    + f"b3,{ANN},1.0000001,,,,,\n"
    + f'b4,{ANN},"1,5",,,,,\n'
    + f"b5,{ANN},5,,2020-01-01T00:00:00Z,,,\n"
    + f"b6,{ANN},2,,,2199-01-01T00:00:00Z,,\n"
    + f"b7,{ANN},4,,2030-01-01T00:00:00Z,2031-01-01T00:00:00Z,,\n"
    + f"b8,{ANN},0.000001,1000000000000,,,,\n"
    + f"b9,{ANN},3,,,,{'x' * 33},\n"
    + f",{ANN},6,,,,,\n"
)
WRONG = {
    3: ["batch"],
    4: ["amount", "wallet"],
    5: ["amount"],
    6: ["amount"],
    7: ["expires"],
    8: ["earnedAt"],
    9: ["earnedAt", "expires"],
    10: ["price"],
    11: ["description"],
    12: ["batch"],
}


def many(count: int, wallets: int) -> str:
    return "batch,wallet,amount\n" + "".join(
        f"m{number},{UUID(int=number % wallets + 1)},{number % 7 + 1}.25\n" for number in range(count)
    )


def sums(rows: int, points: str, money: str = "0") -> dict[str, Any]:
    return {"rows": rows, "points": Decimal(points), "money": Decimal(money)}


async def told(accountant: Accountant) -> list[tuple[str, dict[str, Any]]]:
    """Give the events of imports and wallets."""
    shop = accountant.shop
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        records = await tx.records(
            "SELECT kind, payload FROM event WHERE tenant_id = $1 ORDER BY event_id", tx.tenant_id
        )
    return [(kind, json.loads(text)) for kind, text in records if kind.startswith(("Import:", "Wallet:"))]


async def test_balances_come_with_their_lots_and_add_up(accountant: Accountant) -> None:
    ended = await accountant.bring(GOOD)
    ann, bob = await accountant.wallet(ANN), await accountant.wallet(BOB)
    given, bought = await accountant.wallet(ANN, "/batch")

    assert (ended["state"], ended["total"], ended["imported"], ended["existing"]) == ("finished", 3, 3, 0)
    assert ended["reconciliation"]["said"] == sums(3, "1500.5", "59.9999")
    assert ended["reconciliation"]["posted"] == sums(3, "1500.5", "59.9999")
    assert ended["reconciliation"]["difference"] == sums(0, "0")
    assert (ended["reconciliation"]["wallets"], ended["reconciliation"]["walletsOpened"]) == (2, 2)
    assert (ann["balance"], ann["attributes"]) == (Decimal("1200.5"), {"name": "Ann"})
    assert (bob["balance"], bob["attributes"]) == (300, {"name": "Bob"})
    assert (bought["externalId"], bought["price"], bought["earnedAt"]) == ("old-1", 50, "2024-01-10T09:00:00Z")
    assert (bought["expires"], bought["description"]) == ("2199-03-31T22:30:00Z", "Bought")
    assert (given["externalId"], given["amount"], given.get("earnedAt")) == ("old-2", Decimal("200.5"), None)


@dataclass(frozen=True, slots=True)
class Interrupted(Tx):
    """Lets something happen after the first row that is read: here, the import."""

    happen: Callable[[], Awaitable[None]] = field(kw_only=True)

    async def maybe(self, row: type[Any], sql: LiteralString, *arguments: object) -> Any:
        found = await Tx.maybe(self, row, sql, *arguments)
        await self.happen()
        return found


async def test_what_was_taken_and_what_was_posted_are_read_at_one_instant(accountant: Accountant) -> None:
    """A chunk that is posted between the two is in both or in none."""
    database, tenant_id = accountant.shop.house.database, accountant.shop.tenant_id
    import_id = UUID((await accountant.send(GOOD)).json()["importId"])

    async def post_more() -> None:
        async with database.tenant(tenant_id) as tx:
            await count_rows(tx, import_id, datetime.now(UTC), imported=2, existing=0, rejected=0)
            await add_posted(tx, import_id, Sums(2, Decimal(5), Decimal(5)), Sums(0, Decimal(0), Decimal(0)), 0)

    async with database.tenant(tenant_id) as tx:
        found, said = await get_progress(Interrupted(tx.connection, tx.tenant_id, happen=post_more), import_id)

    assert (found.imported, said.posted.rows) == (0, 0)
    async with database.tenant(tenant_id) as tx:
        ((found, said),) = await list_progress(tx, None, 10)
    assert (found.imported, said.posted.rows) == (2, 2)


async def test_passes_that_name_the_wallets_are_refreshed(accountant: Accountant) -> None:
    pass_id = await accountant.shop.issue(walletId=ANN)

    await accountant.bring(GOOD)

    document = (await accountant.shop.ask("GET", f"/passes/{pass_id}/document")).json()
    assert document["revision"] == 2


async def test_the_same_file_twice_earns_nothing_twice_and_still_reconciles(accountant: Accountant) -> None:
    await accountant.bring(GOOD)
    again = (await accountant.send(GOOD)).json()
    ended = await accountant.run(again["importId"])

    assert again["count"] == 0
    assert (ended["state"], ended["imported"], ended["existing"]) == ("finished", 0, 3)
    assert ended["reconciliation"]["posted"] == ended["reconciliation"]["said"] == sums(3, "1500.5", "59.9999")
    assert ended["reconciliation"]["walletsOpened"] == 0
    assert (await accountant.wallet(ANN))["balance"] == Decimal("1200.5")


async def test_what_was_used_meanwhile_does_not_spoil_the_reconciliation(accountant: Accountant) -> None:
    await accountant.bring(GOOD)
    headers = {"x-api-key": accountant.shop.key}
    path = f"/wallet2-api/api/wallet/{ANN}/operation"
    spent = await accountant.shop.http.request("POST", path, json={"amount": 700}, headers=headers)
    ended = await accountant.bring(GOOD)

    assert spent.status_code == 201
    assert ended["reconciliation"]["difference"] == sums(0, "0")
    assert (await accountant.wallet(ANN))["balance"] == Decimal("500.5")


async def test_each_wallet_is_held_against_the_ledger_in_pages(accountant: Accountant) -> None:
    import_id = (await accountant.bring(GOOD))["importId"]
    first = await accountant.ask("GET", f"/{import_id}/wallets?limit=1")
    rest = await accountant.ask("GET", first.headers["Link"].partition(">")[0].partition("import")[2])
    ann, bob = [json.loads(page.text, parse_float=Decimal)[0] for page in (first, rest)]

    assert (ann["wallet"], ann["said"], ann["posted"]) == (ANN, sums(2, "1200.5", "50"), sums(2, "1200.5", "50"))
    assert (bob["wallet"], bob["posted"], bob["difference"]) == (BOB, sums(1, "300", "9.9999"), sums(0, "0"))


async def test_a_lot_that_was_earned_elsewhere_has_its_age_and_the_ledger_says_when(accountant: Accountant) -> None:
    earned = (datetime.now(UTC) - timedelta(days=100)).isoformat()
    await accountant.bring(f"batch,wallet,amount,price,earnedAt\nold,{ANN},10,1,{earned}\nnew,{ANN},10,1,\n")
    report = await accountant.shop.http.request(
        "GET", "/wallet2-api/api/report/liability", headers={"x-api-key": accountant.shop.key}
    )
    async with accountant.shop.house.database.tenant(accountant.shop.tenant_id) as tx:
        instants = await tx.records(
            "SELECT occurred_at FROM ledger_entry WHERE tenant_id = $1 ORDER BY seq", tx.tenant_id
        )

    assert [(row["age"], row["points"]) for row in report.json()["rows"]] == [("0-30", 10), ("91-180", 10)]
    assert [record["occurred_at"] for record in instants] == [datetime.fromisoformat(earned), None]


async def test_a_file_with_bad_rows_is_refused_whole_and_every_mistake_is_named(accountant: Accountant) -> None:
    refused = problem(await accountant.send(BAD))

    assert (refused["code"], refused["rejected"]) == ("rows_invalid", 10)
    assert list(refused["errors"]) == [f"line {line}" for line in WRONG]
    assert refused["errors"]["line 5"] == [
        "amount: Give 6 places at most: rounded, the file and the ledger would differ."
    ]
    assert refused["errors"]["line 6"] == ["amount: Give a number such as 12.5, with a point and without spaces."]
    assert (await accountant.ask("GET", "")).json() == []


async def test_bad_rows_are_left_out_when_the_caller_says_so_and_their_points_are_told(accountant: Accountant) -> None:
    ended = await accountant.bring(BAD, "?onError=skip")
    errors = (await accountant.ask("GET", f"/{ended['importId']}/errors")).json()

    assert (ended["imported"], ended["rejected"]) == (1, 10)
    assert {one["line"]: sorted(one["errors"]) for one in errors} == WRONG
    assert [one.get("batch") for one in errors] == ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9", None]
    assert ended["reconciliation"]["said"] == ended["reconciliation"]["posted"] == sums(1, "10")
    assert ended["reconciliation"]["leftOut"] == {
        "rows": 10,
        "points": Decimal("27.000001"),
        "withoutPoints": 3,
        "expiredRows": 1,
        "expiredPoints": 5,
    }


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (f"once,{BOB},7,,2020-01-01T00:00:00Z,,,", ["batch", "expires"]),
        (f"once,{BOB},7,,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,,", ["batch", "expires", "expires"]),
        ("once,nobody,7,-1,,2199-01-01T00:00:00Z,,", ["batch", "earnedAt", "price", "wallet"]),
        (f"new,{BOB},0.000001,1000000000000,2020-01-01T00:00:00Z,,,", ["expires", "price"]),
        (f"new,nobody,0,1,,2199-01-01T00:00:00Z,{'x' * 33},", ["amount", "description", "earnedAt", "wallet"]),
        ("new,nobody,0.000001,1000000000000,soon,,,", ["expires", "price", "wallet"]),
        ("there,nobody,6,,2020-01-01T00:00:00Z,,,", ["amount", "expires", "wallet"]),
        (f"there,{BOB},5,-1,,soon,,", ["earnedAt", "price", "wallet"]),
    ],
)
async def test_all_mistakes_of_a_row_are_told_whoever_finds_them(
    accountant: Accountant, row: str, wrong: list[str]
) -> None:
    await accountant.bring(f"batch,wallet,amount,price\nthere,{ANN},5,\n")
    refused = problem(await accountant.send(f"{HEADER}once,{ANN},10,,,,,\n{row}\n"))

    assert sorted(message.partition(":")[0] for message in refused["errors"]["line 3"]) == wrong


async def test_a_bad_row_names_its_lot_all_the_same(accountant: Accountant) -> None:
    rows = f"twice,{ANN},0\ntwice,{ANN},5\n"

    refused = problem(await accountant.send(f"batch,wallet,amount\n{rows}"))

    assert refused["errors"]["line 3"] == ["batch: An earlier row has the same."]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"old-1,{BOB},1000,50,2199-03-31T22:30:00Z", "wallet"),
        (f"old-1,{ANN},999,50,2199-03-31T22:30:00Z", "amount"),
        (f"old-1,{ANN},1000,,2199-03-31T22:30:00Z", "price"),
        (f"old-1,{ANN},1000,50,", "expires"),
    ],
)
async def test_a_lot_that_is_there_and_says_something_else_is_bad(
    accountant: Accountant, row: str, column: str
) -> None:
    await accountant.bring(GOOD)
    refused = problem(await accountant.send(f"batch,wallet,amount,price,expires\n{row}\n"))

    (message,) = refused["errors"]["line 2"]
    assert message.startswith(f"{column}: The batch 'old-1' is there with ")


async def test_a_dry_run_gives_the_figures_and_posts_nothing(accountant: Accountant) -> None:
    tried = (await accountant.send(GOOD, **{"Guerdon-Dry-Run": "true"})).json()
    before = (await accountant.ask("GET", "")).json(), await told(accountant)
    done = (await accountant.send(GOOD)).json()

    assert before == ([], [])
    assert (tried["count"], tried["reconciliation"]) == (done["count"], done["reconciliation"])
    assert tried["reconciliation"]["difference"] == {"rows": 3, "points": 1500.5, "money": 59.9999}


async def test_everything_is_told_and_the_end_brings_the_reconciliation(accountant: Accountant) -> None:
    await accountant.bring(GOOD)

    events = await told(accountant)

    assert [kind for kind, _ in events] == [
        "Import:Started",
        *["Wallet:Created"] * 2,
        *["Wallet:PointsAdded"] * 3,
        "Import:Finished",
    ]
    assert [payload["imported"] for kind, payload in events if kind == "Wallet:PointsAdded"] == [True] * 3
    assert events[-1][1]["kind"] == "balances"
    assert events[-1][1]["reconciliation"]["difference"] == {"rows": 0, "points": 0, "money": 0}


async def test_a_wallet_that_is_there_keeps_its_attributes_and_gets_the_lots(accountant: Accountant) -> None:
    path, headers = f"/wallet2-api/api/wallet/{ANN}", {"x-api-key": accountant.shop.key}
    await accountant.shop.http.request("PUT", path, json={"name": "Anne"}, headers=headers)
    ended = await accountant.bring(GOOD)
    ann = await accountant.wallet(ANN)

    assert (ann["attributes"], ann["balance"]) == ({"name": "Anne"}, Decimal("1200.5"))
    assert ended["reconciliation"]["walletsOpened"] == 1


async def test_a_row_that_the_ledger_refuses_is_told_with_its_line_and_taken_out_of_the_figures(
    accountant: Accountant,
) -> None:
    rows = f"much,{ANN},1000000000000\nmore,{ANN},0.5\nfine,{BOB},2\n"
    ended = await accountant.bring(f"batch,wallet,amount\n{rows}")
    (left_out,) = (await accountant.ask("GET", f"/{ended['importId']}/errors")).json()

    assert (left_out["line"], left_out["batch"], list(left_out["errors"])) == (3, "more", ["amount"])
    assert (ended["imported"], ended["rejected"]) == (2, 1)
    assert ended["reconciliation"]["said"] == ended["reconciliation"]["posted"] == sums(2, "1000000000002")
    assert ended["reconciliation"]["leftOut"]["points"] == Decimal("0.5")


async def test_a_lot_that_ends_between_the_check_and_the_posting_is_taken_in_and_expires(
    accountant: Accountant,
) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    accepted = (await accountant.send(f"batch,wallet,amount,expires\nlast,{ANN},8,{ends.isoformat()}\n")).json()
    ended = await accountant.run(accepted["importId"], ends)
    async with accountant.shop.house.database.tenant(accountant.shop.tenant_id) as tx:
        wallet = await get_wallet(tx, UUID(ANN))
        before = await read_balance(tx, wallet, ends)
        posted = await expire_due(tx, ends)

    assert ended["reconciliation"]["posted"] == sums(1, "8")
    assert (before.total, posted) == (0, 1)


async def test_an_import_that_was_broken_off_goes_on_where_it_was_and_does_nothing_twice(
    accountant: Accountant,
) -> None:
    shop, count = accountant.shop, 1_203
    import_id = (await accountant.send(many(count, 40))).json()["importId"]
    taker = LotTaker("test", Seal(shop.house.master_key, shop.tenant_id, UUID(import_id)))
    async with shop.house.database.tenant(shop.tenant_id, dry_run=True) as tx:  # killed before it commits
        await work_chunk(tx, taker, datetime.now(UTC))
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await work_chunk(tx, taker, datetime.now(UTC))

    halfway = await accountant.progress(import_id)
    ended = await accountant.run(import_id)
    wallets = (await accountant.ask("GET", f"/{import_id}/wallets?limit=1000")).json()

    assert (halfway["imported"], halfway["reconciliation"]["posted"]["rows"]) == (500, 500)
    assert (ended["imported"], ended["existing"], ended["state"]) == (count, 0, "finished")
    assert ended["reconciliation"]["difference"] == sums(0, "0")
    assert (len(wallets), sum(one["posted"]["rows"] for one in wallets)) == (40, count)
    points = sum(Decimal(str(one["posted"]["points"])) for one in wallets)
    assert points == ended["reconciliation"]["posted"]["points"]
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        held = await tx.value("SELECT sum(value) / 1000000 FROM ledger_balance WHERE tenant_id = $1", tx.tenant_id)
    assert held == points
    assert (await verify_tenant(shop.house.database, shop.tenant_id)).findings == []


async def test_the_lots_of_a_wallet_are_opened_in_the_order_of_the_file(accountant: Accountant) -> None:
    await accountant.bring("batch,wallet,amount\n" + "".join(f"n{number},{ANN},1\n" for number in range(700)))

    batches = await accountant.wallet(ANN, "/batch?limit=1000")

    assert [batch["externalId"] for batch in reversed(batches)] == [f"n{number}" for number in range(700)]


async def test_a_cancelled_import_stops_and_keeps_what_was_posted(accountant: Accountant) -> None:
    import_id = (await accountant.send(GOOD)).json()["importId"]

    answers = [await accountant.ask("POST", f"/{import_id}/cancel") for _ in range(2)]
    ended = await accountant.run(import_id)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert (ended["state"], ended["imported"]) == ("cancelled", 0)


async def test_imports_of_passes_and_of_balances_do_not_see_each_other(accountant: Accountant) -> None:
    shop = accountant.shop
    balances = (await accountant.send(GOOD)).json()["importId"]
    headers = {"content-type": "text/csv"}
    passes = (await shop.ask("POST", "/passes/import", b"serial,passType\ns1,card\n", headers=headers)).json()

    assert problem(await shop.ask("GET", f"/passes/import/{balances}"))["code"] == "import_not_found"
    assert problem(await shop.ask("POST", f"/passes/import/{balances}/cancel"))["code"] == "import_not_found"
    assert problem(await accountant.ask("GET", f"/{passes['importId']}/wallets"))["code"] == "import_not_found"
    assert [one["importId"] for one in (await shop.ask("GET", "/passes/import")).json()] == [passes["importId"]]
    assert [one["importId"] for one in (await accountant.ask("GET", "")).json()] == [balances]


async def test_a_workbook_and_json_lines_bring_balances_too(accountant: Accountant) -> None:
    header = ["batch", "wallet", "amount", "price", "earnedAt", "attributes.tier"]
    table = workbook(header, ["w1", ANN, 12.5, 1, datetime(2024, 2, 29, 9), 3])  # noqa: DTZ001
    line = f'{{"batch": "j1", "wallet": "{ANN}", "amount": 0.000001, "extra": {{"from": "here"}}}}'

    await accountant.bring(table, media_type=XLSX)
    await accountant.bring(line, media_type=JSON_LINES)
    ann = await accountant.wallet(ANN)
    newest, oldest = await accountant.wallet(ANN, "/batch")

    assert (ann["balance"], ann["attributes"]) == (Decimal("12.500001"), {"tier": "3"})
    assert (newest["externalId"], newest["extra"]) == ("j1", {"from": "here"})
    assert (oldest["amount"], oldest["earnedAt"]) == (Decimal("12.5"), "2024-02-29T09:00:00Z")


async def test_the_same_key_and_file_start_an_import_once(accountant: Accountant) -> None:
    key = {"Idempotency-Key": "balances-1"}

    first = await accountant.send(GOOD, **key)
    await accountant.run(first.json()["importId"])
    again = await accountant.send(GOOD, **key)

    assert (again.status_code, again.json()) == (202, first.json())
    assert problem(await accountant.send(GOOD + "\n", **key))["code"] == "idempotency_mismatch"


async def test_sending_needs_wallet_write_reading_wallet_read_and_the_wallets_wallet_report(
    accountant: Accountant,
) -> None:
    reader, writer = [await accountant.shop.make_key(scope) for scope in ("Wallet.Read", "Wallet.Write")]
    import_id = (await accountant.send(GOOD, key=writer)).json()["importId"]

    assert problem(await accountant.send(GOOD, key=reader))["status"] == 403
    assert (await accountant.ask("GET", f"/{import_id}", key=reader)).status_code == 200
    assert problem(await accountant.ask("GET", f"/{import_id}/wallets", key=reader))["status"] == 403
    assert problem(await accountant.ask("GET", f"/{'0' * 32}"))["codes"][0]["code"] == "import_not_found"


async def test_two_imports_of_the_same_file_at_once_post_it_once(accountant: Accountant) -> None:
    ids = [(await accountant.send(many(300, 7))).json()["importId"] for _ in range(2)]

    for _ in range(3):
        await asyncio.gather(*(accountant.run(one) for one in ids), return_exceptions=True)
    ended = [await accountant.progress(one) for one in ids]

    assert sorted((one["imported"], one["existing"]) for one in ended) == [(0, 300), (300, 0)]
    assert [one["reconciliation"]["difference"]["points"] for one in ended] == [0, 0]


async def test_the_operator_brings_balances_in_without_a_worker_and_reads_the_reconciliation(
    accountant: Accountant, owner_url: str
) -> None:
    file, wallets = written(accountant.folder, GOOD), accountant.folder / "wallets.csv"
    words = ("balances", "import", file, "--tenant", accountant.shop.tenant_id)

    tried = command(owner_url, *words, "--dry-run", "--json")
    done = command(owner_url, *words, "--wallets", wallets)
    again = command(owner_url, *words, "--json")

    assert (tried.code, tried.json()["nothingChanged"], tried.json()["reconciliation"]["said"]["rows"]) == (0, True, 3)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "The file: 3 lots in 2 wallets, 1500.5 points worth 59.9999.",
        "Left out: 0 rows, 0 points.",
        "The ledger: 3 lots, 1500.5 points worth 59.9999; 3 posted now.",
        "Difference: 0 lots, 0 points worth 0.",
    ]
    assert wallets.read_text().splitlines() == [
        "wallet,rows,points,money,postedRows,postedPoints,postedMoney",
        f"{ANN},2,1200.5,50,2,1200.5,50",
        f"{BOB},1,300,9.9999,1,300,9.9999",
    ]
    assert (again.json()["imported"], again.json()["existing"]) == (0, 3)
    assert (await accountant.wallet(ANN))["balance"] == Decimal("1200.5")


async def test_the_operator_is_told_every_bad_row_and_all_or_the_good_ones_go_in(
    accountant: Accountant, owner_url: str
) -> None:
    words = ("balances", "import", written(accountant.folder, BAD), "--tenant", accountant.shop.tenant_id)

    whole = command(owner_url, *words)
    good = command(owner_url, *words, "--rows", "good", "--json")
    misused = command(owner_url, *words, "--dry-run", "--wallets", accountant.folder / "wallets.csv")

    assert (misused.code, "--wallets" in misused.err) == (2, True)
    assert (whole.code, whole.err.count("line ")) == (1, 10)
    assert "line 7 (b5): expires: It is over: leave it out.\n" in whole.err
    assert whole.out.endswith("1 of the lots are new. Nothing was changed.\n")
    assert (good.code, good.json()["imported"], good.json()["bad"]) == (1, 1, 10)


async def test_old_imports_are_forgotten_with_what_their_files_said(accountant: Accountant) -> None:
    shop, import_id = accountant.shop, (await accountant.bring(GOOD))["importId"]
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await tx.execute(
            "UPDATE pass_import SET last_activity_at = $2 WHERE tenant_id = $1",
            tx.tenant_id,
            datetime.now(UTC) - timedelta(days=91),
        )
    context = JobContext(shop.house.database, 1, 1, lambda: datetime.now(UTC), lambda _topic: None)

    await forget_imports(Job("imports.forget", shop.tenant_id, {}), context)

    assert problem(await accountant.ask("GET", f"/{import_id}"))["code"] == "import_not_found"
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        assert await tx.value("SELECT count(*) FROM balance_import_row WHERE tenant_id = $1", tx.tenant_id) == 0
    assert (await accountant.wallet(ANN))["balance"] == Decimal("1200.5")
