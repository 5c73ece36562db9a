import asyncio
import json
from decimal import Decimal

import pytest

from tests.shops import Shop, problem

OLD = "2020-01-01T00:00:00Z"


async def test_a_privilege_is_added_listed_read_and_taken_away(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    privilege_id = await shop.grant(pass_id, 2.5, priority=3, content={"title": {"value": "Stamps"}})
    listed = (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()
    read = (await shop.ask("GET", f"/passes/{pass_id}/privileges/{privilege_id}")).json()
    deleted = await shop.ask("DELETE", f"/passes/{pass_id}/privileges/{privilege_id}")

    assert listed == [read]
    assert read["data"]["value"] == 2.5
    assert read["content"] == {"title": {"value": "Stamps"}}
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await shop.ask("GET", f"/passes/privileges/{privilege_id}")).status_code == 404


async def test_lists_go_from_high_priority_to_low_and_missing_last(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    for priority in (None, 5, 100, None, 7):
        await shop.grant(pass_id, priority=priority)

    listed = (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()

    assert [privilege.get("priority") for privilege in listed] == [100, 7, 5, None, None]


async def test_an_answer_leaves_out_what_is_null(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")

    privilege_id = await shop.grant(pass_id, externalId=None, content={"title": {"value": None}})

    text = (await shop.ask("GET", f"/passes/privileges/{privilege_id}")).text
    assert "null" not in text


async def test_history_is_brought_in_with_its_ids_and_dates_oldest_first(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    movements = [
        {"movementId": "late", "date": "2021-05-05T10:00:00+02:00", "value": -1},
        {"movementId": "early", "date": OLD, "value": 4, "remarks": "from the old system"},
    ]

    privilege_id = await shop.grant(pass_id, 3, data={"value": 3.00005, "movements": movements})

    data = (await shop.ask("GET", f"/passes/privileges/{privilege_id}")).json()["data"]
    assert [(movement["movementId"], movement["date"]) for movement in data["movements"]] == [
        ("early", "2020-01-01T00:00:00.000Z"),
        ("late", "2021-05-05T08:00:00.000Z"),
    ]
    assert data["value"] == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"value": 4, "movements": [{"movementId": "a", "date": OLD, "value": 3}]}, "history_mismatch"),
        ({"movements": [{"movementId": "a", "date": OLD, "value": 0}]}, "zero_movement"),
        ({"movements": [{"movementId": "a", "date": OLD, "value": 1}] * 2}, "invalid_request"),
        ({"movements": [{"movementId": "not good", "date": OLD, "value": 1}]}, "invalid_request"),
        ({"movements": [{"movementId": "a", "date": "2020-01-01", "value": 1}]}, "invalid_request"),
    ],
)
async def test_history_that_does_not_hold_together_is_refused(shop: Shop, data: object, code: str) -> None:
    pass_id = await shop.issue(customerId="1")

    answer = await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "data": data})

    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json() == []


