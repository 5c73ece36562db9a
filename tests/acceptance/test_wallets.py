import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guerdon_client import Conflict, Forbidden, Guerdon, InvalidRequest, NewBatch, NotFound, Wallet
from tests.acceptance.running import Running


@pytest.fixture
def wallet_id(shop: Guerdon) -> str:
    """A new and empty wallet."""
    return shop.wallets.put(str(uuid.uuid4()), {}).wallet_id


@pytest.fixture
def user(running: Running) -> Iterator[Guerdon]:
    """The demo user, by their token."""
    sandbox = running.sandbox
    with Guerdon(sandbox.base_url, sandbox.tenant_id, token=sandbox.user_token) as client:
        yield client


def soon(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_points_are_earned_used_and_given_back_exactly(shop: Guerdon, wallet_id: str) -> None:
    first = shop.wallets.add_batch(wallet_id, NewBatch(Decimal("10.5"), price=Decimal("1.05"), expires=soon(1)))
    last = shop.wallets.add_batch(wallet_id, NewBatch(Decimal(5)))
    second = shop.wallets.add_batch(wallet_id, NewBatch(Decimal("20.000001"), expires=soon(2)))

    spent = shop.wallets.spend(wallet_id, Decimal("31.5"), order="o-1")
    rest = shop.wallets.get(wallet_id)
    back = shop.wallets.roll_back(wallet_id, spent.operation_id, 2)

    assert [(one.batch_id, one.amount) for one in spent.allocations] == [
        (first.batch_id, Decimal("10.5")),
        (second.batch_id, Decimal("20.000001")),
        (last.batch_id, Decimal("0.999999")),
    ]
    assert rest.balance == Decimal("4.000001")
    assert [one.batch_id for one in back.allocations] == [last.batch_id, second.batch_id]
    assert (back.restored, back.restored_expired, back.balance) == (2, 0, Decimal("6.000001"))
    with pytest.raises(Conflict):
        shop.wallets.spend(wallet_id, 7)
    lines = list(shop.wallets.iter_statement(wallet_id, limit=2))
    assert [line.kind for line in lines] == ["EARN", "EARN", "EARN", "SPEND", "RETURN"]
    assert lines[-1].balance == Decimal("6.000001")


def test_points_that_have_ended_are_not_there(shop: Guerdon, wallet_id: str) -> None:
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(10), expires=soon(-1)))
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(3), expires=soon(1)))

    assert shop.wallets.get(wallet_id).balance == 3
    assert [batch.amount for batch in shop.wallets.iter_batches(wallet_id, active=True)] == [3]
    assert [batch.amount for batch in shop.wallets.iter_batches(wallet_id, active=False)] == [10]
    with pytest.raises(Conflict):
        shop.wallets.spend(wallet_id, 4)


def test_an_asynchronous_batch_is_there_when_its_command_is_done(shop: Guerdon, wallet_id: str) -> None:
    accepted = shop.wallets.request_batch(wallet_id, NewBatch(Decimal(7)))

    command = shop.wallets.get_command(accepted.correlation_id)

    assert (command.state, command.subject_id) == ("DONE", accepted.batch_id)
    assert shop.wallets.get(wallet_id).balance == 7


def test_a_hold_is_captured_in_part_and_the_rest_is_free(shop: Guerdon, wallet_id: str) -> None:
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(10)))
    held = shop.wallets.hold(wallet_id, 8, expires=soon(1))

    with pytest.raises(Conflict):
        shop.wallets.spend(wallet_id, 3)
    captured = shop.wallets.capture(wallet_id, held.hold_id, 5)

    assert (captured.kind, captured.amount) == ("CAPTURE", 5)
    assert shop.wallets.get_hold(wallet_id, held.hold_id).status == "CAPTURED"
    assert shop.wallets.get(wallet_id).available == 5


