import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from guerdon.ledger.verifying import verify_tenant
from tests.shops import Shop, open_shop, problem

BULK = "/passes/privileges/bulk-movements"


def row(privilege_id: str, old_value: float, movement_value: float = 1, **members: object) -> dict[str, object]:
    """A movement as a request brings it."""
    return {"privilegeId": privilege_id, "oldValue": old_value, "movementValue": movement_value, **members}


@pytest.fixture
async def other_shop(shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]") -> Shop:
    """A neighbour, whose privileges must never be moved."""
    name = f"o-{uuid.uuid4().hex[:16]}"
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, $2)", name, datetime.now(UTC))
    return await open_shop(shop.house, shop.http, name)


async def apply(shop: Shop, rows: Sequence[object], *, whole: bool = False, **headers: str) -> dict[str, Any]:
    """Apply movements and give the answer, which must be one of success."""
    body = {"movements": rows, **({"allOrNothing": True} if whole else {})}
    answer = await shop.ask("POST", BULK, body, headers={name.replace("_", "-"): v for name, v in headers.items()})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def codes(shop: Shop, rows: Sequence[object]) -> list[str]:
    """Apply movements and tell what became of each."""
    answer = await apply(shop, rows)
    return [one["problem"]["code"] if "problem" in one else "applied" for one in answer["results"]]


async def told(shop: Shop) -> list[tuple[str, dict[str, Any], str]]:
    """The movements that events tell of: pass, data, and who caused it."""
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        found = await tx.records(
            "SELECT subject_id, payload, actor FROM event"
            " WHERE tenant_id = $1 AND kind = 'Privilege:Moved' ORDER BY event_id",
            tx.tenant_id,
        )
    return [(subject, json.loads(payload), actor) for subject, payload, actor in found]


