"""Finding the events about one subject among those about all: what is found, and how little is looked at."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.architecture.plans import looked_at, run_explained, used_indexes
from tests.conftest import Alone

from guerdon.platform.db import Database
from guerdon.platform.events import KEPT_MEMBERS, Event, Position, emit, read_about

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = Position(0, uuid.UUID(int=0))
EVENTS, SUBJECTS, OTHERS_EACH = 60_000, 20_000, 3  # every tenth event is no movement, of every tenth subject
EVENTS_MADE = """
INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
SELECT $1, gen_random_uuid(), CASE WHEN n % 10 = 0 THEN 'Pass:Updated' ELSE 'Privilege:Moved' END,
       'pass-' || n * 7919 % $3::int, jsonb_build_object('passId', 'pass-' || n, 'privilegeId', n, 'value', n),
       'key:k', now()
  FROM generate_series(1, $2::int) AS n
"""


@pytest.fixture(scope="module")
async def crowd(alone: Alone) -> Alone:
    """A tenant with so many events that an index is worth its while."""
    await alone.owner.execute(EVENTS_MADE, alone.tenant_id, EVENTS, SUBJECTS)
    await alone.owner.execute("VACUUM ANALYZE event")
    return alone


async def explained(crowd: Alone, function: str, *arguments: object) -> dict[str, Any]:
    """Run a statement of the events, take it back, and give its plan."""
    async with crowd.database.tenant(crowd.tenant_id, dry_run=True) as tx:
        return await run_explained(tx, f"platform.events.{function}", *arguments)


@pytest.mark.parametrize("subject", ["pass-77", "pass-70", "nobody"])
async def test_a_search_with_movements_looks_at_the_blocks_that_may_hold_one(crowd: Alone, subject: str) -> None:
    plan = await explained(crowd, "_read_all_about", subject, 0, FIRST.event_id, 100)

    assert "event_subject_block" in used_indexes(plan)
    # The newest blocks are not summarized yet.
    assert looked_at(plan) < EVENTS / 2


async def test_without_movements_the_events_of_the_subject_alone_are_looked_at(crowd: Alone) -> None:
    plan = await explained(crowd, "_read_others_about", "pass-70", 0, FIRST.event_id, 100)

    assert "event_subject" in used_indexes(plan)
    assert looked_at(plan) <= 2 * OTHERS_EACH


async def test_an_export_and_an_erasure_look_at_the_events_of_the_person_alone(crowd: Alone) -> None:
    export = await explained(crowd, "read_of_subject", "pass-70", FIRST.event_id, 1_000)
    erasure = await explained(crowd, "erase_details", ["pass-70", "pass-80"], KEPT_MEMBERS)

    for plan, persons in ((export, 1), (erasure, 2)):
        assert "event_subject" in used_indexes(plan)
        assert looked_at(plan) == persons * OTHERS_EACH


async def test_the_events_about_a_subject_come_in_order_behind_a_position(database: Database, tenant_id: str) -> None:
    kinds = ["Pass:Created", "Privilege:Moved", "Pass:Updated", "Privilege:Moved", "Pass:Deleted"]
    for kind in kinds:
        async with database.tenant(tenant_id) as tx:
            await emit(tx, [Event(kind, subject, "{}", "key:k") for subject in ("mine", "theirs")], NOON)

    async with database.tenant(tenant_id) as tx:
        everything = await read_about(tx, "mine", FIRST, 10, with_movements=True)
        others = await read_about(tx, "mine", FIRST, 10, with_movements=False)
        rest = await read_about(tx, "mine", everything[1].position, 2, with_movements=True)

    assert [event.kind for event in everything] == kinds
    assert [event.kind for event in others] == kinds[::2]
    assert [event.kind for event in rest] == kinds[2:4]
    assert {event.subject_id for event in everything} == {"mine"}
