"""The events of a tenant in pages: in order, again and again the same, and none is skipped that commits late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guerdon.platform.db import Tx
from guerdon.platform.events import MOVED_KIND, Position, StoredEvent, read_about, read_after
from guerdon.webhooks.model import TEST_KIND, matches

PAGE_MAX: Final = 1_000
READ_AT_ONCE: Final = 1_000
READ_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; no patterns and no subject: all of them."""

    patterns: tuple[str, ...] = ()
    subject_id: str | None = None

    @property
    def reads_through(self) -> bool:
        """Tell whether events must be read that are not asked for; of one subject, only its own are."""
        return self.patterns != ()

    async def look(self, tx: Tx, after: Position, limit: int) -> list[StoredEvent]:
        """Read the next events among which those asked for are."""
        if self.subject_id is None:
            return await read_after(tx, after, limit)
        with_movements = not self.patterns or matches(self.patterns, MOVED_KIND)
        return await read_about(tx, self.subject_id, after, limit, with_movements=with_movements)

    def includes(self, event: StoredEvent) -> bool:
        """Tell whether an event is asked for; tests of webhooks only when they are named."""
        if self.subject_id is not None and event.subject_id != self.subject_id:
            return False
        if not self.patterns:
            return event.kind != TEST_KIND
        return matches(self.patterns, event.kind)


@dataclass(frozen=True, slots=True)
class Page:
    """Some events and where to go on; `is_last` says that there was nothing behind them."""

    events: Sequence[StoredEvent]
    reached: Position
    is_last: bool


async def read_page(tx: Tx, after: Position, wanted: Wanted, limit: int) -> Page:
    """Give the next wanted events after a position, at most `limit`.

    At most 5000 events are looked at, so a page may be short, or empty, and yet not the last.
    """
    chosen: list[StoredEvent] = []
    looked_at = 0
    while looked_at < READ_MAX:
        asked = READ_AT_ONCE if wanted.reads_through else limit - len(chosen)
        events = await wanted.look(tx, after, asked)
        for event in events:
            after = event.position
            looked_at += 1
            if wanted.includes(event):
                chosen.append(event)
                if len(chosen) == limit:
                    return Page(chosen, after, is_last=False)
        if len(events) < asked:
            return Page(chosen, after, is_last=True)
    return Page(chosen, after, is_last=False)