async def test_history_that_is_yet_to_come_is_refused_and_every_such_movement_named(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    dates = ("2099-01-01T00:00:00Z", OLD, "2098-01-01T00:00:00Z")
    movements = [{"movementId": "twice", "date": date, "value": 1} for date in dates]

    refusal = problem(
        await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "data": {"movements": movements}})
    )

    assert (refusal["status"], refusal["code"]) == (400, "invalid_request")
    assert set(refusal["errors"]) == {"data.movements", "data.movements.0.date", "data.movements.2.date"}
    assert (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json() == []


async def test_history_with_an_id_that_exists_is_refused_and_leaves_nothing(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    data = {"movements": [{"movementId": "mine", "date": OLD, "value": 1}]}
    await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "data": data})

    answer = await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "data": data})

    assert (answer.status_code, problem(answer)["code"]) == (409, "movement_id_taken")
    assert len((await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()) == 1


async def test_put_replaces_what_is_given_clears_null_and_keeps_the_rest_and_the_history(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    path = f"/passes/{pass_id}/privileges/gift-1"
    first = {"type": "Unlockable", "priority": 9, "externalId": "x", "data": {"value": 5, "content": "a"}}
    await shop.ask("PUT", path, first)
    await shop.ask("POST", "/passes/privileges/gift-1/movements", {"oldValue": 0, "movementValue": 2})

    answer = await shop.ask("PUT", path, {"priority": None, "data": {"value": 99}, "categories": ["Gift"]})

    read = (await shop.ask("GET", path)).json()
    assert (answer.status_code, answer.content) == (200, b"")
    assert (read["type"], read["externalId"], read["categories"]) == ("Unlockable", "x", ["Gift"])
    assert "priority" not in read
    assert (read["data"]["value"], read["data"]["content"]) == (2, "a")


async def test_put_refuses_a_new_one_without_type_and_one_of_another_pass(shop: Shop) -> None:
    mine, yours = await shop.issue(customerId="1"), await shop.issue(customerId="2")

    untyped = await shop.ask("PUT", f"/passes/{mine}/privileges/p", {"priority": 1})
    await shop.ask("PUT", f"/passes/{mine}/privileges/p", {"type": "OneTime"})
    elsewhere = await shop.ask("PUT", f"/passes/{yours}/privileges/p", {"type": "OneTime"})

    assert (untyped.status_code, problem(untyped)["code"]) == (400, "type_needed")
    assert (elsewhere.status_code, problem(elsewhere)["code"]) == (409, "privilege_elsewhere")


async def test_the_same_put_many_times_at_once_makes_one_privilege(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    body = {"type": "OneTime", "priority": 4}

    answers = await asyncio.gather(*(shop.ask("PUT", f"/passes/{pass_id}/privileges/p", body) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {200}
    assert len((await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()) == 1


async def test_a_privilege_past_its_deletion_date_is_gone_for_every_door(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    privilege_id = await shop.grant(pass_id, 1, deletionDate=OLD)

    listed = (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()
    movement = {"oldValue": 1, "movementValue": -1}
    moved = await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", movement)
    again = await shop.ask("PUT", f"/passes/{pass_id}/privileges/{privilege_id}", {"type": "OneTime"})

    assert listed == []
    assert problem(moved)["code"] == "privilege_not_found"
    assert again.status_code == 200
    assert await shop.value(privilege_id) == 0


async def test_refusals_of_a_movement_come_in_their_published_order(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 3)
    stale = {"if-match": '"99"'}
    bad, good, old = (
        {"oldValue": 3, "movementValue": 0},
        {"oldValue": 3, "movementValue": 1},
        {"oldValue": 9, "movementValue": 1},
    )

    async def status(name: str, body: object, headers: dict[str, str]) -> int:
        return (await shop.ask("POST", f"/passes/privileges/{name}/movements", body, headers=headers)).status_code

    assert await status("missing", bad, stale) == 400
    assert await status("missing", old, stale) == 404
    assert await status(privilege_id, old, stale) == 412
    assert await status(privilege_id, old, {}) == 409
    assert await status(privilege_id, good, {"if-match": '"1"'}) == 200


@pytest.mark.parametrize(
    ("old_value", "status"), [("3.0001", 200), ("2.9999", 200), ("3.000101", 409), ("2.999899", 409)]
)
async def test_the_value_may_be_off_by_a_ten_thousandth_inclusive(shop: Shop, old_value: str, status: int) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 3)

    body = b'{"oldValue": %s, "movementValue": 1}' % old_value.encode()
    answer = await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", body)

    assert answer.status_code == status


async def test_a_conflict_tells_the_current_value_and_version(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 0.1)

    body = {"oldValue": 7, "movementValue": 1}
    refusal = problem(await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", body))

    assert (refusal["code"], refusal["currentValue"], refusal["version"]) == ("value_mismatch", 0.1, 1)


async def test_numbers_stay_exact_to_the_sixth_place(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"))
    body = b'{"oldValue": 0, "movementValue": 999999999999.1234565}'

    answer = await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", body)

    assert answer.status_code == 200
    assert await shop.value(privilege_id) == Decimal("999999999999.123456")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"oldValue": "3", "movementValue": true, "extra": 1}', {"oldValue", "movementValue", "extra"}),
        (b'{"movementValue": 1e13, "remarks": ""}', {"oldValue", "movementValue", "remarks"}),
        (b'{"oldValue": null, "movementValue": 1, "movementId": "a b"}', {"oldValue", "movementId"}),
        (b'{"oldValue": 0, "movementValue": 1, "movementId": "a\\n"}', {"movementId"}),
        (b'{"oldValue": "3", "movementValue": 0}', {"oldValue", "movementValue"}),
        (b'{"oldValue": 1000000000000.0000000000000000001, "movementValue": 1}', {"oldValue"}),
    ],
)
async def test_all_mistakes_of_a_movement_are_named_at_once(shop: Shop, body: bytes, places: set[str]) -> None:
    answer = await shop.ask("POST", "/passes/privileges/p/movements", body)

    assert answer.status_code == 400
    assert set(problem(answer)["errors"]) == places


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"NaN", b'{"oldValue": 1, "movementValue": NaN}', b"\xff", b"1" * 2_000_000]
)
async def test_a_movement_body_that_cannot_be_read_is_a_clear_4xx(shop: Shop, body: bytes) -> None:
    answer = await shop.ask("POST", "/passes/privileges/p/movements", body)

    assert answer.status_code in {400, 413}
    assert problem(answer)["code"] in {"badly_formed", "invalid_request", "too_large"}


async def test_a_floor_and_a_ceiling_hold_where_the_pass_type_has_them(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue("bounded", customerId="1"), 3)

    async def move(amount: int) -> dict[str, object]:
        body = {"oldValue": 3, "movementValue": amount}
        return problem(await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", body))

    assert (await move(-4))["code"] == "value_out_of_bounds"
    assert (await move(8))["code"] == "value_out_of_bounds"
    assert await shop.value(privilege_id) == 3


async def test_a_movement_id_makes_a_movement_repeatable_for_ever(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 5)
    path, body = (
        f"/passes/privileges/{privilege_id}/movements",
        {"oldValue": 5, "movementValue": -2, "movementId": "till-1"},
    )

    answers = [await shop.ask("POST", path, body) for _ in range(3)]
    other = await shop.ask("POST", path, {**body, "movementValue": -1})

    assert [answer.json() for answer in answers] == [{"movementId": "till-1"}] * 3
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert (other.status_code, problem(other)["code"]) == (409, "movement_mismatch")
    assert await shop.value(privilege_id) == 3


async def test_an_idempotency_key_gives_the_first_answer_again_and_refuses_another_request(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 5)
    path, key = f"/passes/privileges/{privilege_id}/movements", {"idempotency-key": "receipt 4711"}

    first = await shop.ask("POST", path, {"oldValue": 5, "movementValue": -2}, headers=key)
    again = await shop.ask("POST", path, {"oldValue": 5, "movementValue": -2}, headers=key)
    other = await shop.ask("POST", path, {"oldValue": 3, "movementValue": -2}, headers=key)

    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, problem(other)["code"]) == (422, "idempotency_mismatch")
    assert await shop.value(privilege_id) == 3


async def test_a_dry_run_answers_the_same_and_changes_nothing(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    privilege_id = await shop.grant(pass_id, 5)
    before = (await shop.ask("GET", f"/passes/{pass_id}/document")).text
    dry, path = {"guerdon-dry-run": "true"}, f"/passes/privileges/{privilege_id}/movements"

    moved = await shop.ask("POST", path, {"oldValue": 5, "movementValue": -2}, headers=dry)
    refused = await shop.ask("POST", path, {"oldValue": 4, "movementValue": -2}, headers=dry)
    added = await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime"}, headers=dry)
    deleted = await shop.ask("DELETE", f"/passes/privileges/{privilege_id}", headers=dry)

    assert [answer.status_code for answer in (moved, refused, added, deleted)] == [200, 409, 200, 204]
    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).text == before
    assert len((await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()) == 1


async def test_a_value_is_read_as_it_was_at_an_instant(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    privilege_id = await shop.grant(pass_id, 5)
    moved = await shop.ask("GET", f"/passes/privileges/{privilege_id}")
    instant = moved.json()["data"]["movements"][0]["date"].replace("Z", "999Z")
    await asyncio.sleep(0.01)
    await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", {"oldValue": 5, "movementValue": -2})

    then = (await shop.ask("GET", f"/passes/{pass_id}/privileges?asOf={instant}")).json()
    long_ago = (await shop.ask("GET", f"/passes/{pass_id}/privileges?asOf={OLD}")).json()
    now = (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json()

    assert [len(then), then[0]["data"]["value"], len(then[0]["data"]["movements"])] == [1, 5, 1]
    assert long_ago == []
    assert now[0]["data"]["value"] == 3


async def test_every_change_gives_the_pass_a_new_revision_and_an_event(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    privilege_id = await shop.grant(pass_id, 5)
    await shop.ask("POST", f"/passes/privileges/{privilege_id}/movements", {"oldValue": 5, "movementValue": -2})
    await shop.ask("PUT", f"/passes/{pass_id}/privileges/{privilege_id}", {"priority": 1})
    await shop.ask("DELETE", f"/passes/privileges/{privilege_id}")

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        kinds = await tx.records(
            "SELECT kind FROM event WHERE tenant_id = $1 AND subject_id = $2 ORDER BY event_id", shop.tenant_id, pass_id
        )
    document = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()
    expected = ["Pass:Created", "Privilege:Added", "Privilege:Moved", "Privilege:Updated", "Privilege:Deleted"]
    assert [record["kind"] for record in kinds] == expected
    assert document["revision"] == 5


async def test_a_notification_is_kept_with_the_privilege_or_refused_without_a_text(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    said = {"notification": {"localizedContent": {"de": "Hallo"}, "options": {"updateData": True}}}

    kept = await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "options": said})
    mute = await shop.ask("POST", f"/passes/{pass_id}/privileges", {"type": "OneTime", "options": {"notification": {}}})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        rows = await tx.records(
            "SELECT localized_content, state FROM pass_notification WHERE tenant_id = $1", shop.tenant_id
        )
    assert (kept.status_code, mute.status_code) == (200, 400)
    assert [(json.loads(row["localized_content"]), row["state"]) for row in rows] == [({"de": "Hallo"}, "pending")]


async def test_thirty_two_tills_on_one_privilege_never_spend_more_than_there_is(shop: Shop) -> None:
    privilege_id = await shop.grant(await shop.issue(customerId="1"), 20)
    path = f"/passes/privileges/{privilege_id}/movements"

    async def till() -> int:
        won, believed = 0, Decimal(20)
        while believed > 0:
            answer = await shop.ask("POST", path, {"oldValue": float(believed), "movementValue": -1})
            won += answer.status_code == 200
            believed = believed - 1 if answer.status_code == 200 else Decimal(str(problem(answer)["currentValue"]))
        return won

    wins = await asyncio.gather(*(till() for _ in range(32)))

    assert sum(wins) == 20
    assert await shop.value(privilege_id) == 0


async def test_puts_and_deletes_of_a_privilege_that_is_over_wait_for_each_other(shop: Shop) -> None:
    pass_id = await shop.issue()
    path = f"/passes/{pass_id}/privileges/over-{pass_id}"
    over: dict[str, object] = {"type": "OneTime", "deletionDate": OLD}
    again: dict[str, object] = {"type": "MultiUse", "deletionDate": None}

    for _ in range(8):
        puts = [shop.ask("PUT", path, body) for body in (over, over, over, again) * 4]
        deletes = [shop.ask("DELETE", path) for _ in range(2)]
        answers = await asyncio.gather(*puts, *deletes)

        assert {answer.status_code for answer in answers} <= {200, 204, 404}
