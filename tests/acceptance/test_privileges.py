import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest

from guerdon_client import (
    Appearance,
    Conflict,
    Content,
    DataContent,
    Guerdon,
    InvalidRequest,
    Link,
    Links,
    LocalizedText,
    Movement,
    NewPrivilege,
    NotFound,
    Origin,
    PrivilegeChange,
    PrivilegeData,
)
from tests.acceptance.builders import a_card, value_of

JANUARY = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_a_privilege_lives_from_grant_to_removal(shop: Guerdon, pass_id: str) -> None:
    card = shop.create_privilege(pass_id, NewPrivilege("MultiUse", external_id="stamps")).privilege_id
    assert shop.get_privilege(card).value == 0
    shop.apply_movement(card, 3, 0, remarks="welcome")
    shop.put_privilege(pass_id, card, PrivilegeChange(priority=7))
    read = shop.get_privilege(card, pass_id)
    shop.delete_privilege(card)

    assert (read.value, read.priority, read.external_id) == (3, 7, "stamps")
    assert [(past.value, past.remarks) for past in read.movements] == [(3, "welcome")]
    assert shop.list_privileges(pass_id) == ()
    with pytest.raises(NotFound):
        shop.get_privilege(card)
    with pytest.raises(NotFound):
        shop.apply_movement(card, 1, 3)


def test_every_operation_also_takes_identifiers(shop: Guerdon, pass_id: str, customer: str) -> None:
    who = {"customerId": customer}
    card = shop.create_privilege(who, NewPrivilege("OneTime")).privilege_id
    shop.put_privilege(who, card, PrivilegeChange(priority=3))

    assert [(listed.privilege_id, listed.priority) for listed in shop.list_privileges(who)] == [(card, 3)]
    assert shop.list_privileges(who) == shop.list_privileges(pass_id)


def test_all_that_is_said_of_a_privilege_comes_back(shop: Guerdon, pass_id: str) -> None:
    new = NewPrivilege(
        "Unlockable",
        external_id="audio",
        priority=-5,
        origin=Origin("o-1", "museum", "import-7"),
        categories=["Access", "AudioGuide"],
        content=Content(LocalizedText("Tour", {"de": "Führung", "fr-CH": "Visite"}), LocalizedText("🎧")),
        appearance=Appearance(LocalizedText("https://example.org/a.png"), None, "#112233", "white"),
        links=Links(None, Link("https://example.org/tour", LocalizedText("Listen"))),
        data=PrivilegeData(Decimal("0.5"), content='{"room": 3}'),
        deletion_date=datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC),
    )

    read = shop.get_privilege(shop.create_privilege(pass_id, new).privilege_id)

    assert (read.type, read.external_id, read.priority, read.origin) == ("Unlockable", "audio", -5, new.origin)
    assert (read.categories, read.content, read.appearance) == (("Access", "AudioGuide"), new.content, new.appearance)
    assert (read.links, read.data_content, read.deletion_date) == (new.links, '{"room": 3}', new.deletion_date)
    assert read.value == Decimal("0.5")


def test_a_history_is_brought_in_with_ids_dates_and_remarks(shop: Guerdon, pass_id: str, customer: str) -> None:
    history = [
        Movement(f"{customer}-1", JANUARY, Decimal(10), "opening"),
        Movement(f"{customer}-2", JANUARY + timedelta(days=3), Decimal("-2.25")),
    ]

    made = shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=PrivilegeData(movements=history)))
    read = shop.get_privilege(made.privilege_id)

    assert list(read.movements) == history
    assert read.value == Decimal("7.75")


def test_a_value_that_is_not_the_sum_of_the_movements_is_refused(shop: Guerdon, pass_id: str, customer: str) -> None:
    data = PrivilegeData(5, [Movement(customer[:60], JANUARY, Decimal(3))])

    with pytest.raises(InvalidRequest) as refused:
        shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=data))

    assert (refused.value.code, list(refused.value.errors)) == ("history_mismatch", ["data.value"])
    assert shop.list_privileges(pass_id) == ()


def test_a_value_within_the_tolerance_of_its_movements_is_the_movements(
    shop: Guerdon, pass_id: str, customer: str
) -> None:
    data = PrivilegeData(Decimal("3.0001"), [Movement(customer[:60], JANUARY, Decimal(3))])

    made = shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=data))

    assert value_of(shop, made.privilege_id) == 3


