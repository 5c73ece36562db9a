"""Erasing passes at once and for good, with what they hold of a person."""

from collections.abc import Sequence
from datetime import datetime

from guerdon.passes import person_queries
from guerdon.passes.model import write_json
from guerdon.passes.person_queries import ErasedPass
from guerdon.passes.usage import Provider, Use, count_usage
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit, erase_details

EVENT_ERASED = "Pass:Erased"


async def lock_for_erasing(tx: Tx, pass_ids: Sequence[str]) -> None:
    """Hold passes against every other writer; whoever also locks accounts of the ledger locks those first."""
    await person_queries.lock_passes(tx, pass_ids)


async def erase_at_once(tx: Tx, pass_ids: Sequence[str], actor: str, now: datetime) -> tuple[Sequence[ErasedPass], int]:
    """Erase passes whose privileges are gone, and what their events say; tell what was erased, and how many events.

    Identifiers, metadata, notifications, scans, installations and names at wallets go with them; the counters of usage,
    which name nobody, stay. Raises asyncpg.ForeignKeyViolationError when a pass has a privilege.
    """
    erased = await person_queries.list_erased(tx, pass_ids)
    await person_queries.delete_passes(tx, pass_ids)
    events = await erase_details(tx, pass_ids)
    told = [write_json({"passId": one.pass_id, "passType": one.pass_type}) for one in erased]
    await emit(tx, [Event(EVENT_ERASED, one.pass_id, text, actor) for one, text in zip(erased, told, strict=True)], now)
    await count_usage(tx, [use for one in erased for use in _uses(one)], now)
    return erased, events


def _uses(one: ErasedPass) -> list[Use]:
    copies: tuple[tuple[Provider, int], ...] = (("apple", one.apple_devices), ("google", one.google_devices))
    ended = [Use("uninstalled", one.pass_id, one.pass_type, provider, times) for provider, times in copies if times]
    # A pass that was voided has been counted as deleted already.
    return ended if one.is_voided else [*ended, Use("deleted", one.pass_id, one.pass_type)]
