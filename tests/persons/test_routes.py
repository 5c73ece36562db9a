import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from guerdon.passes.import_queries import Alias, insert_aliases
from guerdon.passes.installation import Registration
from guerdon.passes.installing import record_installed
from guerdon.persons import exporting
from tests.shops import Shop, problem

PERSON = "ada-lovelace"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def furnish(shop: Shop) -> str:
    """Give Ada a pass with something of every kind on it."""
    pass_id = await shop.issue(customerId=PERSON, mail="ada@example.org")
    await shop.ask("PATCH", f"/passes/{pass_id}", {"metadata": {"city": "London"}, "additionalData": {"name": "Ada"}})
    privilege = await shop.grant(pass_id, 3, options={"notification": {"content": "Hello Ada"}})
    move = {"oldValue": 3, "movementValue": 0.5, "remarks": "two coffees"}
    moved = await shop.ask("POST", f"/passes/privileges/{privilege}/movements", move)
    scanned = await shop.ask("POST", "/scans", {"data": PERSON, "type": "qrcode"})
    assert (moved.status_code, scanned.status_code) == (200, 200)
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await record_installed(tx, Registration("apple", "phone", pass_id), "device", NOW)
        await insert_aliases(tx, [Alias("google", "issuer.ada", pass_id)])
    return pass_id


async def export(shop: Shop, query: str = f"customerId={PERSON}") -> dict[str, Any]:
    answer = await shop.ask("POST", f"/persons/export?{query}")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


async def rows_naming(shop: Shop, text: str) -> list[str]:
    """Name the tables of the tenant that hold a text anywhere, but for the ledger."""
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        tables = await tx.records("SELECT tablename FROM pg_policies WHERE tablename NOT LIKE 'ledger%'")
        return [
            table
            for (table,) in tables
            if await tx.connection.fetchval(
                f"SELECT count(*) FROM {table} AS t WHERE tenant_id = $1 AND t::text ILIKE '%' || $2 || '%'",  # noqa: S608 (names of our tables)
                shop.tenant_id,
                text,
            )
        ]


async def test_an_export_holds_everything_that_is_kept_of_a_person(shop: Shop) -> None:
    pass_id = await furnish(shop)
    await shop.issue(customerId="somebody-else")

    (one,) = (await export(shop))["passes"]

    assert one["passId"] == pass_id
    assert (one["identifiers"]["mail"], one["metadata"], one["additionalData"]) == (
        "ada@example.org",
        {"city": "London"},
        {"name": "Ada"},
    )
    assert (one["namesAtWallets"], one["installations"][0]["deviceId"]) == ({"google": "issuer.ada"}, "phone")
    assert [(m["movementValue"], m["value"], m["remarks"]) for m in one["movements"]] == [
        (3, 3, "opening value"),
        (0.5, 3.5, "two coffees"),
    ]
    assert (one["notifications"][0]["content"], one["scans"][0]["type"], len(one["privileges"])) == (
        "Hello Ada",
        "qrcode",
        1,
    )
    assert {"Pass:Created", "Pass:Installed", "Pass:Scanned"} <= {event["kind"] for event in one["events"]}


@pytest.mark.parametrize("section", ["movements", "events", "scans"])
async def test_an_export_is_whole_beyond_a_page(shop: Shop, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    for place in ("passes.exporting", "privileges.persons", "persons.exporting"):
        monkeypatch.setattr(f"guerdon.{place}.PAGE", 2)
    await furnish(shop)
    for _ in range(5):
        await shop.ask("POST", "/scans", {"data": PERSON, "type": "nfc"})
    pass_id = (await shop.ask("GET", f"/passes/findPass?customerId={PERSON}")).text
    await shop.grant(pass_id, 1)
    await shop.grant(pass_id, 1)

    found = (await export(shop))["passes"][0][section]

    assert len(found) == len({json.dumps(one) for one in found})
    assert len(found) >= {"movements": 4, "events": 12, "scans": 6}[section]
    assert exporting.PAGE == 2


async def test_nothing_of_an_erased_person_is_left_but_value(shop: Shop) -> None:
    pass_id = await furnish(shop)
    assert set(await rows_naming(shop, PERSON)) >= {"pass", "pass_identifier", "event"}
    kept = await shop.issue(customerId="somebody-else")

    receipt = (await shop.ask("POST", f"/persons/erase?customerId={PERSON}")).json()

    assert receipt["passIds"] == [pass_id]
    counts = receipt["erased"]
    assert counts.pop("events") >= 6
    assert counts == {
        "passes": 1,
        "privileges": 1,
        "identifiers": 2,
        "scans": 1,
        "notifications": 1,
        "installations": 1,
        **dict.fromkeys(("wallets", "batches", "operations", "holds", "coupons", "vouchers"), 0),
    }
    for text in (PERSON, "ada@example.org", "London", "Hello Ada", '"Ada"', "issuer.ada", "phone"):
        assert await rows_naming(shop, text) == []
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).status_code == 404
    assert (await shop.ask("GET", f"/passes/{kept}/document")).status_code == 200
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        remarks = await tx.value(
            "SELECT remarks FROM ledger_entry WHERE tenant_id = $1 AND remarks <> 'opening value'", tx.tenant_id
        )
    assert remarks == "two coffees"


