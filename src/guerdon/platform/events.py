"""Events: what happened, as rows of the very transaction that made it happen, and how to read them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from guerdon.platform.db import Tx
from guerdon.platform.ids import new_ids

READ_MAX = 10_000
KEPT_MEMBERS = ["passId", "passType", "revision", "privilegeId", "notificationId", "scanId"]  # when a person is erased
MOVED_KIND = "Privilege:Moved"  # the many: they are in the ledger too, and their writers pay for no index by subject
EVENTS_TOPIC = "events"  # announced as `events:<tenant>` after every commit that leaves events of a tenant


class Event(Struct, frozen=True):
    """Something that happened to one subject; `payload` is JSON text, `actor` who caused it."""

    kind: str
    subject_id: str
    payload: str
    actor: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader has read: the last event it has seen."""

    transaction_id: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it stands in the table; `occurred_at` is what the emitter took for now."""

    transaction_id: int
    event_id: UUID
    kind: str
    subject_id: str
    payload: str
    actor: str
    occurred_at: datetime

    @property
    def position(self) -> Position:
        """Where a reader stands that has seen this event and all before it."""
        return Position(self.transaction_id, self.event_id)


async def emit(tx: Tx, events: Sequence[Event], now: datetime) -> None:
    """Write events that commit, or vanish, with everything else in `tx`.

    One statement whatever their number; their ids rise in the order given. Whoever listens to EVENTS_TOPIC is woken
    after the commit.
    """
    if not events:
        return
    tx.announce(f"{EVENTS_TOPIC}:{tx.tenant_id}")
    await tx.write(
        """
        INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
        SELECT $1, e.event_id, e.kind, e.subject_id, e.payload::jsonb, e.actor, $2
          FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
               AS e (event_id, kind, subject_id, payload, actor)
        """,
        tx.tenant_id,
        now,
        new_ids(len(events)),
        [event.kind for event in events],
        [event.subject_id for event in events],
        [event.payload for event in events],
        [event.actor for event in events],
    )


async def emit_alike(tx: Tx, kind: str, told: Sequence[tuple[str, str]], actor: str, now: datetime) -> None:
    """Write events of one kind and one cause, given as pairs of subject id and payload; otherwise as `emit`."""
    if not told:
        return
    tx.announce(f"{EVENTS_TOPIC}:{tx.tenant_id}")
    await tx.write(
        """
        INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
        SELECT $1, e.event_id, $3, e.subject_id, e.payload::jsonb, $4, $2
          FROM unnest($5::uuid[], $6::text[], $7::text[]) AS e (event_id, subject_id, payload)
        """,
        tx.tenant_id,
        now,
        kind,
        actor,
        new_ids(len(told)),
        [subject_id for subject_id, _ in told],
        [payload for _, payload in told],
    )


async def read_after(tx: Tx, position: Position | None, limit: int) -> list[StoredEvent]:
    """Read the tenant's next events after `position` (None: from the first), at most `limit`, in order.

    The order is that of the writing transactions' ids, then of the event ids. Events of a transaction that
    began after one still under way wait for it, so that a reader which keeps the last position it saw never
    skips one that commits late. A transaction left open anywhere on the server holds readers back: its
    changes might have been events.
    """
    assert 1 <= limit <= READ_MAX, limit
    reached = position or Position(0, UUID(int=0))
    return await tx.all(
        StoredEvent,
        """
        SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
          FROM event
         WHERE tenant_id = $1
           AND (transaction_id, event_id) > ($2::xid8, $3::uuid)
           AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY transaction_id, event_id
         LIMIT $4
        """,
        tx.tenant_id,
        reached.transaction_id,
        reached.event_id,
        limit,
    )


async def read_about(
    tx: Tx, subject_id: str, position: Position, limit: int, *, with_movements: bool
) -> list[StoredEvent]:
    """Read the next events about one subject after `position`, at most `limit`, in the order of `read_after`.

    All events of the subject behind the position are looked at, however few are wanted. Without movements an index
    leads to each of them; with movements, to the blocks of the table that may hold one.
    """
    assert 1 <= limit <= READ_MAX, limit
    read = _read_all_about if with_movements else _read_others_about
    return await read(tx, subject_id, position, limit)


async def _read_all_about(tx: Tx, subject_id: str, position: Position, limit: int) -> list[StoredEvent]:
    # Materialized, lest a small limit tempts the planner to read all subjects in order until it has met enough.
    return await tx.all(
        StoredEvent,
        """
        WITH about AS MATERIALIZED (
            SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
              FROM event
             WHERE tenant_id = $1 AND subject_id = $2
               AND (transaction_id, event_id) > ($3::xid8, $4::uuid)
               AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        )
        SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
          FROM about ORDER BY transaction_id, event_id LIMIT $5
        """,
        tx.tenant_id,
        subject_id,
        position.transaction_id,
        position.event_id,
        limit,
    )


async def _read_others_about(tx: Tx, subject_id: str, position: Position, limit: int) -> list[StoredEvent]:
    return await tx.all(
        StoredEvent,
        """
        WITH about AS MATERIALIZED (
            SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
              FROM event
             WHERE tenant_id = $1 AND subject_id = $2 AND kind <> 'Privilege:Moved'
               AND (transaction_id, event_id) > ($3::xid8, $4::uuid)
               AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        )
        SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
          FROM about ORDER BY transaction_id, event_id LIMIT $5
        """,
        tx.tenant_id,
        subject_id,
        position.transaction_id,
        position.event_id,
        limit,
    )


async def read_of_subject(tx: Tx, subject_id: str, after: UUID, limit: int) -> list[StoredEvent]:
    """Read the events of one subject after one of them, oldest first, movements left out: those are in the ledger."""
    return await tx.all(
        StoredEvent,
        """
        SELECT transaction_id, event_id, kind, subject_id, payload, actor, occurred_at
          FROM event
         WHERE tenant_id = $1 AND subject_id = $2 AND kind <> 'Privilege:Moved' AND event_id > $3
         ORDER BY event_id LIMIT $4
        """,
        tx.tenant_id,
        subject_id,
        after,
        limit,
    )


async def erase_details(tx: Tx, subject_ids: Sequence[str]) -> int:
    """Erase what the events of subjects say but for names and numbers that mean nobody, and tell how many they are.

    Movements say nothing else anyway and stay as they are.
    """
    return await tx.execute(
        """
        UPDATE event
           SET payload = coalesce((SELECT jsonb_object_agg(m.key, m.value) FROM jsonb_each(payload) AS m
                                    WHERE m.key = ANY($3::text[])), '{}') || '{"erased": true}'
         WHERE tenant_id = $1 AND subject_id = ANY($2::text[]) AND kind <> 'Privilege:Moved'
        """,
        tx.tenant_id,
        subject_ids,
        KEPT_MEMBERS,
    )


async def read_at(tx: Tx, positions: Sequence[Position]) -> list[StoredEvent]:
    """Read the events of the tenant that stand at these positions, in order; one that is not there is left out."""
    return await tx.all(
        StoredEvent,
        """
        SELECT e.transaction_id, e.event_id, e.kind, e.subject_id, e.payload, e.actor, e.occurred_at
          FROM unnest($2::xid8[], $3::uuid[]) AS at (transaction_id, event_id)
          JOIN event AS e
            ON e.tenant_id = $1 AND e.transaction_id = at.transaction_id AND e.event_id = at.event_id
         ORDER BY e.transaction_id, e.event_id
        """,
        tx.tenant_id,
        [position.transaction_id for position in positions],
        [position.event_id for position in positions],
    )


async def newest_position(tx: Tx) -> Position:
    """Tell where a reader begins who wants every event that commits from now on.

    It may see some that have committed just before: those that began no earlier than the oldest one under way.
    """
    transaction_id: int = await tx.value("SELECT pg_snapshot_xmin(pg_current_snapshot())")
    return Position(transaction_id, UUID(int=0))
