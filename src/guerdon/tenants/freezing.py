"""Freezing the clock of a tenant under test, advancing it, and stopping an advance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_id
from guerdon.platform.jobs import JOBS_TOPIC, Job, defer
from guerdon.tenants import clock_queries as queries
from guerdon.tenants.administration import get_tenant, lock_tenant
from guerdon.tenants.clock_model import Clock, check_reachable, whole_milliseconds
from guerdon.tenants.clocks import CLOCKS_TOPIC
from guerdon.tenants.errors import ClockBackwards, ClockFrozen, ClockMoving, ClockNotFrozen, NotASandbox

ADVANCE_CLOCK: Final = "tenants.advance-clock"
CLOCK_FROZEN: Final = "tenant.clock-frozen"
CLOCK_STARTED: Final = "tenant.clock-started"
CLOCK_ADVANCED: Final = "tenant.clock-advanced"
CLOCK_STOPPED: Final = "tenant.clock-stopped"


async def find_clock(tx: Tx) -> Clock | None:
    """Read the tenant's clock; None while it goes with the world."""
    return await queries.find_clock(tx)


async def freeze_clock(tx: Tx, at: datetime | None, actor: str, real_now: datetime) -> Clock:
    """Let the clock stand from now on, for good, and with `at` advance it to there.

    Raises ClockTooFar, NotASandbox, ClockFrozen, ClockBackwards.
    """
    if at is not None:
        check_reachable("at", at)
    await _lock_sandbox(tx)
    if await queries.find_clock(tx) is not None:
        raise ClockFrozen
    now_at = whole_milliseconds(real_now)
    await queries.insert_clock(tx, now_at)
    await _tell(tx, CLOCK_FROZEN, {}, actor, now_at)
    tx.announce(CLOCKS_TOPIC)
    return Clock(now_at, None) if at is None else await advance_clock(tx, at, actor)


async def advance_clock(tx: Tx, to: datetime, actor: str) -> Clock:
    """Have a job advance the clock to an instant, posting on the way whatever falls due.

    Raises ClockTooFar, NotASandbox, ClockNotFrozen, ClockMoving, ClockBackwards.
    """
    check_reachable("to", to)
    await _lock_sandbox(tx)
    clock = await queries.find_clock(tx)
    if clock is None:
        raise ClockNotFrozen
    if clock.is_moving:
        raise ClockMoving
    if to < clock.now_at:
        raise ClockBackwards(clock.now_at)
    advance_id, to_at = new_id(), whole_milliseconds(to)
    await queries.begin_advance(tx, advance_id, to_at, actor)
    await _tell(tx, CLOCK_STARTED, {"to": rfc3339(to_at)}, actor, clock.now_at)
    await defer_advance(tx, advance_id)
    return await _changed(tx)


async def stop_clock(tx: Tx, actor: str) -> Clock:
    """Stop an advance where it is; a clock that stands stays where it stands.

    Raises NotASandbox, ClockNotFrozen.
    """
    await _lock_sandbox(tx)
    clock = await queries.find_clock(tx)
    if clock is None:
        raise ClockNotFrozen
    is_stopped = clock.is_moving and await queries.end_advance(tx, "cancelled")
    stopped = await _changed(tx)
    if is_stopped:
        await _tell(tx, CLOCK_STOPPED, {}, actor, stopped.now_at)
    return stopped


async def defer_advance(tx: Tx, advance_id: UUID) -> None:
    """Have an advance worked off, or on."""
    await defer(tx, Job(ADVANCE_CLOCK, tx.tenant_id, {"advanceId": advance_id.hex}), dedupe_key=advance_id.hex)
    tx.announce(JOBS_TOPIC)


async def end_advance(tx: Tx, clock: Clock) -> None:
    """Say that a clock has come to where it was to go."""
    assert clock.advance is not None
    await queries.end_advance(tx, "done")
    said = {"from": rfc3339(clock.advance.from_at), "posted": clock.advance.posted}
    await _tell(tx, CLOCK_ADVANCED, said, clock.advance.actor, clock.now_at)
    tx.announce(CLOCKS_TOPIC)


async def _lock_sandbox(tx: Tx) -> None:
    await lock_tenant(tx)
    if not (await get_tenant(tx)).is_sandbox:
        raise NotASandbox


async def _changed(tx: Tx) -> Clock:
    clock = await queries.find_clock(tx)
    assert clock is not None
    return clock


async def _tell(tx: Tx, kind: str, said: Mapping[str, object], actor: str, now_at: datetime) -> None:
    payload = msgspec.json.encode({"now": rfc3339(now_at), **said}).decode()
    await emit(tx, [Event(kind, tx.tenant_id, payload, actor)], now_at)