def test_history_needs_movement_ids_that_are_new(shop: Guerdon, pass_id: str, customer: str) -> None:
    history = PrivilegeData(movements=[Movement(customer[:60], JANUARY, Decimal(3))])
    shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=history))

    with pytest.raises(Conflict) as refused:
        shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=history))

    assert refused.value.code == "movement_id_taken"


def test_the_most_important_comes_first_and_the_unranked_last(shop: Guerdon, pass_id: str) -> None:
    made = {
        priority: shop.create_privilege(pass_id, NewPrivilege("OneTime", priority=priority)).privilege_id
        for priority in (None, -1, 100, 5)
    }

    assert [listed.privilege_id for listed in shop.list_privileges(pass_id)] == [
        made[100],
        made[5],
        made[-1],
        made[None],
    ]


def test_a_put_changes_what_is_given_and_null_clears(shop: Guerdon, pass_id: str) -> None:
    first = NewPrivilege("MultiUse", external_id="a", priority=5, data=PrivilegeData(4, content="payload"))
    card = shop.create_privilege(pass_id, first).privilege_id

    shop.put_privilege(pass_id, card, PrivilegeChange(external_id="b", priority=None))
    changed = shop.get_privilege(card)
    shop.put_privilege(pass_id, card, PrivilegeChange(data=DataContent(None)))
    cleared = shop.get_privilege(card)

    assert (changed.external_id, changed.priority, changed.data_content) == ("b", None, "payload")
    assert (changed.type, changed.value) == ("MultiUse", 4)
    assert (cleared.data_content, cleared.value, cleared.external_id) == (None, 4, "b")


def test_a_put_touches_no_history_whatever_it_says_of_values(
    shop: Guerdon, raw: httpx2.Client, pass_id: str, customer: str
) -> None:
    card = a_card(shop, pass_id, 4)
    before = shop.get_privilege(card)
    history = [{"movementId": customer[:60], "date": "2026-01-05T09:30:00Z", "value": 50}]

    answer = raw.put(
        f"/passes/{pass_id}/privileges/{card}", json={"priority": 1, "data": {"value": 99, "movements": history}}
    )

    assert (answer.status_code, answer.content) == (200, b"")
    after = shop.get_privilege(card)
    assert (after.value, after.movements, after.priority) == (4, before.movements, 1)


def test_a_type_of_privilege_sets_no_bounds_and_a_pass_type_may(shop: Guerdon, customer: str) -> None:
    bounded = f"bounded-{customer[2:10]}"
    type_of = "kind: customerCard\norganization: Ember\ndescription: A card\nimages: {icon: loyalty-icon.png}\n"
    shop.put_file(f"server/passes/{bounded}.yaml", f"{type_of}privilegeFloor: 0\nprivilegeCeiling: 10\n".encode())
    free = shop.create_privilege(shop.create_pass("generic").pass_id, NewPrivilege("OneTime")).privilege_id
    bound = a_card(shop, shop.create_pass(bounded).pass_id, 4)

    shop.apply_movement(free, -3, 0)
    for movement in (-5, 7):
        with pytest.raises(Conflict) as refused:
            shop.apply_movement(bound, movement, 4)
    shop.apply_movement(bound, 6, 4)

    assert refused.value.code == "value_out_of_bounds"
    assert (value_of(shop, free), value_of(shop, bound)) == (-3, 10)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("1.0000005", "1"), ("1.0000015", "1.000002"), ("-1.0000025", "-1.000002"), ("0.12345678", "0.123457")],
)
def test_more_places_than_six_are_rounded_half_to_even(shop: Guerdon, pass_id: str, given: str, kept: str) -> None:
    card = a_card(shop, pass_id)

    shop.apply_movement(card, Decimal(given), 0)

    assert value_of(shop, card) == Decimal(kept)


def test_a_time_in_any_zone_comes_back_in_utc_and_milliseconds(raw: httpx2.Client, pass_id: str) -> None:
    body = {"type": "OneTime", "deletionDate": "2099-12-31T23:59:59.123456+02:00"}
    made = raw.post(f"/passes/{pass_id}/privileges", json=body).json()["privilegeId"]

    assert raw.get(f"/passes/privileges/{made}").json()["deletionDate"] == "2099-12-31T21:59:59.123Z"


