"""Points on passes: a pass that names a wallet shows what is in it, and is refreshed by every change of it."""

import asyncio
import io
import json
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from guerdon.coupons.errors import CouponCancelled
from guerdon.coupons.expiring import tell_expired
from guerdon.coupons.keeping import use_coupon
from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.passes.updating import touch_passes
from guerdon.platform.events import read_of_subject
from guerdon.points.expiring import expire_due
from guerdon.points.expiry_rule import PATH as RULE
from guerdon.points.inactivity import end_inactive
from guerdon.points.model import Rollback
from guerdon.points.returning import roll_back
from guerdon.rewards.claiming import roll_back_claim
from tests.clocks import Clock
from tests.points.tills import BASE, Till, soon
from tests.shops import certify, open_shop, save_type, until_waiting

TYPE = """
kind: customerCard
organization: Corner Shop
description: Points card
fields:
  primary:
    - {key: points, label: Points, value: "{{ points.available | default: 'none' }}"}
  secondary:
    - {key: all, label: All, value: "{{ points.balance }} with {{ points.held }} held"}
    - key: expiry
      label: Ends
      value: "{{ points.nextExpiry.amount }} on {{ points.nextExpiry.date | date: '%d.%m.%Y' }}"
    - key: coupons
      label: Coupons
      value: "{% for coupon in coupons %}{{ coupon.literals.title }} {{ coupon.data.couponKey }};{% endfor %}"
"""
COUPON = {"details": {"literals": {"title": "Bun"}}, "data": {"couponKey": "bun"}}


@pytest.fixture
async def card(till: Till) -> str:
    """A pass that names the till's wallet."""
    await save_type(till.shop, "points", TYPE)
    return await till.shop.issue("points", walletId=till.wallet)


async def revision(till: Till, pass_id: str) -> int:
    return (await till.shop.ask("GET", f"/passes/{pass_id}/document")).json()["revision"]


async def shown(till: Till, pass_id: str) -> dict[str, str]:
    """What the hosted page and the wallets would show, by key."""
    view = (await till.shop.ask("GET", f"/passes/{pass_id}?device=preview")).json()
    fields = [field for group in view["apple"]["fields"].values() for field in group]
    return {field["key"]: field["value"] for field in fields}


async def told(till: Till, pass_id: str) -> list[dict[str, Any]]:
    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        events = await read_of_subject(tx, pass_id, uuid.UUID(int=0), 100)
    return [json.loads(event.payload) for event in events if event.kind == "Pass:WalletChanged"]


async def test_a_pass_shows_the_points_and_coupons_of_the_wallet_that_it_names(till: Till, card: str) -> None:
    await till.add(30)
    await till.add(12.5, datetime(2199, 5, 17, tzinfo=UTC))
    await till.ask("POST", "/hold", {"amount": 2.5})
    await till.ask("POST", "/coupon", COUPON)

    assert await shown(till, card) == {
        "points": "40",
        "all": "42.5 with 2.5 held",
        "expiry": "10 on 17.05.2199",
        "coupons": "Bun bun;",
    }


async def test_a_pass_may_name_the_wallet_by_another_identifier(till: Till) -> None:
    await save_type(till.shop, "customer", f"{TYPE}\nwallet: customerId\n")
    pass_id = await till.shop.issue("customer", customerId=till.wallet)
    await till.add(7)

    assert (await shown(till, pass_id))["points"] == "7"


@pytest.mark.parametrize(
    "named", ["704819d3-4b58-46e7-aeb3-2e884d08fd36", "42", "8QpZ3vX1nB7kT5mWc2Ra8QpZ3vX1nB7kT5mW"]
)
async def test_a_pass_that_names_no_wallet_shows_no_points(till: Till, named: str) -> None:
    await save_type(till.shop, "points", TYPE)
    pass_id = await till.shop.issue("points", walletId=named)

    fields = await shown(till, pass_id)

    assert (fields["points"], fields.get("coupons")) == ("none", None)


async def test_an_identifier_that_the_type_does_not_call_the_wallet_shows_nothing(till: Till) -> None:
    await save_type(till.shop, "points", TYPE)
    await till.add(7)
    pass_id = await till.shop.issue("points", customerId=till.wallet)

    assert (await shown(till, pass_id))["points"] == "none"


async def test_a_wallet_of_another_tenant_is_none(till: Till, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    other_id = f"t-{uuid.uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", other_id)
    other = Till(await open_shop(till.shop.house, till.shop.http, other_id))
    await save_type(other.shop, "points", TYPE)
    pass_id = await other.shop.issue("points", walletId=till.wallet)

    await till.add(7)

    assert (await shown(other, pass_id))["points"] == "none"
    assert await revision(other, pass_id) == 1


Change = Callable[[Till], Awaitable[object]]


async def _opened(till: Till) -> None:
    # The wallet of the pass that is looked at is the till's; another one leaves it alone.
    await till.ask("PUT", "", {"name": "Ada"})


async def _added(till: Till) -> None:
    await till.add(1)


async def _added_later(till: Till) -> None:
    assert (await till.ask("POST", "/batch", {"amount": 1})).status_code == 202