async def test_each_movement_is_told_in_the_order_of_the_request(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    one, two = await shop.grant(pass_id, 3), await shop.grant(pass_id, 0.5)

    answer = await apply(shop, [row(two, 0.5, -0.25, movementId="b", remarks="half"), row(one, 3, movementId="a")])

    assert answer == {
        "applied": 2,
        "refused": 0,
        "results": [
            {"privilegeId": two, "movementId": "b", "version": 2, "value": 0.25},
            {"privilegeId": one, "movementId": "a", "version": 2, "value": 4},
        ],
    }
    assert (await shop.value(one), await shop.value(two)) == (4, Decimal("0.25"))


async def test_movements_on_one_privilege_are_applied_in_their_order(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)

    answer = await apply(shop, [row(card, 5, 1), row(card, 6, 1), row(card, 6, 1), row(card, 7, -7)])

    states = [(one.get("version"), one.get("value")) for one in answer["results"]]
    assert states == [(2, 6), (3, 7), (None, None), (4, 0)]
    assert await shop.value(card) == 0


async def test_a_refused_movement_is_told_as_by_itself_and_keeps_no_other_from_its_privilege(shop: Shop) -> None:
    pass_id = await shop.issue("bounded", customerId="1")
    good, other = await shop.grant(pass_id, 3), await shop.grant(pass_id, 3)
    await apply(shop, [row(other, 3, 1, movementId="taken")])
    bad = [
        row("missing", 0),
        row(good, 9),
        row(good, 3, -4),
        row(good, 3, 1, movementId="taken"),
    ]

    answer = await apply(shop, [*bad, row(good, 3)])

    alone = [
        problem(await shop.ask("POST", f"/passes/privileges/{one['privilegeId']}/movements", _alone(one)))
        for one in (row("missing", 0), row(good, 9), row(good, 4, -5), row(good, 4, 1, movementId="taken"))
    ]
    refusals = [one["problem"] for one in answer["results"][:-1]]
    assert [one["code"] for one in refusals] == [
        "privilege_not_found",
        "value_mismatch",
        "value_out_of_bounds",
        "movement_mismatch",
    ]
    assert [one.keys() for one in refusals] == [one.keys() for one in alone]
    assert [(one["status"], one["title"], one["code"]) for one in refusals] == [
        (one["status"], one["title"], one["code"]) for one in alone
    ]
    assert (refusals[1]["currentValue"], refusals[1]["version"]) == (3, 1)
    assert (answer["applied"], answer["refused"]) == (1, 4)
    assert await shop.value(good) == 4


def _alone(movement: dict[str, object]) -> dict[str, object]:
    return {name: member for name, member in movement.items() if name != "privilegeId"}


async def test_a_movement_of_before_is_answered_as_it_was_posted(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)
    first = await apply(shop, [row(card, 5, 1, movementId="till-1"), row(card, 6, 1, movementId="till-2")])
    await apply(shop, [row(card, 7, 1)])

    again = await apply(shop, [row(card, 5, 1, movementId="till-1"), row(card, 0, 1, movementId="till-2")])

    assert [one.pop("replayed") for one in again["results"]] == [True, True]
    assert again == first
    assert await shop.value(card) == 8


async def test_twins_in_one_request_move_once(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)

    twins = [row(card, 5, 1, movementId="twin"), row(card, 5, 1, movementId="twin")]
    answer = await apply(shop, [*twins, row(card, 6, 2, movementId="twin")])

    assert [one.get("replayed") for one in answer["results"]] == [None, True, None]
    assert answer["results"][2]["problem"]["code"] == "movement_mismatch"
    assert await shop.value(card) == 6


async def test_all_or_nothing_refuses_the_whole_and_names_every_refused_one(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    card = await shop.grant(pass_id, 5)
    body = {"movements": [row(card, 5), row("missing", 0), row(card, 9), row(card, 6)], "allOrNothing": True}

    refusal = problem(await shop.ask("POST", BULK, body, headers={"idempotency-key": "all"}))
    mended = await apply(shop, [row(card, 5), row(card, 6)], whole=True, idempotency_key="all")

    assert (refusal["status"], refusal["code"]) == (409, "movements_refused")
    assert [(one["index"], one["privilegeId"], one["problem"]["code"]) for one in refusal["refused"]] == [
        (1, "missing", "privilege_not_found"),
        (2, card, "value_mismatch"),
    ]
    assert refusal["refused"][1]["problem"]["currentValue"] == 6
    assert (mended["applied"], mended["refused"]) == (2, 0)
    assert await shop.value(card) == 7


async def test_what_was_refused_as_a_whole_left_nothing(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    card, before = await shop.grant(pass_id, 5), (await shop.ask("GET", f"/passes/{pass_id}/document")).text
    body = {"movements": [row(card, 5), row("missing", 0)], "allOrNothing": True}

    assert (await shop.ask("POST", BULK, body)).status_code == 409

    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).text == before
    assert (await shop.value(card), await told(shop)) == (5, [])


async def test_a_bulk_does_to_passes_and_events_what_single_movements_do(shop: Shop) -> None:
    first, second = await shop.issue(customerId="1"), await shop.issue(customerId="2")
    cards = [await shop.grant(pass_id, 5) for pass_id in (first, second)]
    revisions = [await revision_of(shop, pass_id) for pass_id in (first, second)]

    await apply(shop, [*(row(card, 5, 1, movementId=f"m-{card}") for card in cards), row("missing", 0)])

    events = await told(shop)
    assert [(subject, data["privilegeId"], data["movementId"], data["value"]) for subject, data, _ in events] == [
        (first, cards[0], f"m-{cards[0]}", 6),
        (second, cards[1], f"m-{cards[1]}", 6),
    ]
    assert {actor.partition(":")[0] for _, _, actor in events} == {"key"}
    assert [await revision_of(shop, pass_id) for pass_id in (first, second)] == [one + 1 for one in revisions]


async def revision_of(shop: Shop, pass_id: str) -> int:
    """Which revision a pass has."""
    revision: int = (await shop.ask("GET", f"/passes/{pass_id}/document")).json()["revision"]
    return revision


async def test_a_dry_run_answers_what_would_be_and_changes_nothing(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    card, before = await shop.grant(pass_id, 5), (await shop.ask("GET", f"/passes/{pass_id}/document")).text
    rows = [row(card, 5, 1, movementId="a"), row(card, 5, 1), row("missing", 0)]

    tried = await apply(shop, rows, guerdon_dry_run="true")

    assert (await shop.ask("GET", f"/passes/{pass_id}/document")).text == before
    assert (await shop.value(card), await told(shop)) == (5, [])
    done = await apply(shop, rows)
    assert _without_instances(tried) == _without_instances(done)


def _without_instances(answer: dict[str, Any]) -> object:
    return json.loads(json.dumps(answer), object_hook=lambda one: {k: v for k, v in one.items() if k != "instance"})


async def test_an_idempotency_key_gives_the_first_answer_again_refusals_included(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)
    key, body = {"idempotency-key": "night 4711"}, {"movements": [row(card, 5), row(card, 9)]}

    first = await shop.ask("POST", BULK, body, headers=key)
    await apply(shop, [row(card, 6, 3)])
    again = await shop.ask("POST", BULK, body, headers=key)
    other = await shop.ask("POST", BULK, {"movements": [row(card, 9)]}, headers=key)

    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert again.text == first.text
    assert (other.status_code, problem(other)["code"]) == (422, "idempotency_mismatch")
    assert await shop.value(card) == 9


async def test_the_same_request_many_times_at_once_under_one_key_moves_once(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)
    body = {"movements": [row(card, 5), row(card, 6)]}

    answers = await asyncio.gather(
        *(shop.ask("POST", BULK, body, headers={"idempotency-key": "once"}) for _ in range(8))
    )

    assert {answer.text for answer in answers} == {answers[0].text}
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", *["true"] * 7]
    assert await shop.value(card) == 7


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"movements": []}, {"movements"}),
        ({}, {"movements"}),
        ({"movements": None}, {"movements"}),
        ({"movements": [row("p", 1)], "allOrNothing": "yes", "more": 1}, {"allOrNothing", "more"}),
        (
            {"movements": [row("p", 1), row("a/b", 1, remarks="", movementValue=True), {"oldValue": "3"}]},
            {
                "movements.1.privilegeId",
                "movements.1.movementValue",
                "movements.1.remarks",
                "movements.2.privilegeId",
                "movements.2.oldValue",
                "movements.2.movementValue",
            },
        ),
        (
            {"movements": [row("", 1, movementId="a\n"), row("p\n", 1), row("p", 1, 0), row("p", 1, extra=1)]},
            {
                "movements.0.privilegeId",
                "movements.0.movementId",
                "movements.1.privilegeId",
                "movements.2.movementValue",
                "movements.3.extra",
            },
        ),
        ({"movements": [row("p" * 201, 1), 7]}, {"movements.0.privilegeId", "movements.1"}),
        ({"movements": [row("p", 1), *[row("p", 1, 0)] * 1000]}, None),
    ],
)
async def test_all_mistakes_of_form_are_named_at_once(shop: Shop, body: object, places: set[str] | None) -> None:
    refusal = problem(await shop.ask("POST", BULK, body))

    assert (refusal["status"], refusal["code"]) == (400, "invalid_request")
    wanted = places or {"movements", *(f"movements.{number}.movementValue" for number in range(1, 1000))}
    assert set(refusal["errors"]) == wanted


