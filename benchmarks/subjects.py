"""How quickly the events about one pass are found among millions: a search, an export, an erasure.

`python -m benchmarks.subjects [--events N]`. Nine of ten events are movements; each pass has some fifty.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg

from benchmarks.seeding import TENANT, Sizes
from benchmarks.stage import open_quiet_stage, script_arguments
from guerdon.platform.db import Database, Tx, open_database
from guerdon.platform.events import Position, erase_details, read_of_subject
from guerdon.webhooks.feed import Wanted, read_page

EVENTS_OF_A_PASS = 50
AT_ONCE = 500_000
ASKED = 200
FIRST = Position(0, UUID(int=0))
FILL = """
INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at, transaction_id)
SELECT 'bench', gen_random_uuid(), CASE WHEN n / 7 % 10 = 0 THEN 'Pass:Updated' ELSE 'Privilege:Moved' END,
       'pass-' || n::bigint * 2654435761 % $3::int,
       jsonb_build_object('passId', 'pass-' || n, 'privilegeId', 'p' || n, 'movementId', n, 'movementValue', 1,
                          'value', 3), 'key:0123456789abcdef', now(), (n / 64)::text::xid8
  FROM generate_series($1::int, $2::int) AS n
"""

Question = Callable[[Tx, str], Awaitable[object]]


def main() -> None:
    parser = script_arguments("subjects")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the tenant")
    asked = parser.parse_args()
    with open_quiet_stage(asked) as stage:
        asyncio.run(_measure(stage.place("subjects", Sizes(0)).url, asked.events))


async def _measure(url: str, events: int) -> None:
    passes = events // EVENTS_OF_A_PASS
    await _fill(url, events, passes)
    database = await open_database(url, 2)
    for name, question in QUESTIONS.items():
        times = sorted([await _timed(database, question, passes) for _ in range(ASKED)])
        middle, late = statistics.median(times), times[int(0.99 * len(times))]
        print(f"{events:,} events: {name}: p50 {1e3 * middle:.1f} ms, p99 {1e3 * late:.1f} ms", flush=True)
    await database.close()


async def _fill(url: str, events: int, passes: int) -> None:
    owner = await asyncpg.connect(url)
    for first in range(1, events + 1, AT_ONCE):
        await owner.execute(FILL, first, min(first + AT_ONCE - 1, events), passes, timeout=600)
    await owner.execute("VACUUM ANALYZE event", timeout=600)
    await owner.execute("CHECKPOINT", timeout=600)
    await owner.close()


async def _timed(database: Database, question: Question, passes: int) -> float:
    subject = f"pass-{random.randrange(passes)}"  # noqa: S311  # hides nothing
    began_at = time.perf_counter()
    async with database.tenant(TENANT, dry_run=True) as tx:
        await question(tx, subject)
    return time.perf_counter() - began_at


async def _search(tx: Tx, subject: str) -> object:
    return await read_page(tx, FIRST, Wanted((), subject), 100)


async def _search_updates(tx: Tx, subject: str) -> object:
    return await read_page(tx, FIRST, Wanted(("Pass:*",), subject), 100)


async def _export(tx: Tx, subject: str) -> Sequence[object]:
    return await read_of_subject(tx, subject, UUID(int=0), 1_000)


async def _erase(tx: Tx, subject: str) -> int:
    return await erase_details(tx, [subject])


QUESTIONS: dict[str, Question] = {
    "search, movements included": _search,
    "search for Pass:*": _search_updates,
    "export": _export,
    "erasure": _erase,
}


if __name__ == "__main__":
    main()
