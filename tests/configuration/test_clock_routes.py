import uuid
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from guerdon.entrypoints.house import House
from guerdon.platform.clock import rfc3339
from tests.configuration.clock_builders import Lab, open_lab
from tests.shops import Shop, problem

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def lab(owner: "asyncpg.Connection[asyncpg.Record]", house: House, http: httpx2.AsyncClient) -> Lab:
    return await open_lab(owner, house, http, f"lab-{uuid.uuid4().hex[:12]}")


async def wallet_with(lab: Lab, *batches: tuple[int, datetime | None]) -> str:
    wallet = f"/wallet/{uuid.uuid4()}"
    await lab.points("PUT", wallet, {})
    for amount, ends in batches:
        body = {"amount": amount, "price": amount} | ({"expires": rfc3339(ends)} if ends else {})
        answer = await lab.points("POST", f"{wallet}/batch/sync", body)
        assert answer.status_code == 201, answer.text
    return wallet


async def balance(lab: Lab, wallet: str, as_of: datetime | None = None) -> float:
    query = f"?asOf={rfc3339(as_of)}" if as_of else ""
    return (await lab.points("GET", wallet + query)).json()["balance"]


async def owed(lab: Lab, as_of: datetime) -> float:
    return (await lab.points("GET", f"/report/liability?asOf={rfc3339(as_of)}")).json()["points"]


def by_the_minute(instant: datetime) -> datetime:
    """When something that falls due at an instant is posted."""
    minute = instant.replace(second=0, microsecond=0)
    return minute if minute == instant else minute + timedelta(minutes=1)


async def test_a_clock_goes_with_the_world_until_it_is_frozen_and_then_stands(lab: Lab) -> None:
    before = (await lab.shop.ask("GET", "/config/clock")).json()

    frozen_at = await lab.freeze()
    pass_id = await lab.shop.issue(customerId="1")
    after = (await lab.shop.ask("GET", "/config/clock")).json()

    assert (before["frozen"], before["sandbox"]) == (False, True)
    assert after == {"now": rfc3339(frozen_at), "frozen": True, "sandbox": True}
    async with lab.shop.house.database.tenant(lab.shop.tenant_id) as tx:
        assert await tx.value("SELECT created_at FROM pass WHERE pass_id = $1", pass_id) == frozen_at


async def test_a_live_tenant_has_no_clock_and_is_told_so(shop: Shop) -> None:
    refused = [
        problem(await shop.ask("POST", f"/config/clock/{path}", body))
        for path, body in (("freeze", {}), ("advance", {"to": "2100-01-01T00:00:00Z"}), ("stop", None))
    ]

    assert [(one["status"], one["code"]) for one in refused] == [(409, "not_a_sandbox")] * 3
    assert (await shop.ask("GET", "/config/clock")).json()["sandbox"] is False


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("freeze", {"at": "2200-01-01T00:00:00Z"}, 400, "clock_too_far"),
        ("freeze", {"at": "2020-01-01T00:00:00Z"}, 409, "clock_backwards"),
        ("freeze", {"at": "soon"}, 400, "invalid_request"),
        ("freeze", {"to": "2100-01-01T00:00:00Z"}, 400, "invalid_request"),
        ("advance", {"to": "2100-01-01T00:00:00Z"}, 409, "clock_not_frozen"),
        ("advance", {}, 400, "invalid_request"),
        ("stop", None, 409, "clock_not_frozen"),
    ],
)
async def test_what_a_clock_cannot_do_is_refused_and_changes_nothing(
    lab: Lab, path: str, body: Any, status: int, code: str
) -> None:
    refused = problem(await lab.shop.ask("POST", f"/config/clock/{path}", body))

    assert (refused["status"], refused["code"]) == (status, code)
    assert (await lab.shop.ask("GET", "/config/clock")).json()["frozen"] is False


async def test_a_frozen_clock_is_never_frozen_again_nor_turned_back(lab: Lab) -> None:
    now = await lab.freeze()

    again = problem(await lab.shop.ask("POST", "/config/clock/freeze", {}))
    back = problem(await lab.shop.ask("POST", "/config/clock/advance", {"to": rfc3339(now - HOUR)}))

    assert (again["code"], back["code"], back["now"]) == ("clock_frozen", "clock_backwards", rfc3339(now))