def test_a_key_makes_every_write_repeatable(shop: Guerdon, wallet_id: str) -> None:
    key = uuid.uuid4().hex
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(10)))

    spendings = [shop.wallets.spend(wallet_id, 4, idempotency_key=key) for _ in range(3)]
    backs = [shop.wallets.roll_back(wallet_id, spendings[0].operation_id, idempotency_key=f"{key}r") for _ in range(3)]

    assert (spendings[1:], backs[1:]) == (spendings[:1] * 2, backs[:1] * 2)
    assert shop.wallets.get(wallet_id).balance == 10


def test_a_balance_of_the_past_is_what_it_was(shop: Guerdon, wallet_id: str) -> None:
    seen: dict[datetime, Wallet] = {}
    for amount in (3, 4, 5):
        shop.wallets.add_batch(wallet_id, NewBatch(Decimal(amount)))
        seen[datetime.now(UTC)] = shop.wallets.get(wallet_id)

    assert {instant: shop.wallets.get(wallet_id, as_of=instant) for instant in seen} == seen


def test_a_user_sees_their_own_wallet_and_no_other(user: Guerdon, running: Running, wallet_id: str) -> None:
    mine = user.wallets.create_own()

    assert mine.wallet_id == running.sandbox.user_uuid
    assert user.wallets.get_own().balance == mine.balance
    with pytest.raises(Forbidden):
        user.wallets.get(wallet_id)


def test_another_tenant_has_no_such_wallet(running: Running, wallet_id: str) -> None:
    other = running.sandbox.other_tenant

    with running.client(other.api_key, other.tenant_id) as stranger, pytest.raises(NotFound):
        stranger.wallets.get(wallet_id)


def test_a_reader_reads_and_does_not_write(reader: Guerdon, wallet_id: str) -> None:
    assert reader.wallets.get(wallet_id).balance == 0
    with pytest.raises(Forbidden):
        reader.wallets.spend(wallet_id, 1)


def test_mistakes_are_told_together(shop: Guerdon, wallet_id: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        shop.wallets.add_batch(wallet_id, NewBatch(Decimal(0), price=Decimal(-1), order="x" * 65))

    assert set(refused.value.errors) == {"amount", "price", "order"}


def test_an_order_earns_once_and_gives_back_when_it_is_cancelled(shop: Guerdon) -> None:
    wallet = str(uuid.uuid4())
    order = {"id": uuid.uuid4().hex, "status": "COMPLETED", "total": "19.99", "users": [{"userId": wallet}]}

    tried = shop.wallets.tell_order(order, dry_run=True)
    earned, again = (shop.wallets.tell_order(order) for _ in range(2))
    balance = shop.wallets.get(wallet).balance
    returned = shop.wallets.tell_order({**order, "status": "CANCELLED"})

    assert (tried.status, tried.points) == ("EARNED", 19)
    assert (earned.points, earned.welcome, again.batch_id) == (19, 10, earned.batch_id)
    assert (balance, returned.status, returned.taken) == (29, "RETURNED", 29)
    assert shop.wallets.get(wallet).balance == 0


def test_of_an_order_that_is_returned_in_part_the_rest_keeps_its_points(shop: Guerdon) -> None:
    wallet = str(uuid.uuid4())
    order = {"id": uuid.uuid4().hex, "status": "COMPLETED", "total": "19.99", "users": [{"userId": wallet}]}

    shop.wallets.tell_order(order)
    tried = shop.wallets.tell_order({**order, "total": "12.50"}, dry_run=True)
    part, again = (shop.wallets.tell_order({**order, "total": "12.50"}) for _ in range(2))
    late = shop.wallets.tell_order(order)
    balance = shop.wallets.get(wallet).balance
    whole = shop.wallets.tell_order({**order, "status": "CANCELLED"})

    assert (tried.status, tried.returned, tried.taken) == ("PARTLY_RETURNED", 7, 7)
    assert (part.status, part.returned, part.taken, part.missing) == ("PARTLY_RETURNED", 7, 7, 0)
    assert part.total == late.total == Decimal("12.5")
    assert again.operation_id == late.operation_id == part.operation_id
    assert (balance, whole.returned, whole.taken, whole.missing) == (22, 29, 29, 0)
    assert shop.wallets.get(wallet).balance == 0
