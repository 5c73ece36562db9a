"""The example of docs/points-for-finance.md, lived in its order and read to the last digit."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.expiring import expire_due
from guerdon.points.holding import capture_hold, hold_points
from guerdon.points.model import BatchWish, HoldWish, OperationWish
from guerdon.points.spending import spend
from guerdon.points.wallets import open_wallet
from tests.points.conftest import ACTOR, UNIT
from tests.shops import Shop

PAGE = Path(__file__).parents[2] / "docs" / "points-for-finance.md"
SAID = re.compile(r"^```csv (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WALLET, HELD = UUID("00000000-0000-4000-8000-0000000000ad"), UUID("00000000-0000-4000-8000-0000000000f0")
A, B, C = (UUID(f"00000000-0000-4000-8000-00000000000{name}") for name in "abc")


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


async def live(shop: Shop) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await open_wallet(tx, WALLET, {}, ACTOR, at(1, 10, 9))
        for batch_id, wish, now in (
            (A, BatchWish(1000 * UNIT, 50 * UNIT, at(3, 31, 22, 30)), at(1, 10, 9)),
            (B, BatchWish(200 * UNIT, None, at(3, 1, 0)), at(1, 10, 9)),
            (C, BatchWish(300 * UNIT, 10 * UNIT), at(2, 5, 9)),
        ):
            await add_batch(tx, WALLET, wish, batch_id=batch_id, actor=ACTOR, now=now)
        await spend(tx, WALLET, OperationWish(500 * UNIT), operation_id=new_id(), actor=ACTOR, now=at(2, 20, 12))
        await hold_points(tx, WALLET, HoldWish(100 * UNIT), hold_id=HELD, actor=ACTOR, now=at(3, 3, 10))
        await capture_hold(tx, WALLET, HELD, 60 * UNIT, operation_id=new_id(), actor=ACTOR, now=at(3, 5, 10))
        await expire_due(tx, at(4, 2, 1))


async def test_every_figure_of_the_page_is_what_the_reports_say(shop: Shop) -> None:
    await live(shop)
    zone = await shop.ask("PATCH", "/config/tenant", {"timeZone": "Europe/Warsaw"})
    assert zone.status_code == 200

    said = SAID.findall(PAGE.read_text())

    assert len(said) == 9
    for path, table in said:
        headers = {"x-api-key": shop.key, "accept": "text/csv"}
        answer = await shop.http.request("GET", f"/wallet2-api/api{path}", headers=headers)
        assert (path, answer.text.replace("\r\n", "\n")) == (path, table)
