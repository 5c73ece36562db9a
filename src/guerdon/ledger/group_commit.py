"""Group commit: concurrent commands of one process are posted by one transaction, each with its own outcome.

OutcomeUnknown  503  the database went away while the movement was being committed
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg
import structlog
from msgspec.structs import replace

from guerdon.ledger.errors import LotTaken
from guerdon.ledger.model import AccountKey, Command, Posted
from guerdon.ledger.posting import Outcome, post
from guerdon.platform import metrics
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx, is_loss
from guerdon.platform.gather import Gatherer
from guerdon.platform.problems import InternalError, Overloaded, Problem

Effect = Callable[[Tx, Sequence[Posted], datetime], Awaitable[None]]
ATTEMPTS_MAX = 3
LOT_KEY = "ledger_lot_pkey"

log = structlog.get_logger("guerdon.ledger")


class OutcomeUnknown(Overloaded):
    """The database went away while the movement was being committed."""

    code = "outcome_unknown"

    def __init__(self) -> None:
        Problem.__init__(
            self,
            "The database went away and the outcome is not known; send the same movement id or key again to learn it.",
            headers={"Retry-After": "1"},
        )


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
    ) -> None:
        """Gather at most `commands_max` commands into each of `in_flight` transactions; 1 turns group commit off."""
        self._database = database
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

    async def drain(self) -> None:
        """Wait until all that was queued has its outcome."""
        await self._gatherer.drain()

    async def _post_batch(self, tenant_id: str, commands: Sequence[Command]) -> Sequence[Outcome]:
        try:
            return await self._post_together(tenant_id, commands)
        except Exception as failure:  # noqa: BLE001  # whatever it was, every command gets an outcome of its own
            log.warning("batch failed", commands=len(commands), reason=repr(failure))
            # Whether the batch was committed is not always known, so each later attempt looks for its own entries.
            again = [replace(command, is_chosen=True) for command in commands]
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
        for _ in range(ATTEMPTS_MAX):
            try:
                return (await self._post_together(tenant_id, [command], dry_run=dry_run))[0]
            except asyncpg.UniqueViolationError as taken:
                # Another process took the movement id or the key meanwhile; the next attempt finds it.
                if taken.constraint_name == LOT_KEY:
                    return LotTaken()
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                continue
            except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
                return undecided
            except Problem as refusal:
                return refusal
            except Exception as failure:
                if not is_loss(failure):
                    log.exception("command failed", movement_id=command.movement_id)
                    return InternalError()
                undecided = OutcomeUnknown()
        return undecided

    async def _post_together(
        self, tenant_id: str, commands: Sequence[Command], *, dry_run: bool = False
    ) -> list[Outcome]:
        now = self._clock(tenant_id)
        async with self._database.tenant(tenant_id, dry_run=dry_run, by_keys=True) as tx:
            outcomes = await post(tx, commands, now)
            posted = [outcome for outcome in outcomes if isinstance(outcome, Posted) and not outcome.is_repeat]
            if posted:
                await self._effect(tx, posted, now)
        return outcomes


def _posted_or_raise(outcome: Outcome) -> Posted:
    if isinstance(outcome, Problem):
        raise outcome
    return outcome