async def test_movements_of_zero_have_their_code_where_nothing_else_is_wrong(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"), 5)
    body = b'{"movements": [%s]}' % b",".join(
        b'{"privilegeId": "%s", "oldValue": 5, "movementValue": %s}' % (card.encode(), amount)
        for amount in (b"1", b"0", b"0.0000005", b"-0.0000005")
    )

    refusal = problem(await shop.ask("POST", BULK, body))

    assert (refusal["status"], refusal["code"]) == (400, "zero_movement")
    assert set(refusal["errors"]) == {f"movements.{number}.movementValue" for number in (1, 2, 3)}
    assert await shop.value(card) == 5


@pytest.mark.parametrize("number", [b"1e13", b"1000000000000.00000000000000000000000001", b"-1e400"])
async def test_a_number_beyond_the_bounds_is_named_where_it_stands(shop: Shop, number: bytes) -> None:
    body = b'{"movements": [{"privilegeId": "p", "oldValue": %s, "movementValue": 1}]}' % number

    refusal = problem(await shop.ask("POST", BULK, body))

    assert refusal["status"] == 400
    assert "movements.0.oldValue" in refusal.get("errors", {"movements.0.oldValue": refusal["detail"]})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"movements": NaN}', b"\xff", b'{"movements": [NaN]}'])
async def test_a_body_that_cannot_be_read_is_a_clear_4xx(shop: Shop, body: bytes) -> None:
    answer = await shop.ask("POST", BULK, body)

    assert problem(answer)["code"] in {"badly_formed", "invalid_request"}


