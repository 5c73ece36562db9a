"""Erasing a person: passes with all that hangs on them, and what wallets and events say. Value stays in the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from guerdon.coupons import persons as coupons
from guerdon.ledger.accounts import lock_accounts
from guerdon.passes.erasing import erase_at_once, lock_for_erasing
from guerdon.passes.identifiers import Identifiers
from guerdon.persons.errors import PersonChanging
from guerdon.persons.finding import Person, find_person
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit, erase_details
from guerdon.points.model import wallet_key
from guerdon.points.persons import erase_texts
from guerdon.privileges.persons import list_accounts, remove_of_passes
from guerdon.vouchers import persons as vouchers

EVENT_ERASED = "Person:Erased"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased of a person; `counts` by what it was."""

    receipt_id: UUID
    erased_at: datetime
    pass_ids: Sequence[str]
    wallet_ids: Sequence[UUID]
    counts: Mapping[str, int]


async def erase_person(tx: Tx, receipt_id: UUID, identifiers: Identifiers, actor: str, now: datetime) -> Receipt:
    """Erase every pass that all identifiers match, and what is said of their wallets, in one transaction.

    Entries of the ledger stay as they are, their remarks too: the hash chain covers them. Raises PassNotFound,
    PersonTooLarge, PersonChanging.
    """
    person = await find_person(tx, identifiers)
    # Vouchers are held before accounts, accounts in id order before coupons, and passes after them, as everywhere.
    of_vouchers = await vouchers.erase_texts(tx, person.wallet_ids, actor, now) if person.wallet_ids else 0
    accounts = [*await list_accounts(tx, person.pass_ids), *map(wallet_key, person.wallet_ids)]
    await lock_accounts(tx, accounts)
    of_wallets = await _erase_wallets(tx, person.wallet_ids, actor, now)
    of_passes = await _erase_passes(tx, person, identifiers, actor, now)
    events = of_wallets["events"] + of_passes["events"]
    counts = {**of_passes, **of_wallets, "vouchers": of_vouchers, "events": events}
    payload = msgspec.json.encode({"receiptId": str(receipt_id), **counts}).decode()
    await emit(tx, [Event(EVENT_ERASED, str(receipt_id), payload, actor)], now)
    return Receipt(receipt_id, now, person.pass_ids, person.wallet_ids, counts)


async def _erase_wallets(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> Mapping[str, int]:
    if not wallet_ids:
        return dict.fromkeys(("wallets", "batches", "operations", "holds", "coupons", "events"), 0)
    return {
        "events": await erase_details(tx, [str(wallet_id) for wallet_id in wallet_ids]),
        "coupons": await coupons.erase_texts(tx, wallet_ids, actor, now),
        **await erase_texts(tx, wallet_ids, actor, now),
    }


async def _erase_passes(
    tx: Tx, person: Person, identifiers: Identifiers, actor: str, now: datetime
) -> Mapping[str, int]:
    privileges = await remove_of_passes(tx, person.pass_ids, actor, now)
    await lock_for_erasing(tx, person.pass_ids)
    # Under their locks passes name what they named before, or all is done again.
    if await find_person(tx, identifiers) != person:
        raise PersonChanging
    try:
        erased, events = await erase_at_once(tx, person.pass_ids, actor, now)
    except asyncpg.ForeignKeyViolationError as given:
        raise PersonChanging from given
    return {
        "passes": len(erased),
        "privileges": privileges,
        "identifiers": sum(one.identifiers for one in erased),
        "scans": sum(one.scans for one in erased),
        "notifications": sum(one.notifications for one in erased),
        "installations": sum(one.installations for one in erased),
        "events": events,
    }