async def test_the_counters_are_right_when_a_person_is_erased(shop: Shop) -> None:
    await furnish(shop)
    await shop.ask("POST", f"/persons/erase?customerId={PERSON}")

    row = (await shop.ask("GET", "/passes/statistics?passType=card")).json()[0]

    assert (row["created"], row["deleted"], row["passes"], row["apple"]["active"]) == (1, 1, 0, 0)


async def test_all_passes_of_the_person_go_and_all_given_identifiers_must_match(shop: Shop) -> None:
    both = sorted([await shop.issue("card", customerId=PERSON), await shop.issue("bounded", customerId=PERSON, t="1")])

    narrow = [one["passId"] for one in (await export(shop, f"customerId={PERSON}&t=1"))["passes"]]
    erased = (await shop.ask("POST", f"/persons/erase?customerId={PERSON}")).json()["passIds"]

    assert (erased, len(narrow)) == (both, 1)


async def test_an_erasure_is_repeated_by_its_key_and_a_dry_run_erases_nothing(shop: Shop) -> None:
    await furnish(shop)
    path, key = f"/persons/erase?customerId={PERSON}", {"idempotency-key": "gdpr-1"}

    dry = await shop.ask("POST", path, headers={"guerdon-dry-run": "true"})
    twins = await asyncio.gather(shop.ask("POST", path, headers=key), shop.ask("POST", path, headers=key))
    later = await shop.ask("POST", path)

    assert dry.json()["erased"]["passes"] == 1
    assert twins[0].json() == twins[1].json()
    assert (later.status_code, problem(later)["code"]) == (404, "pass_not_found")


async def test_exports_and_erasures_are_kept_without_saying_whose(shop: Shop) -> None:
    await furnish(shop)
    await export(shop)
    await shop.ask("POST", f"/persons/erase?customerId={PERSON}")

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kinds = {
            event["kind"]: event["payload"]
            for event in await tx.records("SELECT kind, payload FROM event WHERE tenant_id = $1", tx.tenant_id)
        }
    assert {"Person:Exported", "Person:Erased"} <= kinds.keys()
    assert PERSON not in str(kinds)


@pytest.mark.parametrize("action", ["export", "erase"])
async def test_a_person_is_named_by_identifiers_that_somebody_has(shop: Shop, action: str) -> None:
    for query, status in (("", 400), ("customerId=nobody", 404), ("id=x", 404), ("customerId=", 400)):
        assert (await shop.ask("POST", f"/persons/{action}?{query}")).status_code == status


async def test_identifiers_of_too_many_passes_are_of_no_person(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guerdon.persons.finding.PASSES_MAX", 1)
    await shop.issue(shopId="7", customerId="1")
    await shop.issue(shopId="7", customerId="2")

    answer = await shop.ask("POST", "/persons/erase?shopId=7")

    assert (answer.status_code, problem(answer)["code"]) == (409, "person_too_large")


async def test_exporting_and_erasing_need_their_own_scopes(shop: Shop) -> None:
    await furnish(shop)
    reader = await shop.make_key("Person.Read", "Pass.Read", "Pass.Write")

    assert (await shop.ask("POST", f"/persons/export?customerId={PERSON}", key=reader)).status_code == 200
    assert (await shop.ask("POST", f"/persons/erase?customerId={PERSON}", key=reader)).status_code == 403
