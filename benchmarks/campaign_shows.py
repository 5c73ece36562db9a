"""Campaigns at size, through the API and a worker process: what is seen meanwhile, and the proof of what they did."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.campaign_crew import Crew, Measured, Meter

SAMPLE_S = 0.1
CLOSE_S = 0.005  # between looks after a cancel
STILL_S = 3.0  # without any change, after which a cancelled campaign is believed to stand
OUTCOMES = 1_000
UNAVAILABLE = 503  # while the database recovers
RECOVERY_LOOKS_MAX = 600
Accident = Callable[[], Coroutine[None, None, None]]
EVERY: Mapping[str, Any] = {"all": True, "update": {"metadata": {"tier": "gold", "season": None}}}
OTHER: Mapping[str, Any] = {"all": True, "update": {"metadata": {"season": "winter"}}}
PROOF = """
SELECT count(*) FILTER (WHERE p.revision > 1) AS changed,
       count(*) FILTER (WHERE (p.revision - 1, p.revision) IS DISTINCT FROM (coalesce(e.events, 0), coalesce(e.last, 1))
                           OR e.first <> 2) AS untrue,
       coalesce(max(p.revision), 1) - 1 AS times_at_most,
       coalesce(sum(e.events), 0)::bigint AS events,
       (SELECT count(*)
          FROM (SELECT f.pass_id, m.key AS name, m.value FROM pass f, jsonb_each_text(f.metadata) AS m) AS s
          FULL JOIN pass_metadata m ON m.pass_id = s.pass_id AND m.name = s.name
         WHERE s.value IS DISTINCT FROM m.value) AS not_found_so,
       (SELECT count(*)
          FROM campaign c
          LEFT JOIN LATERAL (SELECT coalesce(sum(cardinality(k.pass_ids)), 0) AS passes FROM campaign_chunk k
                              WHERE k.campaign_id = c.campaign_id AND k.done_at IS NOT NULL) AS done ON true
         WHERE c.updated <> done.passes OR c.errors <> 0) AS miscounted
  FROM pass p
  LEFT JOIN (SELECT subject_id, count(*) AS events, min((payload ->> 'revision')::bigint) AS first,
                    max((payload ->> 'revision')::bigint) AS last
               FROM event WHERE kind = 'Pass:Updated' GROUP BY subject_id) AS e
         ON e.subject_id = p.pass_id
 WHERE p.tenant_id = 'bench'
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign's statistics, as the API answered them once."""

    total: int
    updated: int
    errors: int
    is_cancelled: bool

    @property
    def done(self) -> int:
        """Passes that have their outcome."""
        return self.updated + self.errors


@dataclass(frozen=True, slots=True)
class Proof:
    """What the database says of all passes in the end.

    `untrue` ones have other events than one for each new revision; `not_found_so` are search rows that a pass lacks, or
    that say what it does not; `miscounted` campaigns have other counters than outcomes.
    """

    changed: int
    untrue: int
    times_at_most: int
    events: int
    not_found_so: int
    miscounted: int


@dataclass(frozen=True, slots=True)
class Worked:
    """A campaign that came to its end; `stood_still_s` is the longest time without a change of its counters."""

    passes: int
    choosing_s: float
    samples: int
    stood_still_s: float
    measured: Measured

    @property
    def working_s(self) -> float:
        """Give the seconds from its start to its last pass."""
        return self.measured.seconds

    @property
    def per_s(self) -> float:
        """Give the passes of a second."""
        return self.passes / self.working_s


@dataclass(frozen=True, slots=True)
class Stopped:
    """A campaign that was cancelled: seconds from the answer to the last change that was seen, and how far it came."""

    passes: int
    updated: int
    answered_in_s: float
    last_change_s: float


@dataclass(slots=True)
class Watch:
    """Looks at a campaign every 100 ms until all passes are done; its statistics must add up and never go back."""

    crew: Crew
    correlation_id: str
    count: int
    samples: int = 0
    stood_still_s: float = 0.0

    async def until_done(self) -> AsyncIterator[Seen]:
        """Give what is seen each time."""
        done, changed_at = 0, time.perf_counter()
        due_at = changed_at
        while done < self.count:
            seen = await look(self.crew, self.correlation_id)
            assert done <= seen.done <= seen.total == self.count, seen
            self.samples += 1
            if seen.done > done:
                now = time.perf_counter()
                self.stood_still_s = max(self.stood_still_s, now - changed_at)
                done, changed_at = seen.done, now
            yield seen
            due_at = max(due_at + SAMPLE_S, time.perf_counter())
            await asyncio.sleep(due_at - time.perf_counter())

    async def to_the_end(self) -> None:
        """Look until all passes are done."""
        async for _ in self.until_done():
            pass


