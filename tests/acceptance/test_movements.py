from decimal import Decimal

import httpx2
import pytest

from guerdon_client import (
    BelowFloor,
    Conflict,
    Guerdon,
    IdempotencyMismatch,
    InvalidRequest,
    MovementsRefused,
    NewMovement,
    NotFound,
    PreconditionFailed,
    ValueMismatch,
)
from tests.acceptance.builders import a_card, value_of

NOWHERE = "no-such-privilege"


def test_a_till_moves_value_exactly(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id)
    for tenth in range(10):
        shop.apply_movement(card, Decimal("0.1"), Decimal(tenth) / 10)

    read = shop.get_privilege(card)

    assert read.value == 1
    assert sum(past.value for past in read.movements) == read.value
    assert read.version == 10


@pytest.mark.parametrize("value", ["0.000001", "-0.000001", "999999999999.999999", "-999999999999.999999", "0.3"])
def test_the_smallest_and_largest_values_are_exact(shop: Guerdon, pass_id: str, value: str) -> None:
    card = a_card(shop, pass_id)

    shop.apply_movement(card, Decimal(value), 0)

    assert value_of(shop, card) == Decimal(value)


def test_refusals_come_in_their_order(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)

    with pytest.raises(InvalidRequest):
        shop.apply_movement(NOWHERE, 0, 99, if_version=99)
    with pytest.raises(NotFound):
        shop.apply_movement(NOWHERE, 1, 99, if_version=99)
    with pytest.raises(PreconditionFailed) as stale:
        shop.apply_movement(card, 1, 99, if_version=99)
    with pytest.raises(ValueMismatch) as moved_on:
        shop.apply_movement(card, 1, 99, if_version=1)

    assert (stale.value.current_value, stale.value.version) == (5, 1)
    assert (moved_on.value.current_value, moved_on.value.version) == (5, 1)
    assert value_of(shop, card) == 5


@pytest.mark.parametrize("believed", ["4.9999", "5.0001", "5", "5.00"])
def test_a_belief_within_the_tolerance_is_good_enough(shop: Guerdon, pass_id: str, believed: str) -> None:
    card = a_card(shop, pass_id, 5)

    shop.apply_movement(card, 1, Decimal(believed))

    assert value_of(shop, card) == 6


@pytest.mark.parametrize("believed", ["4.999899", "5.000101", "-5", "0"])
def test_a_belief_beyond_the_tolerance_moves_nothing(shop: Guerdon, pass_id: str, believed: str) -> None:
    card = a_card(shop, pass_id, 5)

    with pytest.raises(ValueMismatch) as refused:
        shop.apply_movement(card, 1, Decimal(believed))

    assert refused.value.current_value == 5
    assert value_of(shop, card) == 5


def test_a_version_sees_what_a_value_does_not(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)
    seen = shop.get_privilege(card)
    shop.apply_movement(card, 1, 5)
    shop.apply_movement(card, -1, 6)

    with pytest.raises(PreconditionFailed):
        shop.apply_movement(card, 1, seen.value, if_version=seen.version)
    applied = shop.apply_movement(card, 1, seen.value, if_version=shop.get_privilege(card).version)

    assert applied.version == 4


