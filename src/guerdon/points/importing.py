"""Taking in the balances of another system, lot by lot.

A lot's name there becomes the id of the batch, so that no lot is taken in twice, however often a file comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import Posted
from guerdon.ledger.posting import post
from guerdon.passes.updating import touch_bound
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Tx
from guerdon.platform.problems import Problem
from guerdon.platform.tables import Mistakes
from guerdon.points import import_queries, queries
from guerdon.points.adding import batch_command
from guerdon.points.import_queries import KnownLot, PostedSum
from guerdon.points.import_rows import BadLot, ImportedLot, LotRow, named_lot
from guerdon.points.recording import actors_of, on_posted
from guerdon.points.wallets import open_wallets

ROWS_IN_CHUNK: Final = 500
OVER: Final[Mistakes] = {"expires": ["It is over: leave it out."]}


@dataclass(frozen=True, slots=True)
class JudgedLots:
    """What can become of rows: to be posted, there already, or refused."""

    good: Sequence[LotRow]
    existing: Sequence[LotRow]
    bad: Sequence[BadLot]


@dataclass(frozen=True, slots=True)
class TakenLots:
    """What became of rows: posted now, there already, or refused; and how many wallets were opened for them."""

    posted: Sequence[LotRow]
    existing: Sequence[LotRow]
    bad: Sequence[BadLot]
    wallets_opened: int


async def judge_lots(tx: Tx, rows: Sequence[LotRow | BadLot], now: datetime) -> JudgedLots:
    """Tell what would become of at most 500 rows now, and what else is wrong with bad ones; nothing is written.

    A lot that is over already is refused: nothing is owed for it, and its points would end in the minute they came.
    """
    return await _compare(tx, rows, now, may_be_over=False)


async def take_in_lots(tx: Tx, rows: Sequence[LotRow], actor: str, now: datetime) -> TakenLots:
    """Post at most 500 rows in their order, and open the wallets that are not there; the others stay as they are.

    A lot that has ended since it was judged is posted, and its expiry follows as that of any other. Raises
    asyncpg.UniqueViolationError when another transaction takes in one of them, or opens a wallet, at the same time.
    """
    judged = await _compare(tx, rows, now, may_be_over=True)
    opened = await _open_missing(tx, [row.given for row in judged.good], actor, now)
    commands = [batch_command(row.given.wallet, row.given.wish(), row.given.batch_id, actor) for row in judged.good]
    outcomes = await post(tx, commands, now) if commands else []
    added = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    await on_posted(tx, added, now)
    await touch_bound(tx, actors_of(added), now)
    told = list(zip(judged.good, outcomes, strict=True))
    refused = [row.with_mistakes({"amount": [said.detail]}) for row, said in told if isinstance(said, Problem)]
    posted = [row for row, outcome in told if isinstance(outcome, Posted)]
    return TakenLots(posted, judged.existing, [*judged.bad, *refused], opened)


async def sum_posted(tx: Tx, rows: Sequence[LotRow]) -> PostedSum:
    """Tell what the ledger says of the lots of some rows."""
    return await import_queries.sum_lots(tx, [row.given.batch_id for row in rows])


async def _compare(tx: Tx, rows: Sequence[LotRow | BadLot], now: datetime, *, may_be_over: bool) -> JudgedLots:
    assert len(rows) <= ROWS_IN_CHUNK, len(rows)
    ids = {row.line: named.batch_id for row in rows if (named := named_lot(row)) is not None}
    known = {lot.batch_id: lot for lot in await import_queries.list_lots(tx, list(ids.values()))}
    good: list[LotRow] = []
    existing: list[LotRow] = []
    bad: list[BadLot] = []
    for row in rows:
        lot = known.get(ids[row.line]) if row.line in ids else None
        judged = _judge(row, lot, now, may_be_over=may_be_over)
        if isinstance(judged, BadLot):
            bad.append(replace(judged, is_expired=judged.mistakes == OVER))
        else:
            (good if lot is None else existing).append(judged)
    return JudgedLots(good, existing, bad)


def _judge(row: LotRow | BadLot, lot: KnownLot | None, now: datetime, *, may_be_over: bool) -> LotRow | BadLot:
    given, found = row.given, Mistakes()
    if given is None:
        return row
    if lot is not None:
        found = _differences(given, lot)
    else:
        if given.earned_at is not None and given.earned_at > now:
            found["earnedAt"] = ["This is in the future."]
        if given.expires is not None and given.expires <= now and not may_be_over:
            found |= OVER
    return row.with_mistakes(found) if found else row


async def _open_missing(tx: Tx, given: Sequence[ImportedLot], actor: str, now: datetime) -> int:
    # The first row of a wallet says its attributes.
    attributes = {one.wallet: one.attributes for one in reversed(given)}
    missing = attributes.keys() - await queries.list_existing(tx, list(attributes))
    if missing:
        await open_wallets(tx, {wallet_id: attributes[wallet_id] for wallet_id in sorted(missing)}, actor, now)
    return len(missing)


def _differences(given: ImportedLot, lot: KnownLot) -> Mistakes:
    wish = given.wish()
    pairs = {
        "wallet": (str(given.wallet), lot.wallet),
        "amount": (amount_text(wish.amount), amount_text(lot.amount)),
        "price": (_amount_text(wish.price), _amount_text(lot.price)),
        "expires": (_instant_text(wish.expires_at), _instant_text(lot.expires_at)),
    }
    return {
        column: [f"The batch {given.batch!r} is there with {there}, not with {said}."]
        for column, (said, there) in pairs.items()
        if said != there
    }


def _amount_text(amount: int | None) -> str:
    return "none" if amount is None else amount_text(amount)


def _instant_text(instant: datetime | None) -> str:
    return "none" if instant is None else rfc3339(instant)
