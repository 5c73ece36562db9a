from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.killing import kill_under_load
from tests.acceptance.running import running_product, verify_ledger

KILLS = 20
# Each process dies four times, once less than the supervisor bears, however short its lives are.
API_PROCESSES = 5
SECONDS_BETWEEN_KILLS = 0.8


@pytest.mark.timeout(300)
async def test_killed_api_processes_lose_and_double_no_acknowledged_movement(tmp_path: Path) -> None:
    with running_product(tmp_path / "home", GUERDON_API_PROCESSES=str(API_PROCESSES)) as product:
        tills = await kill_under_load(product, KILLS, SECONDS_BETWEEN_KILLS)

        with product.client() as shop:
            values = {till.privilege_id: shop.get_privilege(till.privilege_id).value for till in tills}
        verified = verify_ledger(product.home)

    assert values == {till.privilege_id: till.acknowledged * Decimal("0.5") for till in tills}
    assert min(till.acknowledged for till in tills) > KILLS
    assert verified.returncode == 0, verified.stdout + verified.stderr
