import asyncio

import asyncpg
import pytest
from tests.shops import Shop, problem, until_waiting

from guerdon.platform.db import LOSSES, TROUBLE, Database

END_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'guerdon'
"""


async def test_a_request_whose_database_went_away_is_told_to_come_again(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pass_id = await shop.issue(customerId="1")
    change = {"metadata": {"tier": "gold"}}
    async with owner.transaction():
        await owner.execute("SELECT FROM pass WHERE pass_id = $1 FOR UPDATE", pass_id)
        asking = asyncio.create_task(shop.ask("PATCH", f"/passes/{pass_id}", change))
        await until_waiting(shop.house.database)
        await owner.execute(END_WAITING)
        answer = await asking

    told = problem(answer)
    assert (answer.status_code, told["code"], answer.headers["retry-after"]) == (503, "database_unavailable", "1")
    assert (await shop.ask("PATCH", f"/passes/{pass_id}", change)).status_code == 200


async def test_who_loses_the_connection_in_a_transaction_learns_why(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    async def lose() -> None:
        async with database.tenant(tenant_id) as tx:
            await owner.execute("SELECT pg_terminate_backend($1)", await tx.value("SELECT pg_backend_pid()"))
            await tx.value("SELECT pg_sleep(5)")

    with pytest.raises(LOSSES) as lost:
        await lose()

    assert "is_closed" not in str(lost.value)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_whoever_works_without_an_end_goes_on_after_every_loss(loss: type[Exception]) -> None:
    assert issubclass(loss, TROUBLE)