def test_a_movement_sent_twice_under_its_id_moves_once(shop: Guerdon, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    first = shop.apply_movement(card, 1, 5, movement_id=customer)
    shop.apply_movement(card, 1, 6)
    again = shop.apply_movement(card, 1, 5, movement_id=customer)

    assert (again.movement_id, again.version) == (first.movement_id, first.version) == (customer, 2)
    assert (first.receipt.is_replayed, again.receipt.is_replayed) == (False, True)
    assert value_of(shop, card) == 7


def test_a_movement_id_belongs_to_one_movement(shop: Guerdon, pass_id: str, customer: str) -> None:
    card, second = a_card(shop, pass_id, 5), a_card(shop, pass_id, 5)
    shop.apply_movement(card, 1, 5, movement_id=customer, remarks="a coffee")

    for another in (
        lambda: shop.apply_movement(card, 2, 5, movement_id=customer, remarks="a coffee"),
        lambda: shop.apply_movement(second, 1, 5, movement_id=customer, remarks="a coffee"),
        lambda: shop.apply_movement(card, 1, 5, movement_id=customer, remarks="two coffees"),
    ):
        with pytest.raises(Conflict, match="movement_mismatch"):
            another()
    assert (value_of(shop, card), value_of(shop, second)) == (6, 5)


def test_an_idempotency_key_gives_the_first_answer_again(shop: Guerdon, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    once, twice = (
        shop.apply_movement(card, 1, 5, movement_id=f"m{customer[:40]}", idempotency_key=customer) for _ in "ab"
    )

    assert once.movement_id == twice.movement_id
    assert (once.receipt.is_replayed, twice.receipt.is_replayed) == (False, True)
    assert value_of(shop, card) == 6


def test_an_idempotency_key_belongs_to_one_request(shop: Guerdon, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    shop.apply_movement(card, 1, 5, idempotency_key=customer)

    with pytest.raises(IdempotencyMismatch) as refused:
        shop.apply_movement(card, 2, 6, idempotency_key=customer)
    with pytest.raises(IdempotencyMismatch):
        shop.update_pass(pass_id, metadata={"a": 1}, idempotency_key=customer)

    assert (refused.value.status, refused.value.code) == (422, "idempotency_mismatch")
    assert value_of(shop, card) == 6


def test_a_refusal_does_not_use_up_the_key(shop: Guerdon, pass_id: str, raw: httpx2.Client, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    path, body = f"/passes/privileges/{card}/movements", {"oldValue": 6, "movementValue": 1}

    refused = raw.post(path, json=body, headers={"Idempotency-Key": customer})
    shop.apply_movement(card, 1, 5)
    applied = raw.post(path, json=body, headers={"Idempotency-Key": customer})

    assert (refused.status_code, applied.status_code) == (409, 200)
    assert value_of(shop, card) == 7


def test_a_move_needs_no_belief(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)

    applied = shop.move(card, Decimal("-1.5"), remarks="a cake")

    assert value_of(shop, card) == Decimal("3.5")
    assert shop.get_privilege(card).movements[-1].movement_id == applied.movement_id


def test_a_move_stops_at_its_floor(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)
    shop.move(card, -5, floor=0)

    with pytest.raises(BelowFloor) as refused:
        shop.move(card, -1, floor=0)

    assert refused.value.current_value == 0
    assert value_of(shop, card) == 0


def test_a_move_repeated_under_its_id_moves_once_even_at_its_floor(shop: Guerdon, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    first = shop.move(card, -5, floor=0, movement_id=customer)
    again = shop.move(card, -5, floor=0, movement_id=customer)

    assert (again.movement_id, again.receipt.is_replayed) == (first.movement_id, True)
    assert value_of(shop, card) == 0


def test_a_version_may_come_without_its_quotes(shop: Guerdon, pass_id: str, raw: httpx2.Client) -> None:
    card = a_card(shop, pass_id, 5)
    body = {"oldValue": 5, "movementValue": 1}

    answers = [
        raw.post(f"/passes/privileges/{card}/movements", json=body, headers={"If-Match": version}).status_code
        for version in ("2", 'W/"2"', "1")
    ]

    assert answers == [412, 412, 200]


def test_a_night_run_applies_many_movements_and_is_told_of_each(shop: Guerdon, pass_id: str, customer: str) -> None:
    first, second = a_card(shop, pass_id, 5), a_card(shop, pass_id, 5)
    run = [
        NewMovement(first, 1, 5, "a coffee", f"{customer}-1"),
        NewMovement(second, Decimal("-0.5"), 5, movement_id=f"{customer}-2"),
        NewMovement(first, 1, 5, movement_id=f"{customer}-3"),
        NewMovement(NOWHERE, 1, 0, movement_id=f"{customer}-4"),
        NewMovement(first, 1, 6, movement_id=f"{customer}-5"),
    ]

    told, again = shop.apply_movements(run), shop.apply_movements(run)

    assert [(one.privilege_id, one.version, one.value) for one in told.applied] == [
        (first, 2, 6),
        (second, 2, Decimal("4.5")),
        (first, 3, 7),
    ]
    assert [(one.index, type(one.problem)) for one in told.refused] == [(2, ValueMismatch), (3, NotFound)]
    assert [one.is_replayed for one in again.applied] == [True] * 3
    assert (value_of(shop, first), value_of(shop, second)) == (7, Decimal("4.5"))


def test_movements_wanted_all_or_not_at_all_are_none_when_one_is_refused(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)
    run = [NewMovement(card, 1, 5), NewMovement(card, 1, 5), NewMovement(card, 1, 6)]

    with pytest.raises(MovementsRefused) as refused:
        shop.apply_movements(run, all_or_nothing=True)
    shop.apply_movements([run[0], run[2]], all_or_nothing=True)

    assert [(one.index, one.problem.code) for one in refused.value.refused] == [(1, "value_mismatch")]
    assert value_of(shop, card) == 7


def test_a_bulk_with_a_badly_formed_movement_moves_nothing(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)

    with pytest.raises(InvalidRequest) as refused:
        shop.apply_movements([NewMovement(card, 1, 5), NewMovement(card, 0, 6), NewMovement(card, 0, 6)])

    assert (refused.value.code, set(refused.value.errors)) == (
        "zero_movement",
        {"movements.1.movementValue", "movements.2.movementValue"},
    )
    assert value_of(shop, card) == 5


def test_a_thousand_movements_with_the_longest_remarks_fit_in_one_request(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id)
    run = [NewMovement(card, 1, number, "\N{FOUR LEAF CLOVER}" * 500) for number in range(1000)]

    told = shop.apply_movements(run, all_or_nothing=True)

    assert len(told.applied) == value_of(shop, card) == told.applied[-1].version == 1000
