import pytest

from guerdon_client import (
    Forbidden,
    Guerdon,
    GuerdonError,
    InvalidRequest,
    NewPrivilege,
    NotFound,
    PrivilegeChange,
    Problem,
    Unauthenticated,
    hmac_proof,
)
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running, refused_soon


def test_a_shop_issues_a_pass_and_the_same_customer_gets_the_same_one(shop: Guerdon, customer: str) -> None:
    first = shop.create_pass("loyalty", {"customerId": customer}, additional_data={"name": "Ada"})
    second = shop.create_pass("loyalty", {"customerId": customer}, additional_data={"name": "Grace"})

    assert second.pass_id == first.pass_id
    assert shop.get_pass_document(first.pass_id).additional_data == {"name": "Ada"}


def test_two_customers_get_two_passes(shop: Guerdon, customer: str) -> None:
    one = shop.create_pass("loyalty", {"customerId": customer})
    other = shop.create_pass("loyalty", {"customerId": customer + "x"})

    assert one.pass_id != other.pass_id


def test_a_pass_without_identifiers_is_new_every_time(shop: Guerdon) -> None:
    assert shop.create_pass("generic").pass_id != shop.create_pass("generic").pass_id


def test_every_demo_pass_type_can_be_issued(shop: Guerdon, running: Running, customer: str) -> None:
    ids = {shop.create_pass(name, {"customerId": customer}).pass_id for name in running.sandbox.pass_types}

    assert len(ids) == 5


def test_a_pass_type_that_nobody_configured_is_refused(shop: Guerdon) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shop.create_pass("no-such-type")

    assert (refused.value.code, list(refused.value.errors)) == ("unknown_pass_type", ["passType"])


def test_a_browser_with_a_proof_gets_its_pass_without_a_credential(
    browser: Guerdon, shop: Guerdon, running: Running, customer: str
) -> None:
    proof = hmac_proof(running.sandbox.identifier_keys["customerId"], customer)

    created = browser.create_pass("loyalty", {"customerId": customer}, proofs={"customerId": proof})

    assert shop.find_pass({"customerId": customer}) == created.pass_id
    assert browser.find_pass({"customerId": customer}, "loyalty", proofs={"customerId": proof}) == created.pass_id


def test_a_proof_is_not_kept_among_the_identifiers(
    browser: Guerdon, shop: Guerdon, running: Running, customer: str
) -> None:
    proof = hmac_proof(running.sandbox.identifier_keys["customerId"], customer)

    created = browser.create_pass("loyalty", {"customerId": customer}, proofs={"customerId": proof})

    assert shop.get_pass_document(created.pass_id).identifiers == {"customerId": customer}


@pytest.mark.parametrize("proofs", [{}, {"customerId": "00" * 32}, {"customerId": ""}, {"customerId": "é"}])
def test_a_browser_without_a_good_proof_gets_nothing(
    browser: Guerdon, shop: Guerdon, customer: str, proofs: dict[str, str]
) -> None:
    with pytest.raises((Unauthenticated, InvalidRequest)):
        browser.create_pass("loyalty", {"customerId": customer}, proofs=proofs)

    assert shop.find_pass({"customerId": customer}) is None


def test_a_proof_of_another_value_proves_nothing(browser: Guerdon, running: Running, customer: str) -> None:
    proof = hmac_proof(running.sandbox.identifier_keys["customerId"], customer + "x")

    with pytest.raises(Unauthenticated) as refused:
        browser.create_pass("loyalty", {"customerId": customer}, proofs={"customerId": proof})

    assert refused.value.code == "identifiers_not_proven"


def test_a_browser_cannot_add_an_identifier_that_it_does_not_prove(
    browser: Guerdon, running: Running, customer: str
) -> None:
    proof = hmac_proof(running.sandbox.identifier_keys["customerId"], customer)

    with pytest.raises(Unauthenticated, match="staffId"):
        browser.create_pass("loyalty", {"customerId": customer, "staffId": "1"}, proofs={"customerId": proof})