def test_a_pass_with_many_privileges_is_walked_through(shop: Guerdon, pass_id: str) -> None:
    made = [shop.create_privilege(pass_id, NewPrivilege("OneTime", priority=rank)).privilege_id for rank in (3, 2, 1)]

    assert [one.privilege_id for one in shop.iter_privileges(pass_id, limit=2)] == made
    assert shop.list_privileges_on(pass_id, limit=2).next_cursor


def test_a_put_twice_is_a_put_once(shop: Guerdon, pass_id: str, customer: str) -> None:
    card, change = f"card-{customer}", PrivilegeChange("Unlimited", priority=2)
    shop.put_privilege(pass_id, card, change)
    once = shop.get_privilege(card)
    shop.put_privilege(pass_id, card, change)

    assert shop.get_privilege(card) == once
    assert len(shop.list_privileges(pass_id)) == 1


def test_a_put_of_a_new_id_needs_a_type(shop: Guerdon, pass_id: str, customer: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shop.put_privilege(pass_id, f"card-{customer}", PrivilegeChange(priority=2))

    assert (refused.value.code, list(refused.value.errors)) == ("type_needed", ["type"])


def test_a_privilege_never_moves_to_another_pass(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 2)
    other = shop.create_pass("loyalty").pass_id

    with pytest.raises(Conflict) as refused:
        shop.put_privilege(other, card, PrivilegeChange("OneTime"))
    with pytest.raises(NotFound):
        shop.get_privilege(card, other)
    with pytest.raises(NotFound):
        shop.delete_privilege(card, other)

    assert refused.value.code == "privilege_elsewhere"
    assert value_of(shop, card) == 2


def test_a_privilege_past_its_deletion_date_is_gone_at_once(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 2)
    shop.put_privilege(pass_id, card, PrivilegeChange(deletion_date=datetime.now(UTC) - timedelta(seconds=1)))

    assert shop.list_privileges(pass_id) == ()
    with pytest.raises(NotFound):
        shop.get_privilege(card)
    with pytest.raises(NotFound):
        shop.apply_movement(card, 1, 2)


def test_a_deletion_date_to_come_hides_when_it_has_come(shop: Guerdon, pass_id: str) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=1)
    card = a_card(shop, pass_id, 2)
    shop.put_privilege(pass_id, card, PrivilegeChange(deletion_date=ends_at))
    assert value_of(shop, card) == 2

    time.sleep((ends_at - datetime.now(UTC)).total_seconds() + 0.1)

    with pytest.raises(NotFound):
        shop.get_privilege(card)


def test_the_past_can_be_read(shop: Guerdon, pass_id: str) -> None:
    before = datetime.now(UTC)
    time.sleep(0.02)
    card = a_card(shop, pass_id, 10)
    time.sleep(0.02)
    between = datetime.now(UTC)
    time.sleep(0.02)
    shop.apply_movement(card, -4, 10)

    assert shop.list_privileges(pass_id, as_of=before) == ()
    assert shop.get_privilege(card, as_of=between).value == 10
    assert len(shop.get_privilege(card, as_of=between).movements) == 1
    assert [read.value for read in shop.list_privileges(pass_id, as_of=datetime.now(UTC))] == [6]
    with pytest.raises(NotFound):
        shop.get_privilege(card, as_of=before)


def test_a_history_longer_than_a_privilege_tells_is_walked_to_its_beginning(
    shop: Guerdon, pass_id: str, customer: str
) -> None:
    history = [
        Movement(f"{customer[:50]}-{number}", JANUARY + timedelta(minutes=number), Decimal("0.25"), f"visit {number}")
        for number in range(1_000)
    ]
    card = shop.create_privilege(pass_id, NewPrivilege("MultiUse", data=PrivilegeData(movements=history))).privilege_id
    assert not shop.get_privilege(card).is_cut
    imported = datetime.now(UTC)
    time.sleep(0.02)
    last = shop.apply_movement(card, -50, 250, remarks="a gift").movement_id

    read = shop.get_privilege(card)
    walked = tuple(shop.iter_movements(card, limit=300))
    first = shop.list_movements(card, limit=2)

    assert read.is_cut
    assert walked[:1_000] == tuple(history)
    assert (walked[1_000].movement_id, walked[1:]) == (last, read.movements)
    assert sum(movement.value for movement in walked) == read.value == 200
    assert shop.list_movements(card, cursor=first.next_cursor, limit=2).items == walked[2:4]
    assert tuple(shop.iter_movements(card, as_of=imported)) == tuple(history)
    with pytest.raises(NotFound):
        shop.list_movements("nobody-here")
