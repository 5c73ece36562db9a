import asyncio

import pytest

from guerdon.entrypoints.home import open_place
from guerdon.platform.settings import read_settings
from guerdon_client import (
    Guerdon,
    NewPrivilege,
    PassDocument,
    Privilege,
    PrivilegeChange,
    Unprocessable,
    ValueMismatch,
)
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running, product_environment


def state_of(shop: Guerdon, running: Running, pass_id: str) -> tuple[PassDocument, tuple[Privilege, ...], int]:
    """All that a write on a pass could change, the events of the tenant included."""
    return shop.get_pass_document(pass_id), shop.list_privileges(pass_id), asyncio.run(count_events(running))


async def count_events(running: Running) -> int:
    settings = read_settings({**product_environment(), "GUERDON_HOME": str(running.home)})
    async with open_place(settings, print) as place, place.owner() as owner:
        tenant_id = running.sandbox.tenant_id
        return await owner.fetchval("SELECT count(*) FROM event WHERE tenant_id = $1", tenant_id)


def test_a_dry_run_answers_and_changes_nothing(shop: Guerdon, running: Running, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    before = state_of(shop, running, pass_id)

    created = shop.create_pass("loyalty", {"customerId": customer + "x"}, dry_run=True)
    made = shop.create_privilege(pass_id, NewPrivilege("OneTime"), dry_run=True)
    applied = shop.apply_movement(card, 1, 5, movement_id=customer, dry_run=True)
    shop.update_pass(pass_id, metadata={"a": 1}, dry_run=True)
    shop.put_privilege(pass_id, card, PrivilegeChange(priority=9), dry_run=True)
    shop.delete_privilege(card, dry_run=True)
    key = shop.create_api_key(customer, ["Pass.Read"], dry_run=True)

    assert (applied.movement_id, applied.version) == (customer, 2)
    assert created.pass_id
    assert made.privilege_id
    assert state_of(shop, running, pass_id) == before
    assert shop.find_pass({"customerId": customer + "x"}) is None
    assert key.key.name not in {listed.name for listed in shop.list_api_keys()}


def test_a_dry_run_is_refused_as_the_real_one_would_be(shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 5)

    with pytest.raises(ValueMismatch) as refused:
        shop.apply_movement(card, 1, 4, dry_run=True)

    assert refused.value.current_value == 5


def test_what_was_tried_can_then_be_done(shop: Guerdon, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    for dry_run in (True, True, False):
        applied = shop.apply_movement(card, 1, 5, movement_id=customer, idempotency_key=customer, dry_run=dry_run)

        assert not applied.receipt.is_replayed
    assert shop.get_privilege(card).value == 6


def test_every_write_repeats_under_its_key(shop: Guerdon, running: Running, pass_id: str, customer: str) -> None:
    card = a_card(shop, pass_id, 5)
    writes = (
        lambda: shop.create_pass("generic", idempotency_key=f"create {customer}").receipt,
        lambda: shop.update_pass(pass_id, metadata={"a": 1}, idempotency_key=f"update {customer}"),
        lambda: shop.create_privilege(pass_id, NewPrivilege("OneTime"), idempotency_key=f"grant {customer}").receipt,
        lambda: shop.put_privilege(pass_id, card, PrivilegeChange(priority=9), idempotency_key=f"put {customer}"),
        lambda: shop.delete_privilege(card, idempotency_key=f"delete {customer}"),
        lambda: shop.create_api_key(customer, ["Pass.Read"], idempotency_key=f"key {customer}").receipt,
        lambda: shop.revoke_api_key(customer, idempotency_key=f"revoke {customer}"),
    )
    for write in writes:
        assert not write().is_replayed
        before = state_of(shop, running, pass_id)

        assert write().is_replayed
        assert state_of(shop, running, pass_id) == before


def test_a_repeated_create_gives_the_same_key_text(shop: Guerdon, customer: str) -> None:
    first, again = (shop.create_api_key(customer, ["Pass.Read"], idempotency_key=customer) for _ in "ab")

    assert first.text == again.text


def test_a_key_used_for_another_write_is_refused(shop: Guerdon, pass_id: str, customer: str) -> None:
    shop.update_pass(pass_id, metadata={"a": 1}, idempotency_key=customer)

    with pytest.raises(Unprocessable):
        shop.update_pass(pass_id, metadata={"a": 2}, idempotency_key=customer)
    with pytest.raises(Unprocessable):
        shop.delete_privilege("anything", idempotency_key=customer)

    assert shop.get_pass_document(pass_id).metadata == {"a": 1}