async def test_one_advance_is_under_way_at_a_time_and_can_be_stopped_for_good(lab: Lab) -> None:
    now = await lab.freeze()
    asked = (await lab.shop.ask("POST", "/config/clock/advance", {"to": rfc3339(now + DAY)})).json()

    other = problem(await lab.shop.ask("POST", "/config/clock/advance", {"to": rfc3339(now + DAY)}))
    stopped = [(await lab.shop.ask("POST", "/config/clock/stop")).json() for _ in range(2)]
    await lab.work()

    assert asked["advance"] == {"from": rfc3339(now), "to": rfc3339(now + DAY), "posted": 0, "state": "running"}
    assert other["code"] == "clock_moving"
    assert [one["advance"]["state"] for one in stopped] == ["cancelled", "cancelled"]
    assert (await lab.shop.ask("GET", "/config/clock")).json()["now"] == rfc3339(now)


async def test_a_clock_can_be_frozen_where_it_is_to_stand(lab: Lab) -> None:
    answer = await lab.shop.ask("POST", "/config/clock/freeze", {"at": "2099-12-31T23:59:59.5Z"})
    await lab.work()

    assert answer.json()["advance"]["state"] == "running"
    clock = (await lab.shop.ask("GET", "/config/clock")).json()
    assert (clock["now"], clock["advance"]["state"]) == ("2099-12-31T23:59:59.500Z", "done")


async def test_movements_of_a_tenant_whose_clock_stands_do_not_go_the_quick_way_and_bear_its_time(lab: Lab) -> None:
    privilege_id = await lab.shop.grant(await lab.shop.issue(customerId="1"), 5)
    path = f"/passes/privileges/{privilege_id}"
    await lab.shop.ask("POST", f"{path}/movements", {"oldValue": 5, "movementValue": -1})
    headers, guard = {b"x-api-key": lab.shop.key.encode()}, lab.shop.house.guard
    faces = ((lab.shop.tenant_id, "Pass.Write"), (None, "Wallet.Write.Operation"), (None, "Wallet.Read"))
    before = [guard.admit_at_once(headers, *face) for face in faces]

    now = await lab.freeze()
    await lab.advance(now + DAY)
    await lab.shop.ask("POST", f"{path}/movements", {"oldValue": 4, "movementValue": -1})

    moved = (await lab.shop.ask("GET", path)).json()["data"]["movements"][-1]
    assert None not in before
    assert [guard.admit_at_once(headers, *face) for face in faces] == [None] * len(faces)
    assert moved["date"] == rfc3339(now + DAY)


async def test_lots_end_at_their_own_instants_however_far_the_clock_goes_at_once(lab: Lab) -> None:
    now = await lab.freeze()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [day + 10 * DAY, day + 200 * DAY, day + 700 * DAY + timedelta(seconds=1)]
    wallet = await wallet_with(lab, (1, ends[0]), (20, ends[1]), (300, ends[2]), (4000, None))

    clock = await lab.advance(now + 730 * DAY)

    statement = (await lab.points("GET", f"{wallet}/statement")).json()
    expired = [(line["at"], line["amount"]) for line in statement if line["kind"] == "EXPIRE"]
    assert clock["advance"]["posted"] == 3
    assert expired == [
        (rfc3339(ends[0]), -1),
        (rfc3339(ends[1]), -20),
        (rfc3339(ends[2] + timedelta(seconds=59)), -300),
    ]
    for as_of, left in (
        (now, 4321),
        (ends[0] - HOUR, 4321),
        (ends[0], 4320),
        (ends[1] - HOUR, 4320),
        (ends[1] + HOUR, 4300),
        (ends[2], 4000),
        (now + 730 * DAY, 4000),
    ):
        assert (await balance(lab, wallet, as_of), await owed(lab, as_of)) == (left, left), as_of


