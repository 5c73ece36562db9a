import uuid
from decimal import Decimal

import pytest

from guerdon_client import Conflict, Forbidden, Guerdon, InvalidRequest, NotFound, StoreDetails


def test_staff_scans_a_card_and_redeems_nothing(shop: Guerdon, customer: str, pass_id: str) -> None:
    before = shop.get_usage_by_type("loyalty")["loyalty"].scanned

    assert (shop.scan(customer, "code128"), shop.scan(pass_id)) == (pass_id, pass_id)

    assert [scan.type for scan in shop.iter_scans(pass_id, limit=1)] == ["qrcode", "code128"]
    assert shop.get_usage_by_type("loyalty")["loyalty"].scanned == before + 2
    with pytest.raises(NotFound):
        shop.scan(f"nobody-{customer}")


def test_a_scan_of_a_value_of_two_passes_is_refused(shop: Guerdon, customer: str) -> None:
    shop.create_pass("loyalty", {"family": customer, "member": "1"})
    shop.create_pass("loyalty", {"family": customer, "member": "2"})

    with pytest.raises(Conflict):
        shop.scan(customer)


def test_stores_are_kept_exactly_and_walked_by_tag(shop: Guerdon) -> None:
    tag = uuid.uuid4().hex
    here = StoreDetails(
        "Here", {"city": "Paris"}, Decimal("48.856613000001"), Decimal("2.3052"), {"mon": "9-19"}, (tag,)
    )
    kept = [shop.put_store(f"{tag}-{number}", here) for number in range(3)]

    assert [store.details for store in shop.iter_stores(tag, limit=2)] == [here] * 3
    shop.delete_store(kept[0].store_id)
    with pytest.raises(NotFound):
        shop.get_store(kept[0].store_id)


def test_usage_counts_a_new_pass_today(shop: Guerdon, customer: str) -> None:
    before = shop.get_usage()

    shop.create_pass("ticket", {"customerId": customer})

    after = shop.get_usage()
    assert after.totals.created == before.totals.created + 1
    assert sum(day.created for day in after.days.values()) == sum(day.created for day in before.days.values()) + 1
    with pytest.raises(InvalidRequest):
        shop.get_usage_by_type("nothing")


def test_passes_are_looked_up_by_a_key_with_previews(shop: Guerdon, customer: str) -> None:
    made = sorted(shop.create_pass("ticket", {"order": customer, "seat": str(seat)}).pass_id for seat in range(3))

    found = list(shop.iter_looked_up(customer, "order", preview=True, limit=2))

    assert [one.pass_id for one in found] == made
    assert all(one.preview is not None and one.preview["kind"] == "eventTicket" for one in found)
    assert [one.pass_id for one in shop.look_up_passes(f"{made[2]},{made[0]},nobody").items] == [made[2], made[0]]


def test_a_person_is_exported_and_erased(shop: Guerdon, reader: Guerdon, customer: str, pass_id: str) -> None:
    exported = shop.export_person({"customerId": customer})
    with pytest.raises(Forbidden):
        reader.erase_person({"customerId": customer})

    erased = shop.erase_person({"customerId": customer}, idempotency_key=f"erase {customer}")
    again = shop.erase_person({"customerId": customer}, idempotency_key=f"erase {customer}")

    assert customer in str(exported)
    assert (erased.pass_ids, erased.erased["passes"], again.receipt_id) == ((pass_id,), 1, erased.receipt_id)
    assert again.receipt.is_replayed
    with pytest.raises(NotFound):
        shop.get_pass_document(pass_id)
