"""Group commit: concurrent commands of one process are posted by one transaction, each with its own outcome.

A bulk is what one request brings together: it has a transaction of its own, and one answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from msgspec import Struct

from guerdon.ledger.attempts import ATTEMPTS_MAX, OutcomeUnknown, attempt, to_be_found
from guerdon.ledger.model import AccountKey, Command, Posted
from guerdon.ledger.posting import Outcome, post
from guerdon.platform import metrics
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx, is_loss
from guerdon.platform.gather import Gatherer
from guerdon.platform.problems import Overloaded, Problem
from guerdon.platform.writes import Answer, WriteOptions, answer_once

Effect = Callable[[Tx, Sequence[Posted], datetime], Awaitable[None]]
Tell = Callable[[Sequence[Outcome]], Answer]
BULKS_IN_FLIGHT = 2
BULKS_WAITING_MAX = 64

log = structlog.get_logger("guerdon.ledger")


class _Bulk(Struct, frozen=True):
    commands: Sequence[Command]
    write: WriteOptions
    tell: Tell


class Poster:
    """Posts commands for a whole process. `effect` is run for what was posted, in the same transaction."""

    def __init__(
        self,
        database: Database,
        effect: Effect,
        clock: TenantClock,
        *,
        commands_max: int,
        in_flight: int,
        queue_max: int,
        linger_ms: int = 0,
        batches: Database | None = None,
    ) -> None:
        """Gather at most `commands_max` commands into each of `in_flight` transactions; 1 turns group commit off.

        These run on the connections of `batches`, or else of `database` like all others.
        """
        self._database = database
        self._batches = batches or database
        self._effect = effect
        self._clock = clock
        self._gatherer = Gatherer[Command, Posted](
            self._post_batch,
            items_max=commands_max,
            in_flight=in_flight,
            queue_max=queue_max,
            linger_ms=linger_ms,
            observe=metrics.observe_batch,
        )
        self._bulks = Gatherer[_Bulk, Answer](
            self._post_bulks, items_max=1, in_flight=BULKS_IN_FLIGHT, queue_max=BULKS_WAITING_MAX
        )

    async def post(self, tenant_id: str, command: Command, *, dry_run: bool = False) -> Posted:
        """Post one command; the answer comes only after it is durable.

        Raises the refusals of errors.py, Overloaded, OutcomeUnknown.
        """
        if dry_run:
            return _posted_or_raise(await self._post_alone(tenant_id, command, Overloaded(), dry_run=True))
        return await self.begin(tenant_id, command)

    def begin(self, tenant_id: str, command: Command) -> "asyncio.Future[Posted]":
        """Post one command and give its outcome to come, for callers that have no task to wait in; see `post`.

        Raises Overloaded.
        """
        return self._gatherer.call(tenant_id, command)

    async def post_bulk(self, tenant_id: str, commands: Sequence[Command], write: WriteOptions, tell: Tell) -> Answer:
        """Post what one request brings in a transaction of its own, and answer it once for each idempotency key.

        `tell` makes one answer of all outcomes; what it raises refuses the whole, and nothing is posted.
        Raises what `tell` raises, IdempotencyMismatch, StillRunning, Overloaded, OutcomeUnknown.
        """
        return await self._bulks.call(tenant_id, _Bulk(commands, write, tell))

    async def drain(self) -> None:
        """Wait until all that was queued has its outcome."""
        await self._gatherer.drain()
        await self._bulks.drain()

    async def _post_batch(self, tenant_id: str, commands: Sequence[Command]) -> Sequence[Outcome]:
        outcomes = await self._post_surely(tenant_id, commands)
        if self._batches.core is not None:
            self._batches.core.note(has_company=len(commands) > 1 or self._gatherer.waiting_count > 0)
        return outcomes

    async def _post_surely(self, tenant_id: str, commands: Sequence[Command]) -> Sequence[Outcome]:
        try:
            return await self._post_together(tenant_id, commands)
        except Exception as failure:  # noqa: BLE001  # whatever it was, every command gets an outcome of its own
            log.warning("batch failed", commands=len(commands), reason=repr(failure))
            # Whether the batch was committed is not always known, so each later attempt looks for its own entries.
            again = to_be_found(commands)
            if is_loss(failure):
                return await self._post_after_loss(tenant_id, again)
        return await self._post_one_by_one(tenant_id, again, Overloaded())

    async def _post_after_loss(self, tenant_id: str, commands: Sequence[Command]) -> Sequence[Outcome]:
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return await self._post_together(tenant_id, commands)
            except Exception as failure:  # noqa: BLE001  # as above
                if not is_loss(failure):
                    return await self._post_one_by_one(tenant_id, commands, OutcomeUnknown())
        return [OutcomeUnknown()] * len(commands)

    async def _post_one_by_one(
        self, tenant_id: str, commands: Sequence[Command], undecided: Overloaded
    ) -> Sequence[Outcome]:
        """Let no bad command fail its neighbours, nor a held account or a dead database keep them waiting in turn."""
        outcomes: list[Outcome] = []
        waiting_for: dict[AccountKey, Overloaded] = {}
        lost: OutcomeUnknown | None = None
        for command in commands:
            outcome = lost or waiting_for.get(command.account)
            outcome = outcome or await self._post_alone(tenant_id, command, undecided)
            if outcome is undecided:
                waiting_for[command.account] = undecided
            elif isinstance(outcome, OutcomeUnknown):
                lost = outcome
            outcomes.append(outcome)
        return outcomes

    async def _post_alone(
        self, tenant_id: str, command: Command, undecided: Overloaded, *, dry_run: bool = False
    ) -> Outcome:
        async def post_one(commands: Sequence[Command]) -> Outcome:
            return (await self._post_together(tenant_id, commands, dry_run=dry_run))[0]

        return await attempt(post_one, [command], undecided)

    async def _post_together(
        self, tenant_id: str, commands: Sequence[Command], *, dry_run: bool = False
    ) -> list[Outcome]:
        now = self._clock(tenant_id)
        database = self._database if dry_run else self._batches
        async with database.tenant(tenant_id, dry_run=dry_run, by_keys=True) as tx:
            return await self._post_in(tx, commands, now)

    async def _post_bulks(self, tenant_id: str, bulks: Sequence[_Bulk]) -> Sequence[Answer | Problem]:
        return [await self._post_bulk(tenant_id, bulk) for bulk in bulks]

    async def _post_bulk(self, tenant_id: str, bulk: _Bulk) -> Answer | Problem:
        async def post_all(commands: Sequence[Command]) -> Answer:
            now = self._clock(tenant_id)

            async def work(tx: Tx) -> Answer:
                return bulk.tell(await self._post_in(tx, commands, now))

            async with self._database.tenant(tenant_id, dry_run=bulk.write.is_dry_run, by_keys=True) as tx:
                return await answer_once(tx, bulk.write, now, work, None)

        return await attempt(post_all, bulk.commands, Overloaded())

    async def _post_in(self, tx: Tx, commands: Sequence[Command], now: datetime) -> list[Outcome]:
        outcomes = await post(tx, commands, now)
        posted = [outcome for outcome in outcomes if isinstance(outcome, Posted) and not outcome.is_repeat]
        if posted:
            await self._effect(tx, posted, now)
        return outcomes


def _posted_or_raise(outcome: Outcome) -> Posted:
    if isinstance(outcome, Problem):
        raise outcome
    return outcome
