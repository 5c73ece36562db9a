"""Attempts at posting: what is tried again after it failed, and what whoever waits is told in the end.

OutcomeUnknown  503  the database went away while the movement was being committed
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
import structlog
from msgspec.structs import replace

from guerdon.ledger.errors import LotTaken
from guerdon.ledger.model import Command
from guerdon.platform.db import is_loss
from guerdon.platform.problems import InternalError, Overloaded, Problem

Result = TypeVar("Result")
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


async def attempt(
    post: Callable[[Sequence[Command]], Awaitable[Result]], commands: Sequence[Command], undecided: Overloaded
) -> Result | Problem:
    """Post commands in one transaction, up to three times while others are in the way or the database goes away.

    Gives the refusal, `undecided` when others stay in the way, or what else stands in the way of an outcome.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            return await post(commands)
        except asyncpg.UniqueViolationError as taken:
            # Another process took the movement id or the key meanwhile; the next attempt finds it.
            if taken.constraint_name == LOT_KEY:
                return LotTaken()
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            pass
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
            return undecided
        except Problem as refusal:
            return refusal
        except Exception as failure:
            if not is_loss(failure):
                log.exception("posting failed", commands=len(commands), movement_id=commands[0].movement_id)
                return InternalError()
            undecided = OutcomeUnknown()
        commands = to_be_found(commands)
    return undecided


def to_be_found(commands: Sequence[Command]) -> list[Command]:
    """Give commands that may have been posted already: whoever posts them again looks for their own entries."""
    return [replace(command, is_chosen=True) for command in commands]