def test_a_read_only_key_reads_and_writes_nothing(reader: Guerdon, shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 3)

    assert reader.get_privilege(card).value == 3
    assert reader.get_pass_document(pass_id).pass_id == pass_id
    for write in (
        lambda: reader.create_pass("loyalty", {"customerId": "x"}),
        lambda: reader.update_pass(pass_id, metadata={"a": 1}),
        lambda: reader.create_privilege(pass_id, NewPrivilege("OneTime")),
        lambda: reader.put_privilege(pass_id, card, PrivilegeChange(priority=1)),
        lambda: reader.delete_privilege(card),
        lambda: reader.apply_movement(card, 1, 3),
        lambda: reader.create_api_key("stolen", ["*"]),
    ):
        with pytest.raises(Forbidden):
            write()
    assert reader.get_privilege(card).value == 3


def test_another_tenants_things_do_not_exist(running: Running, shop: Guerdon, pass_id: str, customer: str) -> None:
    card, other = a_card(shop, pass_id, 3), running.sandbox.other_tenant
    with running.client(other.api_key, other.tenant_id) as stranger:
        for attempt in (
            lambda: stranger.get_pass_document(pass_id),
            lambda: stranger.get_apple_pass(pass_id),
            lambda: stranger.preview_pass(pass_id),
            lambda: stranger.get_view_url(pass_id),
            lambda: stranger.update_pass(pass_id, metadata={"a": 1}),
            lambda: stranger.update_pass({"customerId": customer}, metadata={"a": 1}),
            lambda: stranger.list_privileges(pass_id),
            lambda: stranger.list_privileges({"customerId": customer}),
            lambda: stranger.get_privilege(card),
            lambda: stranger.get_privilege(card, pass_id),
            lambda: stranger.create_privilege(pass_id, NewPrivilege("OneTime")),
            lambda: stranger.put_privilege(pass_id, card, PrivilegeChange(priority=1)),
            lambda: stranger.delete_privilege(card),
            lambda: stranger.delete_privilege(card, pass_id),
            lambda: stranger.apply_movement(card, 1, 3),
        ):
            with pytest.raises(NotFound):
                attempt()
        assert stranger.find_pass({"customerId": customer}) is None
    assert shop.get_privilege(card).value == 3


def test_a_key_of_another_tenant_opens_no_door_here(running: Running, pass_id: str) -> None:
    with running.client(running.sandbox.other_tenant.api_key) as stranger, pytest.raises(Problem) as refused:
        stranger.get_pass_document(pass_id)

    assert refused.value.status == 404


def test_a_revoked_key_is_refused(running: Running, shop: Guerdon, customer: str, pass_id: str) -> None:
    made = shop.create_api_key(customer, ["Pass.Read"])
    with running.client(made.text) as till:
        assert till.get_pass_document(pass_id).pass_id == pass_id
        shop.revoke_api_key(customer)

        assert refused_soon(Unauthenticated, lambda: till.get_pass_document(pass_id))


def test_a_key_is_told_of_without_its_text(shop: Guerdon, customer: str) -> None:
    made = shop.create_api_key(customer, ["Pass.Read", "Wallet.Read"])

    listed = next(key for key in shop.list_api_keys() if key.name == customer)

    assert listed == made.key
    assert made.text.startswith(made.key.prefix)
    assert made.text not in repr(made)


def test_a_key_cannot_give_more_than_it_has(running: Running, shop: Guerdon, customer: str) -> None:
    made = shop.create_api_key(customer, ["Access.Write", "Pass.Read"])
    with running.client(made.text) as clerk, pytest.raises(GuerdonError) as refused:
        clerk.create_api_key(customer + "2", ["Pass.Write"])

    assert isinstance(refused.value, Forbidden)
    assert refused.value.code == "scope_not_held"
