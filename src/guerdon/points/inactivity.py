"""Ending the points of wallets that nobody has touched for as long as the tenant's rule says (decision 0013)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from guerdon.ledger.accounts import lock_accounts
from guerdon.ledger.errors import NothingToExpire
from guerdon.ledger.lot_rules import EXPIRY_ACTOR
from guerdon.ledger.model import Command, Expire, Posted
from guerdon.ledger.posting import post
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_movement_id
from guerdon.points import inactivity_queries as queries
from guerdon.points.expiry_rule import InactivityRule, begin, inactivity_of
from guerdon.points.inactivity_queries import Watched
from guerdon.points.model import wallet_key
from guerdon.points.recording import actors_of, on_posted

WALLETS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class InactivityInZone:
    """A tenant's rule with the zone whose days it counts."""

    rule: InactivityRule
    zone: ZoneInfo


async def find_inactivity(tx: Tx, instant: datetime) -> InactivityInZone | None:
    """Read the rule that a tenant had at an instant; None: points do not end because nothing happens."""
    file = await queries.find_rule_file(tx, instant)
    rule = None if file.content is None else inactivity_of(file.content)
    return None if rule is None else InactivityInZone(rule, ZoneInfo(file.time_zone))


async def end_inactive(tx: Tx, now: datetime) -> int:
    """Look at a thousand wallets at most that may be inactive, end the points of those that are, and tell how many.

    Those that turn out to be active are counted too: there may be more behind them. 0 when nobody need be looked at.
    """
    found = await find_inactivity(tx, now)
    before = None if found is None else found.rule.idle_before(now, found.zone)
    watched = [] if before is None else await queries.list_watched(tx, before, WALLETS_MAX)
    if before is None or not watched:
        return 0
    looked_at = await queries.list_active(tx, watched)
    idle = [one for one in looked_at if one.active_at < before]
    if idle:
        # Whoever came meanwhile is found by looking again, once nobody else can come.
        await lock_accounts(tx, [wallet_key(one.wallet_id) for one in idle])
        idle = [one for one in await queries.list_active(tx, [one.wallet_id for one in idle]) if one.active_at < before]
        await _end(tx, [one for one in idle if not one.is_over], now)
    # What comes into a wallet with nothing in it comes by an entry, which is activity.
    over = {one.wallet_id: now for one in idle}
    await queries.update_idle_since(tx, [(one.wallet_id, over.get(one.wallet_id, one.active_at)) for one in looked_at])
    return len(looked_at)


async def first_inactive_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when wallets are to be looked at next, after an instant at which `end_inactive` has nothing to do."""
    found = await find_inactivity(tx, instant)
    first = None if found is None else await queries.find_first_watched(tx)
    return None if found is None or first is None else begin(found.rule.inactive_on(first, found.zone), found.zone)


async def _end(tx: Tx, idle: Sequence[Watched], now: datetime) -> None:
    commands = [
        Command(wallet_key(one.wallet_id), Expire(ends_all=True), new_movement_id(), EXPIRY_ACTOR) for one in idle
    ]
    outcomes = await post(tx, commands, now) if commands else []
    posted = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    assert all(isinstance(one, Posted | NothingToExpire) for one in outcomes), "wallets never close"
    await on_posted(tx, posted, now)
    await touch_bound(tx, actors_of(posted), now)
