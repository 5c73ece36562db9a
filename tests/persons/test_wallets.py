"""Wallets of persons: exported whole, and erased but for value."""

import json
import uuid
from typing import Any

import pytest

from guerdon.ledger.verifying import verify_tenant
from tests.persons.test_routes import export, rows_naming
from tests.points.tills import BASE, Till, soon
from tests.shops import Shop, problem

SECRETS = ("Lovelace", "Analytical", "Somerset", "engine-7", "Byron")


@pytest.fixture
async def till(shop: Shop) -> Till:
    """A till with an empty wallet."""
    made = Till(shop)
    assert (await made.ask("PUT", "", {})).status_code == 201
    return made


async def ask(till: Till, method: str, path: str, body: object = None) -> Any:
    answer = await till.shop.http.request(method, f"{BASE}{path}", json=body, headers={"x-api-key": till.shop.key})
    assert answer.is_success, answer.text
    return answer.json()


async def furnish(till: Till) -> dict[str, str]:
    """Give the till's wallet something of every kind, and give the ids of some."""
    await till.ask("PUT", "", {"name": "Lovelace"})
    await till.add(30, soon(days=9), order="engine-7", venue="Somerset", extra={"note": "Analytical"})
    await till.spend(5, order="engine-7", venue="Somerset", extra={"note": "Analytical"})
    hold = await till.ask("POST", "/hold", {"amount": 2, "order": "engine-7", "extra": {"note": "Analytical"}})
    coupon = {"details": {"literals": {"title": "For Lovelace"}}, "data": {"extra": {"note": "Analytical"}}}
    given = (await till.ask("POST", "/coupon", coupon)).json()["id"]
    used = (await till.ask("POST", "/coupon", coupon)).json()["id"]
    await till.ask("POST", "/coupon/use", {"coupon": used})
    own = {"amount": 7, "forWallet": till.wallet, "extra": {"note": "Byron"}}
    unused, spent = [(await ask(till, "POST", "/voucher", own))["id"] for _ in range(2)]
    await till.ask("POST", "/voucher", {"voucher": spent})
    reward = await ask(till, "POST", "/reward", {"name": "Coffee", "points": 1, "data": {"couponKey": "coffee"}})
    claimed = (await till.ask("POST", f"/reward/{reward['id']}/claim")).json()
    return {
        "hold": hold.json()["id"],
        "given": given,
        "used": used,
        "unused": unused,
        "spent": spent,
        "claimed": claimed["coupon"]["id"],
    }


async def test_an_export_holds_the_wallets_that_the_persons_passes_name(till: Till) -> None:
    ids = await furnish(till)
    await till.shop.issue(customerId="ada", walletId=till.wallet)
    await till.shop.issue(customerId="ada", walletId=str(uuid.uuid4()))  # where there is none

    document = await export(till.shop, "customerId=ada")

    (wallet,) = document["wallets"]
    assert (len(document["passes"]), wallet["id"], wallet["attributes"]) == (2, till.wallet, {"name": "Lovelace"})
    assert (wallet["balance"], wallet["available"], wallet["held"]) == (31, 29, 2)
    assert sorted(one["amount"] for one in wallet["batches"]) == [7, 30]
    assert [one["kind"] for one in wallet["operations"]] == ["CLAIM", "SPEND"]
    assert [one["id"] for one in wallet["holds"]] == [ids["hold"]]
    assert [(one["kind"], one["amount"], one["balance"]) for one in wallet["statement"]] == [
        ("EARN", 30, 30),
        ("SPEND", -5, 25),
        ("HOLD", 0, 25),
        ("EARN", 7, 32),
        ("SPEND", -1, 31),
    ]
    assert {one["id"]: one["status"] for one in wallet["coupons"]} == {
        ids["given"]: "ACTIVE",
        ids["used"]: "USED",
        ids["claimed"]: "ACTIVE",
    }
    assert {one["id"]: one["status"] for one in wallet["vouchers"]} == {ids["unused"]: "ACTIVE", ids["spent"]: "USED"}
    assert [(one["coupon"], one["points"]) for one in wallet["claims"]] == [(ids["claimed"], 1)]
    assert {"Wallet:Created", "Wallet:PointsSpent", "Coupon:Used"} <= {one["kind"] for one in wallet["events"]}