async def _spent(till: Till) -> None:
    await till.spend(1)


async def _rolled_back(till: Till) -> None:
    operation = await till.spend(1)
    assert (await till.ask("POST", "/operation/rollback", {"operation": operation["id"]})).status_code == 200


async def _held_and_captured(till: Till) -> None:
    hold = (await till.ask("POST", "/hold", {"amount": 2})).json()
    assert (await till.ask("POST", f"/hold/{hold['id']}/capture", {"amount": 1})).status_code == 201


async def _held_and_released(till: Till) -> None:
    hold = (await till.ask("POST", "/hold", {"amount": 2})).json()
    assert (await till.ask("POST", f"/hold/{hold['id']}/release", {})).status_code == 200


async def _given_a_coupon(till: Till) -> str:
    answer = await till.ask("POST", "/coupon", COUPON)
    assert answer.status_code == 201
    return answer.json()["id"]


async def _used_and_reverted_a_coupon(till: Till) -> None:
    coupon = await _given_a_coupon(till)
    for how in ("use", "revert"):
        assert (await till.ask("POST", f"/coupon/{how}", {"coupon": coupon})).status_code == 200


async def _used_a_voucher(till: Till) -> None:
    made = await till.shop.http.post(f"{BASE}/voucher", json={"amount": 5}, headers={"x-api-key": till.shop.key})
    assert (await till.ask("POST", "/voucher", {"voucher": made.json()["id"]})).status_code == 200


async def _claimed(till: Till) -> None:
    reward = {"name": "Coffee", "points": 1, "data": {"couponKey": "coffee"}}
    made = await till.shop.http.post(f"{BASE}/reward", json=reward, headers={"x-api-key": till.shop.key})
    assert (await till.ask("POST", f"/reward/{made.json()['id']}/claim")).status_code == 201


@pytest.mark.parametrize(
    ("change", "times"),
    [
        pytest.param(_opened, 0, id="attributes"),
        pytest.param(_added, 1, id="batch"),
        pytest.param(_added_later, 1, id="asynchronous batch"),
        pytest.param(_spent, 1, id="spend"),
        pytest.param(_rolled_back, 2, id="rollback"),
        pytest.param(_held_and_captured, 2, id="capture"),
        pytest.param(_held_and_released, 2, id="release"),
        pytest.param(_given_a_coupon, 1, id="coupon"),
        pytest.param(_used_and_reverted_a_coupon, 3, id="coupon used"),
        pytest.param(_used_a_voucher, 1, id="voucher"),
        pytest.param(_claimed, 2, id="claim"),  # the points, and the coupon
    ],
)
async def test_every_change_of_a_wallet_refreshes_its_passes(till: Till, card: str, change: Change, times: int) -> None:
    await till.add(10)
    before, announced = await revision(till, card), len(await told(till, card))

    await change(till)

    assert await revision(till, card) - before == times
    events = (await told(till, card))[announced:]
    assert events == [{"passId": card, "walletId": till.wallet}] * times


async def test_a_refused_spending_and_a_dry_run_refresh_nothing(till: Till, card: str) -> None:
    before = await revision(till, card)

    assert (await till.ask("POST", "/operation", {"amount": 1})).status_code == 409
    assert (
        await till.ask("POST", "/batch/sync", {"amount": 1}, headers={"guerdon-dry-run": "true"})
    ).status_code == 201

    assert await revision(till, card) == before


async def test_a_wallet_that_is_opened_after_its_pass_shows_on_it(till: Till) -> None:
    await save_type(till.shop, "points", TYPE)
    late = Till(till.shop)
    pass_id = await till.shop.issue("points", walletId=late.wallet)

    assert (await late.ask("PUT", "", {})).status_code == 201

    assert await revision(till, pass_id) == 2
    assert (await shown(till, pass_id))["points"] == "0"


async def test_ends_are_posted_and_told(till: Till, card: str) -> None:
    await till.add(10, soon(days=1))
    await till.ask("POST", "/coupon", {**COUPON, "expires": soon(days=1).isoformat()})
    before, later = await revision(till, card), soon(days=2)

    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        assert await expire_due(tx, later) == 1
        assert await tell_expired(tx, later) == 1
        assert await tell_expired(tx, later) == 0

    assert await revision(till, card) - before == 2
    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        kinds = [event.kind for event in await read_of_subject(tx, till.wallet, uuid.UUID(int=0), 100)]
    assert kinds.count("Coupon:Expired") == 1


async def test_a_pass_tells_the_day_on_which_points_end_if_nobody_comes_and_that_they_did(till: Till) -> None:
    shows = "{{ points.available }} until {{ points.inactiveOn | date: '%d.%m.%Y' }}"
    await save_type(till.shop, "idle", f'{TYPE}  back:\n    - {{key: idle, label: Idle, value: "{shows}"}}\n')
    card = await till.shop.issue("idle", walletId=till.wallet)
    await till.add(10)
    yaml = {"content-type": "application/yaml"}
    rule = b"inactivity: {days: 30, notBefore: 2199-05-17}"
    assert (await till.shop.ask("PUT", f"/config/files/{RULE}", rule, headers=yaml)).is_success
    wallet = (await till.ask("GET", "")).json()
    before, drawn = await revision(till, card), (await shown(till, card))["idle"]

    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        assert await end_inactive(tx, datetime(2199, 5, 17, tzinfo=UTC)) == 1

    assert (wallet["inactiveOn"], drawn) == ("2199-05-17", "10 until 17.05.2199")
    assert await revision(till, card) - before == 1
    assert (await shown(till, card))["points"] == "0"
    assert "inactiveOn" not in (await till.ask("GET", "")).json()


