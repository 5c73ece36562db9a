"""The long form of tests/acceptance/test_kills.py; GUERDON_PROVE_KILLS says how many."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.killing import kill_under_load
from tests.acceptance.running import running_product, verify_ledger

KILLS = int(os.environ.get("GUERDON_PROVE_KILLS", "1000"))
API_PROCESSES = 4
# Each process lives longer than the supervisor's five seconds between two kills, so that it is never given up.
SECONDS_BETWEEN_KILLS = 1.6


@pytest.mark.prove
@pytest.mark.timeout(0)
async def test_a_thousand_kills_lose_and_double_no_acknowledged_movement(tmp_path: Path) -> None:
    with running_product(tmp_path / "home", GUERDON_API_PROCESSES=str(API_PROCESSES)) as product:
        tills = await kill_under_load(product, KILLS, SECONDS_BETWEEN_KILLS)

        with product.client() as shop:
            values = {till.privilege_id: shop.get_privilege(till.privilege_id).value for till in tills}
        verified = verify_ledger(product.home)

    assert values == {till.privilege_id: till.acknowledged * Decimal("0.5") for till in tills}
    assert verified.returncode == 0, verified.stdout + verified.stderr