@pytest.mark.parametrize("section", ["batches", "operations", "holds", "statement", "coupons", "vouchers", "claims"])
async def test_an_export_of_a_wallet_is_whole_beyond_a_page(
    till: Till, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    for room in ("points", "coupons", "vouchers", "rewards"):
        monkeypatch.setattr(f"guerdon.{room}.persons.PAGE", 2)
    for _ in range(3):
        await furnish(till)

    (wallet,) = (await export(till.shop, f"walletId={till.wallet}"))["wallets"]

    found = [json.dumps(one) for one in wallet[section]]
    counts = {"batches": 6, "operations": 6, "holds": 3, "statement": 15, "coupons": 9, "vouchers": 6, "claims": 3}
    assert (len(found), len(set(found))) == (counts[section], counts[section])


async def test_an_erased_wallet_keeps_its_value_and_loses_all_that_was_said(till: Till) -> None:
    ids = await furnish(till)
    pass_id = await till.shop.issue(customerId="ada", walletId=till.wallet)
    assert set(await rows_naming(till.shop, "Analytical")) == {
        "wallet_batch",
        "wallet_operation",
        "wallet_hold",
        "coupon",
    }
    before = await till.balance()

    receipt = (await till.shop.ask("POST", "/persons/erase?customerId=ada")).json()

    assert (receipt["passIds"], receipt["walletIds"]) == ([pass_id], [till.wallet])
    counts = receipt["erased"]
    assert [counts[name] for name in ("wallets", "batches", "operations", "holds", "coupons", "vouchers")] == [
        1, 2, 2, 1, 3, 2,
    ]  # fmt: skip
    for text in SECRETS:
        assert await rows_naming(till.shop, text) == [], text
    assert await till.balance() == before
    coupons = {one["id"]: one["status"] for one in (await till.ask("GET", "/coupon")).json()}
    assert coupons == {ids["given"]: "CANCELLED", ids["used"]: "USED", ids["claimed"]: "CANCELLED"}
    assert (await ask(till, "GET", f"/voucher/{ids['unused']}"))["status"] == "CANCELLED"
    assert (await till.ask("POST", f"/hold/{ids['hold']}/capture", {})).status_code == 201
    assert (await verify_tenant(till.shop.house.database, till.shop.tenant_id)).is_sound


async def test_a_wallet_without_a_pass_is_found_by_its_id_alone(till: Till) -> None:
    await furnish(till)

    document = await export(till.shop, f"walletId={till.wallet}")
    erased = (await till.shop.ask("POST", f"/persons/erase?walletId={till.wallet}")).json()

    assert (document["passes"], len(document["wallets"])) == ([], 1)
    assert (erased["passIds"], erased["walletIds"]) == ([], [till.wallet])
    assert (await till.ask("GET")).json()["attributes"] == {}


@pytest.mark.parametrize("query", ["customerId={}", "walletId={}&customerId=ada", "id={}"])
async def test_nothing_else_finds_a_wallet_that_no_pass_names(till: Till, query: str) -> None:
    answer = await till.shop.ask("POST", f"/persons/export?{query.format(till.wallet)}")

    assert (answer.status_code, problem(answer)["code"]) == (404, "pass_not_found")


async def test_a_wallet_that_a_pass_names_by_another_identifier_is_not_found_by_its_id_alone(till: Till) -> None:
    await till.ask("PUT", "", {"name": "Lovelace"})
    await till.shop.issue(customerId="ada", memberId=till.wallet)

    answer = await till.shop.ask("POST", f"/persons/erase?walletId={till.wallet}")

    assert (answer.status_code, problem(answer)["code"]) == (404, "pass_not_found")
    assert (await till.ask("GET")).json()["attributes"] == {"name": "Lovelace"}


async def test_a_wallet_that_others_show_too_is_not_the_persons_alone(till: Till) -> None:
    await till.ask("PUT", "", {"name": "Family"})
    await till.shop.issue(customerId="ada", walletId=till.wallet)
    await till.shop.issue(customerId="byron", walletId=till.wallet)

    document = await export(till.shop, "customerId=ada")
    receipt = (await till.shop.ask("POST", "/persons/erase?customerId=ada")).json()

    assert (document["wallets"], receipt["walletIds"]) == ([], [])
    assert (await till.ask("GET")).json()["attributes"] == {"name": "Family"}
