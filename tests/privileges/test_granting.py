"""Privileges that are made, changed and taken away at the same moment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString

import asyncpg
import pytest

from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.privileges import queries
from guerdon.privileges.granting import put_privilege, remove
from guerdon.privileges.model import Description
from tests.shops import Shop

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
ONE_TIME = Description(frozenset({"type"}), "OneTime", None, {}, None, None)
UNBOUNDED = (None, None)


@dataclass(frozen=True, slots=True)
class Interrupted(Tx):
    """Lets something happen after each single value that is read: here, whether an account is open."""

    happen: Callable[[], Awaitable[object]] = field(kw_only=True)

    async def value(self, sql: LiteralString, *arguments: object) -> Any:
        found = await self.connection.fetchval(sql, *arguments)
        await self.happen()
        return found


async def test_a_privilege_that_appears_after_the_look_for_its_lock_is_not_changed_without_one(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    first = shop.house.database.tenant(shop.tenant_id)

    async def commit_first() -> None:
        await first.__aexit__(None, None, None)

    await put_privilege(await first.__aenter__(), pass_id, "p", ONE_TIME, new_id(), UNBOUNDED, "one", NOW)
    async with shop.house.database.tenant(shop.tenant_id, dry_run=True) as tx:
        second = Interrupted(tx.connection, tx.tenant_id, happen=commit_first)
        # Both waited for each other where the second changed what it held no lock on. It has to begin again.
        with pytest.raises(asyncpg.UniqueViolationError):
            await put_privilege(second, pass_id, "p", ONE_TIME, new_id(), UNBOUNDED, "two", NOW)


async def test_a_privilege_made_anew_is_not_taken_away_with_the_one_before(shop: Shop) -> None:
    pass_id = await shop.issue(customerId="1")
    await shop.ask("PUT", f"/passes/{pass_id}/privileges/p", {"type": "OneTime"})
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        before = await queries.find_privilege(tx, "p")
    assert before is not None
    await shop.ask("DELETE", f"/passes/{pass_id}/privileges/p")
    await shop.ask("PUT", f"/passes/{pass_id}/privileges/p", {"type": "Unlimited"})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        await remove(tx, [before], "late", NOW)

    assert (await shop.ask("GET", f"/passes/{pass_id}/privileges/p")).json()["type"] == "Unlimited"