async def test_a_thousand_movements_with_long_remarks_fit_however_they_are_written(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"))
    rows = [row(card, number, 1, remarks="\N{FOUR LEAF CLOVER}" * 500) for number in range(1000)]

    raw = json.dumps({"movements": rows}, ensure_ascii=False).encode()
    escaped = json.dumps({"movements": rows}).encode()

    for body in (raw, escaped):
        answer = await shop.ask("POST", BULK, body, headers={"guerdon-dry-run": "true"})
        assert (answer.status_code, answer.json()["applied"]) == (200, 1000)
    assert problem(await shop.ask("POST", BULK, b" " * (8 * 1024 * 1024 + 1)))["code"] == "too_large"


async def test_numbers_stay_exact_to_the_sixth_place(shop: Shop) -> None:
    card = await shop.grant(await shop.issue(customerId="1"))
    body = b'{"movements": [{"privilegeId": "%s", "oldValue": 0, "movementValue": 999999999999.1234565}]}'

    answer = await shop.ask("POST", BULK, body % card.encode())

    assert '"value":999999999999.123456}' in answer.text
    assert await shop.value(card) == Decimal("999999999999.123456")


async def test_privileges_of_another_tenant_are_not_there(shop: Shop, other_shop: Shop) -> None:
    theirs = await other_shop.grant(await other_shop.issue(customerId="1"), 5)
    mine = await shop.grant(await shop.issue(customerId="1"), 5)

    assert await codes(shop, [row(theirs, 5), row(mine, 5)]) == ["privilege_not_found", "applied"]
    assert await other_shop.value(theirs) == 5
    assert (await shop.ask("POST", BULK, {"movements": [row(mine, 6)]}, key=other_shop.key)).status_code == 404


async def test_it_asks_for_the_scope_of_a_movement(shop: Shop) -> None:
    body = {"movements": [row("p", 1)]}

    assert (await shop.ask("POST", BULK, body, key="")).status_code == 401
    assert (await shop.ask("POST", BULK, body, key=await shop.make_key("Pass.Read"))).status_code == 403
    assert (await shop.ask("POST", BULK, body, key=await shop.make_key("Pass.Write"))).status_code == 200


async def test_a_privilege_may_have_the_name_of_the_operation(shop: Shop) -> None:
    pass_id, path = await shop.issue(customerId="1"), "/passes/privileges/bulk-movements"

    put = await shop.ask("PUT", f"{path}?customerId=1", {"type": "MultiUse"})
    moved = await shop.ask("POST", f"{path}/movements", {"oldValue": 0, "movementValue": 2})
    bulk = await apply(shop, [row("bulk-movements", 2, 1)])
    read = await shop.ask("GET", path)
    refused = await shop.ask("PATCH", path)
    deleted = await shop.ask("DELETE", path)

    assert (put.status_code, moved.status_code, bulk["applied"]) == (200, 200, 1)
    assert read.json()["data"]["value"] == 3
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert deleted.status_code == 204
    assert (await shop.ask("GET", f"/passes/{pass_id}/privileges")).json() == []


async def test_bulks_and_single_movements_at_once_lose_and_double_nothing(shop: Shop) -> None:
    cards = [await shop.grant(await shop.issue(customerId=str(number)), 0) for number in range(12)]
    moved = [0] * len(cards)

    async def bulk(turn: int) -> None:
        order = cards if turn % 2 else cards[::-1]
        values = {card: await shop.value(card) for card in cards}
        rows = [row(card, float(values[card]) + again, 1) for again in (0, 1) for card in order]
        answer = await apply(shop, rows, whole=False)
        for one in answer["results"]:
            if "problem" in one:
                assert one["problem"]["code"] == "value_mismatch"
            else:
                moved[cards.index(one["privilegeId"])] += 1

    async def single(turn: int) -> None:
        card = cards[turn % len(cards)]
        body = {"oldValue": float(await shop.value(card)), "movementValue": 1}
        answer = await shop.ask("POST", f"/passes/privileges/{card}/movements", body)
        assert answer.status_code in {200, 409}, answer.text
        moved[turn % len(cards)] += answer.status_code == 200

    for _ in range(4):
        await asyncio.gather(*(bulk(turn) for turn in range(6)), *(single(turn) for turn in range(24)))

    assert [await shop.value(card) for card in cards] == moved
    assert sum(moved) > len(cards)
    assert (await verify_tenant(shop.house.database, shop.tenant_id)).findings == []
