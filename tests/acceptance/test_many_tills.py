import asyncio
from decimal import Decimal

from guerdon_client import AsyncGuerdon, BelowFloor, Guerdon
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running

TILLS = 32
MOVES_EACH = 2
ATTEMPTS_MAX = 2_000


async def test_thirty_two_tills_on_one_card_count_exactly(running: Running, shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id)
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key, timeout_s=60) as tills:

        async def till(number: int) -> Decimal:
            amount = Decimal(number) / 10
            for _ in range(MOVES_EACH):
                await tills.move(card, amount, attempts_max=ATTEMPTS_MAX)
            return amount * MOVES_EACH

        expected = sum(await asyncio.gather(*(till(number) for number in range(1, TILLS + 1))))

    read = shop.get_privilege(card)
    assert read.value == expected
    assert len(read.movements) == TILLS * MOVES_EACH
    assert sum(past.value for past in read.movements) == expected
    assert len({past.movement_id for past in read.movements}) == TILLS * MOVES_EACH


async def test_ten_stamps_are_spent_ten_times_and_not_once_more(running: Running, shop: Guerdon, pass_id: str) -> None:
    card = a_card(shop, pass_id, 10)
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key, timeout_s=60) as tills:
        spends = (tills.move(card, -1, floor=0, attempts_max=ATTEMPTS_MAX) for _ in range(TILLS))
        outcomes = await asyncio.gather(*spends, return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(outcomes) - len(refused) == 10
    assert all(isinstance(outcome, BelowFloor) for outcome in refused)
    assert shop.get_privilege(card).value == 0


async def test_one_customer_at_many_counters_gets_one_pass(running: Running, customer: str) -> None:
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key, timeout_s=60) as counters:
        created = await asyncio.gather(
            *(counters.create_pass("loyalty", {"customerId": customer}) for _ in range(TILLS))
        )

    assert len({made.pass_id for made in created}) == 1


async def test_one_movement_sent_by_many_at_once_moves_once(
    running: Running, shop: Guerdon, pass_id: str, customer: str
) -> None:
    card = a_card(shop, pass_id)
    box = running.sandbox
    async with AsyncGuerdon(box.base_url, box.tenant_id, api_key=box.api_key, timeout_s=60) as tills:
        applied = await asyncio.gather(*(tills.apply_movement(card, 1, 0, movement_id=customer) for _ in range(TILLS)))

    assert sum(not answer.receipt.is_replayed for answer in applied) == 1
    assert shop.get_privilege(card).value == 1
