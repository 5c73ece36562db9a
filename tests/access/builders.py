from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from guerdon.access.keys import KeyPepper, create_key
from guerdon.access.model import Caller, CreatedKey, operator
from guerdon.platform.db import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """A clock that the test moves."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Makes keys in the table."""

    database: Database
    pepper: KeyPepper

    async def __call__(
        self,
        tenant_id: str,
        name: str = "till",
        scopes: frozenset[str] = frozenset({"*"}),
        *,
        caller: Caller | None = None,
        now: datetime = NOW,
        expires_at: datetime | None = None,
    ) -> CreatedKey:
        async with self.database.tenant(tenant_id) as tx:
            return await create_key(
                tx,
                self.pepper,
                name=name,
                scopes=scopes,
                caller=caller or operator(tenant_id),
                now=now,
                expires_at=expires_at,
            )
