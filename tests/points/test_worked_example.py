"""The example of WIRE.md section 2, to the point."""

import pytest

from guerdon.ledger.errors import NotEnough, NothingToReturn
from tests.points.conftest import UNIT, Purse, day


async def test_the_worked_example(purse: Purse) -> None:
    march = await purse.add(10, day(3, 1), day(1, 1))
    april = await purse.add(20, day(4, 1), day(1, 1))
    await purse.add(5, None, day(1, 1))

    spent = await purse.spend(15, day(2, 10))
    back = await purse.roll_back(spent, day(3, 10))

    assert [(one.lot_id, one.amount) for one in spent.allocations] == [
        (march.batch_id, 10 * UNIT),
        (april.batch_id, 5 * UNIT),
    ]
    assert (back.restored, back.restored_expired) == (15 * UNIT, 10 * UNIT)
    assert back.operation.status == "ROLLED_BACK"
    with pytest.raises(NothingToReturn):
        await purse.roll_back(spent, day(3, 10))
    with pytest.raises(NotEnough) as refused:
        await purse.spend(26, day(3, 10))
    assert refused.value.extra["available"] == 25