async def test_a_coupon_that_was_used_has_no_end_to_tell_of(till: Till, card: str) -> None:
    coupon = (await till.ask("POST", "/coupon", {**COUPON, "expires": soon(days=1).isoformat()})).json()["id"]
    await till.ask("POST", "/coupon/use", {"coupon": coupon})
    before = await revision(till, card)

    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        assert await tell_expired(tx, soon(days=2)) == 0

    assert await revision(till, card) == before


async def test_a_signed_pass_follows_spending_and_the_ends_of_points_holds_and_coupons(
    till: Till, card: str, issuer: PassIssuer, clock: Clock
) -> None:
    await certify(till.shop)
    await till.add(10, clock.now + timedelta(days=3))
    await till.add(1)

    async def fields() -> dict[str, str]:
        package = await issuer.issue(till.shop.tenant_id, card)
        with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
            groups = json.loads(archive.read("pass.json"))["storeCard"]
        return {field["key"]: str(field["value"]) for group in groups.values() for field in group}

    assert (await fields())["points"] == "11"
    await till.spend(4)
    assert (await fields())["points"] == "7"
    await till.ask("POST", "/hold", {"amount": 2, "expires": (clock.now + timedelta(days=1)).isoformat()})
    assert (await fields())["points"] == "5"
    await till.ask("POST", "/coupon", {**COUPON, "expires": (clock.now + timedelta(days=2)).isoformat()})
    assert (await fields())["coupons"] == "Bun bun;"

    clock.now += timedelta(days=1, minutes=1)
    assert (await fields())["points"] == "7"
    clock.now += timedelta(days=1)
    assert "coupons" not in await fields()
    clock.now += timedelta(days=1)
    assert (await fields())["points"] == "1"


async def test_a_page_is_told_that_its_wallet_changed(till: Till, card: str) -> None:
    page = f"/{till.shop.tenant_id}/card/live?id={card}"
    before = await till.shop.http.get(page)

    await till.add(123)

    after = await till.shop.http.get(page, headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert "123" in after.text


async def test_a_pass_that_comes_to_name_a_wallet_waits_for_whoever_changes_it(till: Till) -> None:
    """Else the pass could be drawn from what was in the wallet before, and never be told."""
    await save_type(till.shop, "points", TYPE)
    database, tenant_id = till.shop.house.database, till.shop.tenant_id
    pass_id = await till.shop.issue("points", customerId="1")
    async with database.tenant(tenant_id) as tx:
        await tx.execute(
            "SELECT 1 FROM ledger_account WHERE tenant_id = $1 AND owner_id = $2 FOR UPDATE", tenant_id, till.wallet
        )
        creating = asyncio.create_task(till.shop.issue("points", walletId=till.wallet))
        changing = asyncio.create_task(
            till.shop.ask("PATCH", f"/passes/{pass_id}", {"identifiers": {"walletId": till.wallet}})
        )
        await until_waiting(till.shop.house.database, 2)
        assert (creating.done(), changing.done()) == (False, False)

    assert await creating
    assert (await changing).is_success


async def test_a_coupon_that_is_used_while_its_claim_is_rolled_back_waits_in_no_ring(till: Till, card: str) -> None:
    reward = {"name": "Coffee", "points": 1, "data": {"couponKey": "coffee"}}
    made = await till.shop.http.post(f"{BASE}/reward", json=reward, headers={"x-api-key": till.shop.key})
    await till.add(20)
    claimed = (await till.ask("POST", f"/reward/{made.json()['id']}/claim")).json()
    operation_id, coupon_id = uuid.UUID(claimed["operation"]["id"]), claimed["coupon"]["id"]
    wallet_id, now = uuid.UUID(till.wallet), datetime.now(UTC)

    async def undo() -> object:
        async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
            return await roll_back(tx, wallet_id, operation_id, None, hooks=[roll_back_claim], actor="till", now=now)

    async def use() -> object:
        async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
            return await use_coupon(tx, wallet_id, coupon_id, "till", now)

    async with till.shop.house.database.tenant(till.shop.tenant_id) as tx:
        # Both come while somebody holds the pass: who rolls back waits for it, and is to meet the coupon afterwards.
        await touch_passes(tx, [card], now)
        await tx.flush()
        undoing = asyncio.create_task(undo())
        await until_waiting(till.shop.house.database)
        using = asyncio.create_task(use())
        await until_waiting(till.shop.house.database, 2)
    outcomes = await asyncio.gather(undoing, using, return_exceptions=True)

    assert [type(one) for one in outcomes] == [Rollback, CouponCancelled]
