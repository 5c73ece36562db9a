"""Erasing a person: passes with all that hangs on them, and what the events say of them. Value stays in the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from guerdon.passes.erasing import erase_at_once, lock_for_erasing
from guerdon.passes.identifiers import Identifiers
from guerdon.persons.errors import PersonChanging
from guerdon.persons.finding import list_passes_of_person
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.privileges.persons import remove_of_passes

EVENT_ERASED = "Person:Erased"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased of a person; `counts` by what it was."""

    receipt_id: UUID
    erased_at: datetime
    pass_ids: Sequence[str]
    counts: Mapping[str, int]


async def erase_person(tx: Tx, receipt_id: UUID, identifiers: Identifiers, actor: str, now: datetime) -> Receipt:
    """Erase every pass that all identifiers match, in one transaction.

    Entries of the ledger stay as they are, their remarks too: the hash chain covers them. Raises PassNotFound,
    PersonTooLarge, PersonChanging.
    """
    pass_ids = await list_passes_of_person(tx, identifiers)
    privileges = await remove_of_passes(tx, pass_ids, actor, now)
    await lock_for_erasing(tx, pass_ids)
    try:
        erased, events = await erase_at_once(tx, pass_ids, actor, now)
    except asyncpg.ForeignKeyViolationError as given:
        raise PersonChanging from given
    counts = {
        "passes": len(erased),
        "privileges": privileges,
        "identifiers": sum(one.identifiers for one in erased),
        "scans": sum(one.scans for one in erased),
        "notifications": sum(one.notifications for one in erased),
        "installations": sum(one.installations for one in erased),
        "events": events,
    }
    payload = msgspec.json.encode({"receiptId": str(receipt_id), **counts}).decode()
    await emit(tx, [Event(EVENT_ERASED, str(receipt_id), payload, actor)], now)
    return Receipt(receipt_id, now, [one.pass_id for one in erased], counts)