async def show_whole(crew: Crew, accidents: Sequence[Accident] = ()) -> Worked:
    """Change every pass once, while accidents happen at even distances, and prove that it was so."""
    correlation_id, count, choosing_s = await start(crew, EVERY)
    marks = [(count * number // (len(accidents) + 1), happen) for number, happen in enumerate(accidents, start=1)]
    meter, watch = Meter(crew), Watch(crew, correlation_id, count)
    async with asyncio.TaskGroup() as happening:
        async for seen in watch.until_done():
            if marks and seen.done >= marks[0][0]:
                happening.create_task(marks.pop(0)[1]())
    measured = meter.read()
    assert not marks, "the campaign was over before everything had happened"
    assert await prove(crew) == Proof(count, 0, 1, count, 0, 0)
    assert await count_outcomes(crew, correlation_id) == {"updated": count}
    return Worked(count, choosing_s, watch.samples, watch.stood_still_s, measured)


async def show_cancel(crew: Crew, share: float = 0.4) -> Stopped:
    """Cancel a campaign when a share of it is done, and prove when it stood still and what it had done by then."""
    correlation_id, count, _ = await start(crew, EVERY)
    async for seen in Watch(crew, correlation_id, count).until_done():
        if seen.done >= share * count:
            break
    began_at = time.perf_counter()
    answer = await crew.client.post(f"/push-updates/{correlation_id}/cancel")
    answered_at = changed_at = time.perf_counter()
    assert answer.status_code == 202, answer.text
    last = await look(crew, correlation_id)
    while time.perf_counter() < changed_at + STILL_S:
        seen = await look(crew, correlation_id)
        if seen.done != last.done:
            last, changed_at = seen, time.perf_counter()
        await asyncio.sleep(CLOSE_S)
    assert last.is_cancelled
    assert last.done < count, "the campaign was over before it was cancelled"
    assert await prove(crew) == Proof(last.updated, 0, 1, last.updated, 0, 0)
    states = await count_outcomes(crew, correlation_id)
    assert states == {"updated": last.updated, "cancelled": count - last.updated}, states
    return Stopped(count, last.updated, answered_at - began_at, changed_at - answered_at)


async def show_two(crew: Crew) -> Worked:
    """Run two campaigns on the same passes at once, and prove that each pass got both and nobody met a deadlock."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await crew.owner.fetchval(deadlocks)
    (first, count, choosing_s), (second, others, _) = [await start(crew, body) for body in (EVERY, OTHER)]
    meter, watches = Meter(crew), [Watch(crew, first, count), Watch(crew, second, others)]
    await asyncio.gather(*(watch.to_the_end() for watch in watches))
    measured = meter.read()
    assert count == others
    assert await prove(crew) == Proof(count, 0, 2, 2 * count, 0, 0)
    assert await crew.owner.fetchval(deadlocks) == before
    for correlation_id in (first, second):
        assert await count_outcomes(crew, correlation_id) == {"updated": count}
    both = """SELECT count(*) FROM pass WHERE revision = 3 AND metadata @> '{"tier": "gold"}'
                 AND (metadata ->> 'season' IS NULL OR metadata ->> 'season' = 'winter')"""
    assert await crew.owner.fetchval(both) == count
    samples, stood_still_s = sum(watch.samples for watch in watches), max(watch.stood_still_s for watch in watches)
    return Worked(2 * count, choosing_s, samples, stood_still_s, measured)


async def start(crew: Crew, body: Mapping[str, Any]) -> tuple[str, int, float]:
    """Start a campaign; give its correlation id, its count, and the seconds until the answer."""
    began_at = time.perf_counter()
    answer = await crew.client.post("/bulk-update", json=dict(body))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return said["correlationId"], said["count"], time.perf_counter() - began_at


async def look(crew: Crew, correlation_id: str) -> Seen:
    """Read the statistics of a campaign."""
    answer = await crew.client.get("/push-updates")
    for _ in range(RECOVERY_LOOKS_MAX):
        if answer.status_code != UNAVAILABLE:
            break
        await asyncio.sleep(SAMPLE_S)
        answer = await crew.client.get("/push-updates")
    assert answer.status_code == 200, answer.text
    (one,) = [one for one in answer.json() if one["correlationId"] == correlation_id]
    return Seen(one["total"], one["updated"], one["errors"], one["cancelled"])


async def prove(crew: Crew) -> Proof:
    """Ask the database what became of every pass."""
    record = await crew.owner.fetchrow(PROOF, timeout=600)
    assert record is not None
    return Proof(*record.values())


async def count_outcomes(crew: Crew, correlation_id: str) -> Mapping[str, int]:
    """Read what became of each pass, as a caller does, and count; none may be named twice."""
    states, named = Counter[str](), set[str]()
    address: str | None = f"/push-updates/{correlation_id}/passes?limit={OUTCOMES}"
    while address is not None:
        page = await crew.client.get(address)
        states.update(one["state"] for one in page.json())
        named.update(one["passId"] for one in page.json())
        address = page.links["next"]["url"].partition("/passes")[2] if page.links else None
    assert len(named) == states.total()
    return states
