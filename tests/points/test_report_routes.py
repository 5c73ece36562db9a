"""Reports over HTTP: JSON and CSV, who may read them, and what is refused."""

import asyncio
import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.shops import Shop, problem

BASE = "/wallet2-api/api"
CSV = {"accept": "text/csv"}


async def ask(shop: Shop, path: str, key: str | None = None, **headers: str) -> httpx2.Response:
    return await shop.http.request("GET", f"{BASE}/report/{path}", headers={"x-api-key": key or shop.key, **headers})


async def read(shop: Shop, path: str) -> Any:
    answer = await ask(shop, path)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def table(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def write(shop: Shop, method: str, path: str, body: object) -> Any:
    answer = await shop.http.request(method, f"{BASE}{path}", json=body, headers={"x-api-key": shop.key})
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
async def wallet(shop: Shop) -> str:
    """A wallet with 100 points that cost 5 and end in three days, and 20 that were given and never end."""
    named = str(uuid.uuid4())
    await write(shop, "PUT", f"/wallet/{named}", {})
    ends = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    await write(shop, "POST", f"/wallet/{named}/batch/sync", {"amount": 100, "price": 5, "expires": ends})
    await write(shop, "POST", f"/wallet/{named}/batch/sync", {"amount": 20})
    await write(shop, "POST", f"/wallet/{named}/operation", {"amount": 33.5})
    return named


@pytest.mark.usefixtures("wallet")
async def test_what_is_owed_is_told_as_json_and_as_csv(shop: Shop) -> None:
    report = await read(shop, "liability")
    lines = table(await ask(shop, "liability", **CSV))

    assert (report["points"], report["money"], report["lots"]) == (Decimal("86.5"), Decimal("3.325"), 2)
    assert [(line["unitPrice"], line["age"], line["points"], line["money"]) for line in lines] == [
        ("0.05", "0-30", "66.5", "3.325"),
        ("0", "0-30", "20", "0"),
    ]
    assert [list(row) for row in report["rows"]] == [list(line) for line in lines]
    assert (await read(shop, "liability?asOf=2020-01-01T00:00:00Z"))["rows"] == []
    assert (await read(shop, "liability?asOf=2999-01-01T00:00:00+02:00"))["points"] == Decimal("86.5")


@pytest.mark.usefixtures("wallet")
async def test_what_expires_soon_is_told_by_day(shop: Shop) -> None:
    report = await read(shop, "expiring-points")

    assert [(one["points"], one["money"]) for one in report["days"]] == [(Decimal("66.5"), Decimal("3.325"))]
    assert (await read(shop, "expiring-points?days=1"))["days"] == []
    assert len(table(await ask(shop, "expiring-points", **CSV))) == 1


async def test_paid_batches_that_expired_are_told_by_month_of_the_tenants_zone(shop: Shop, wallet: str) -> None:
    body = {"amount": 3, "price": 10, "expires": "2024-03-31T23:00:00Z"}
    batch = await write(shop, "POST", f"/wallet/{wallet}/batch/sync", body)
    changed = await shop.ask("PATCH", "/config/tenant", {"timeZone": "Europe/Warsaw"})

    march = await read(shop, "expired-paid-batches?year=2024&month=3")
    april = await read(shop, "expired-paid-batches?year=2024&month=4")

    assert changed.json()["timeZone"] == "Europe/Warsaw"
    assert (march["batches"], march["timeZone"]) == ([], "Europe/Warsaw")
    (row,) = april["batches"]
    assert (row["wallet"], row["batch"], row["left"], row["money"]) == (wallet, batch["id"], 3, 10)
    (line,) = table(await ask(shop, "expired-paid-batches?year=2024&month=4", **CSV))
    assert (line["batch"], line["expires"]) == (batch["id"], "2024-03-31T23:00:00Z")


async def test_wallets_are_listed_page_by_page(shop: Shop, wallet: str) -> None:
    other = str(uuid.uuid4())
    await write(shop, "PUT", f"/wallet/{other}", {})

    first = await ask(shop, "wallets?limit=1")
    rest = await read(shop, f"wallets?limit=5&cursor={first.headers['guerdon-next-cursor']}")

    assert first.headers["x-total-count"] == "2"
    assert sorted(row["wallet"] for row in [*first.json(), *rest]) == sorted([wallet, other])
    filled = next(row for row in [*first.json(), *rest] if row["wallet"] == wallet)
    assert (Decimal(str(filled["balance"])), filled["lots"], "nextExpiry" in filled) == (Decimal("86.5"), 2, True)
    assert [line["wallet"] for line in table(await ask(shop, "wallets?_start=1&_end=2", **CSV))] == [rest[0]["wallet"]]
    assert problem(await ask(shop, "wallets?cursor=nonsense"))["code"] == "points_cursor_invalid"


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("liability?asOf=yesterday", {"asOf"}),
        ("expiring-points?days=0&asOf=2026-02-30T00:00:00Z", {"days", "asOf"}),
        ("expired-paid-batches", {"year", "month"}),
        ("breakage?asOf=no", {"year", "asOf"}),
        ("expired-paid-batches?year=20&month=13&asOf=no", {"year", "month", "asOf"}),
        ("wallets?limit=0&asOf=no", {"limit", "asOf"}),
    ],
)
async def test_all_bad_parameters_are_named_at_once(shop: Shop, path: str, wrong: set[str]) -> None:
    answer = await ask(shop, path)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == wrong


async def test_a_report_needs_its_own_scope(shop: Shop) -> None:
    reader, reporter = await shop.make_key("Wallet.Read"), await shop.make_key("Wallet.Report")
    month, year = "expired-paid-batches?year=2026&month=1", "breakage?year=2026"
    paths = ("liability", "expiring-points", month, year, "wallets")

    assert [(await ask(shop, path, reader)).status_code for path in paths] == [403] * 5
    assert [(await ask(shop, path, reporter)).status_code for path in paths] == [200] * 5


async def test_a_zone_that_nobody_knows_is_refused_and_a_known_one_is_taken(shop: Shop) -> None:
    before = (await shop.ask("GET", "/config/tenant")).json()

    refused = await shop.ask("PATCH", "/config/tenant", {"timeZone": "Europe/Atlantis", "name": "Other"})
    changed = await shop.ask("PATCH", "/config/tenant", {"timeZone": "America/New_York"})

    assert problem(refused)["code"] == "time_zone_unknown"
    assert changed.json() == {**before, "timeZone": "America/New_York", "revision": before["revision"] + 1}


async def test_of_many_reports_at_once_two_hold_a_connection_and_the_others_wait(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    reports = [asyncio.create_task(ask(shop, "liability")) for _ in range(40)]
    seen: list[int] = []
    while not all(report.done() for report in reports):
        seen.append(
            await owner.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state <> 'idle' AND query LIKE '%WITH later%'"
                "   AND pid <> pg_backend_pid()"
            )
        )

    assert {report.result().status_code for report in reports} == {200}
    assert max(seen) in {1, 2}