async def test_an_overdue_hold_is_given_back_to_the_lot_that_ended_meanwhile(lab: Lab) -> None:
    now = await lab.freeze()
    wallet = await wallet_with(lab, (10, now + 3 * HOUR))
    hold = {"amount": 6, "expires": rfc3339(now + 5 * HOUR)}
    assert (await lab.points("POST", f"{wallet}/hold", hold)).status_code == 201

    await lab.advance(now + 4 * HOUR)
    between = await balance(lab, wallet)
    await lab.advance(now + 6 * HOUR)

    lines = (await lab.points("GET", f"{wallet}/statement")).json()
    assert between == 6
    assert await balance(lab, wallet) == 0
    assert [line["kind"] for line in lines][-3:] == ["EXPIRE", "RELEASE", "EXPIRE"]


async def test_privileges_and_voided_passes_go_when_their_time_has_come(lab: Lab) -> None:
    now = await lab.freeze()
    kept, deleted = await lab.shop.issue(customerId="1"), await lab.shop.issue(customerId="2")
    privilege_id = await lab.shop.grant(kept, 5, deletionDate=rfc3339(now + 2 * DAY))
    await lab.shop.ask("DELETE", f"/passes/{deleted}")

    clock = await lab.advance(now + 3 * DAY)

    assert clock["advance"]["posted"] == 2
    assert (await lab.shop.ask("GET", f"/passes/privileges/{privilege_id}")).status_code == 404
    async with lab.shop.house.database.tenant(lab.shop.tenant_id) as tx:
        assert await tx.value("SELECT count(*) FROM pass WHERE pass_id = $1", deleted) == 0
        told = await tx.records("SELECT kind, occurred_at FROM event WHERE kind = 'Privilege:Deleted'")
    assert [row["occurred_at"] for row in told] == [by_the_minute(now + 2 * DAY)]


async def test_an_advance_that_was_cut_off_goes_on_where_it_was(lab: Lab) -> None:
    now = await lab.freeze()
    wallet = await wallet_with(lab, (1, now + DAY), (20, now + 2 * DAY))
    await lab.shop.ask("POST", "/config/clock/advance", {"to": rfc3339(now + 3 * DAY)})
    async with lab.shop.house.database.tenant(lab.shop.tenant_id) as tx:
        # As a worker leaves it that dies after it has moved the clock and before it has posted anything.
        await tx.execute("UPDATE tenant_clock SET now_at = $1", now + DAY)

    await lab.work()

    clock = (await lab.shop.ask("GET", "/config/clock")).json()
    assert (clock["now"], clock["advance"]["posted"]) == (rfc3339(now + 3 * DAY), 2)
    assert await balance(lab, wallet, now + DAY) == 20


async def test_a_change_of_the_clock_is_an_event_of_its_caller_and_a_dry_run_is_none(lab: Lab) -> None:
    dry = await lab.shop.ask("POST", "/config/clock/freeze", {}, headers={"guerdon-dry-run": "true"})
    thawed = (await lab.shop.ask("GET", "/config/clock")).json()["frozen"]
    now = await lab.freeze()
    headers = {"idempotency-key": "once"}
    body = {"to": rfc3339(now + 400 * DAY)}
    first = await lab.shop.ask("POST", "/config/clock/advance", body, headers=headers)
    await lab.work()
    again = await lab.shop.ask("POST", "/config/clock/advance", body, headers=headers)

    async with lab.shop.house.database.tenant(lab.shop.tenant_id) as tx:
        events = await tx.records(
            "SELECT kind, actor, occurred_at FROM event WHERE kind LIKE 'tenant.clock%' ORDER BY transaction_id"
        )
    assert (dry.status_code, thawed) == (201, False)
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")
    assert [row["kind"] for row in events] == ["tenant.clock-frozen", "tenant.clock-started", "tenant.clock-advanced"]
    assert {row["actor"].partition(":")[0] for row in events} == {"key"}
    assert [row["occurred_at"] for row in events] == [now, now, now + 400 * DAY]


async def test_the_clock_is_for_those_who_may_change_the_configuration(lab: Lab) -> None:
    reading, none = await lab.shop.make_key("Config.Read"), await lab.shop.make_key("Pass.Write")

    assert (await lab.shop.ask("GET", "/config/clock", key=reading)).status_code == 200
    assert (await lab.shop.ask("GET", "/config/clock", key=none)).status_code == 403
    for path in ("freeze", "advance", "stop"):
        assert (await lab.shop.ask("POST", f"/config/clock/{path}", {}, key=reading)).status_code == 403
