"""What races are run on: a ledger with the posters of three processes, and a whole application with its tills."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from guerdon.ledger.accounts import open_accounts
from guerdon.ledger.group_commit import Poster
from guerdon.ledger.model import AccountKey, Action, Command, Earn
from guerdon.ledger.posting import post
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from tests.ledger.builders import a_poster, as_posted, bulk_told, code, command, day, opened

# Wallets are furnished together, so that a round is its race and little else.
FURNISHED_TOGETHER = 8
# Which process each till of a round goes to: seven turns, so that rounds of other numbers of tills never fall in step.
SPREAD = (0, 1, 0, 1, 1, 0, 2)


def posters_of_three_processes(database: Database) -> list[Poster]:
    """Posters that know nothing of each other, as those of three processes; the last takes commands one by one."""
    return [a_poster(database, commands_max=size, in_flight=2, queue_max=10_000) for size in (64, 64, 1)]


@dataclass(frozen=True)
class Ledger:
    """A tenant's accounts, and the posters that race for them."""

    database: Database
    tenant_id: str
    posters: Sequence[Poster]
    turns: Iterator[int]

    async def opened(self) -> AccountKey:
        """Open an account with nothing on it."""
        return await opened(self.database, self.tenant_id)

    async def furnished(
        self, rounds: Iterator[int], *lots: tuple[int, datetime | None], first: Action | None = None
    ) -> AsyncIterator[tuple[AccountKey, str]]:
        """Give each round a wallet with lots, and the id of the movement that was the first on it."""
        while numbers := list(islice(rounds, FURNISHED_TOGETHER)):
            wallets = [AccountKey("wallet", f"wallet-{new_id()}") for _ in numbers]
            earning = [command(key, Earn(amount, new_id(), ends)) for key in wallets for amount, ends in lots]
            firsts = (
                []
                if first is None
                else [command(key, first, f"first-{number}") for key, number in zip(wallets, numbers, strict=True)]
            )
            async with self.database.tenant(self.tenant_id) as tx:
                await open_accounts(tx, [(new_id(), key) for key in wallets], day(1, 1), has_lots=True)
                for outcome in await post(tx, [*earning, *firsts], day(1, 1)):
                    as_posted(outcome)
            for key, number in zip(wallets, numbers, strict=True):
                yield key, f"first-{number}"

    async def raced(self, commands: Sequence[Command]) -> Counter[str]:
        """Fire all commands at once, spread over the processes in turn, and count what became of them."""
        turn = next(self.turns)
        outcomes = await asyncio.gather(
            *(self._poster(turn + number).post(self.tenant_id, one) for number, one in enumerate(commands)),
            return_exceptions=True,
        )
        return Counter(map(code, outcomes))

    async def raced_bulks(self, bulks: Sequence[Sequence[Command]]) -> Counter[str]:
        """Fire bulks at once, spread over the processes in turn, and count what became of their commands."""
        turn = next(self.turns)
        told = await asyncio.gather(
            *(bulk_told(self._poster(turn + number), self.tenant_id, one) for number, one in enumerate(bulks))
        )
        return Counter(" ".join(told).split())

    def _poster(self, turn: int) -> Poster:
        return self.posters[SPREAD[turn % len(SPREAD)]]
