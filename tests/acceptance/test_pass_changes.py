from decimal import Decimal

import pytest

from guerdon_client import Conflict, Guerdon


def test_a_change_merges_and_none_removes(shop: Guerdon, pass_id: str) -> None:
    shop.update_pass(pass_id, metadata={"tier": "gold", "since": 2020}, additional_data={"name": "Ada", "city": "X"})
    shop.update_pass(pass_id, metadata={"tier": "platinum"}, additional_data={"city": None})

    document = shop.get_pass_document(pass_id)

    assert document.metadata == {"tier": "platinum", "since": 2020}
    assert document.additional_data == {"name": "Ada"}


def test_a_pass_can_be_changed_by_its_identifiers(shop: Guerdon, pass_id: str, customer: str) -> None:
    shop.update_pass({"customerId": customer}, identifiers={"crmId": "7" + customer})

    assert shop.find_pass({"crmId": "7" + customer}) == pass_id


def test_an_identifier_can_be_taken_away(shop: Guerdon, pass_id: str, customer: str) -> None:
    shop.update_pass(pass_id, identifiers={"crmId": customer, "customerId": None})

    assert shop.find_pass({"customerId": customer}) is None
    assert shop.find_pass({"crmId": customer}) == pass_id


def test_a_pass_can_change_its_type(shop: Guerdon, pass_id: str) -> None:
    shop.update_pass(pass_id, pass_type="generic")

    assert shop.get_pass_document(pass_id).pass_type == "generic"


def test_two_passes_cannot_become_the_same(shop: Guerdon, pass_id: str, customer: str) -> None:
    shop.create_pass("loyalty", {"customerId": customer + "x"})

    with pytest.raises(Conflict) as refused:
        shop.update_pass(pass_id, identifiers={"customerId": customer + "x"})

    assert refused.value.code == "pass_exists"


def test_every_change_is_a_new_revision(shop: Guerdon, pass_id: str) -> None:
    before = shop.get_pass_document(pass_id)
    shop.update_pass(pass_id, metadata={"a": 1})
    after = shop.get_pass_document(pass_id)

    assert after.revision == before.revision + 1
    assert after.created_at == before.created_at
    assert after.updated_at >= before.updated_at


def test_numbers_in_documents_come_back_as_they_were(shop: Guerdon, pass_id: str) -> None:
    exact = {"price": Decimal("0.1"), "long": Decimal("1234567890.123456789012345"), "whole": 2**60}

    shop.update_pass(pass_id, additional_data=exact)
    shop.update_pass(pass_id, additional_data={"another": 1})

    assert shop.get_pass_document(pass_id).additional_data == {**exact, "another": 1}
