"""An import: passes or balances of another provider that are taken in, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

KEPT_FOR = timedelta(days=90)
EVENT_STARTED, EVENT_CANCELLED, EVENT_FINISHED = "Import:Started", "Import:Cancelled", "Import:Finished"

State = Literal["running", "finished", "cancelled"]
Kind = Literal["passes", "balances"]
Members = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Import:
    """An import with its counters, which are true at every instant; they add up to `total` when it is finished."""

    import_id: UUID
    kind: Kind
    actor: str
    total: int
    imported: int
    existing: int
    rejected: int
    started_at: datetime
    last_activity_at: datetime
    cancelled_at: datetime | None

    @property
    def state(self) -> State:
        """Tell whether it goes on."""
        if self.cancelled_at is not None:
            return "cancelled"
        return "finished" if self.imported + self.existing + self.rejected == self.total else "running"


@dataclass(slots=True)
class Totals:
    """What is known of a file's rows: good ones (taken in, or to be), those there already, and bad ones."""

    good: int = 0
    existing: int = 0
    bad: int = 0

    def rows(self) -> int:
        """Count the rows that were read."""
        return self.good + self.existing + self.bad


@dataclass(frozen=True, slots=True)
class Chunk:
    """Good rows that are taken in by one transaction; sealed, for they hold the secrets of passes."""

    first_row: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is left out: its line, what it calls its pass or lot, and its mistakes by column."""

    line: int
    serial: str | None
    mistakes: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a file: its totals, and the bad rows that an answer names."""

    totals: Totals
    named: Sequence[LeftOut]

    def mistaken(self) -> Mapping[int, Mapping[str, Sequence[str]]]:
        """Give the mistakes of the named rows by line."""
        return {row.line: row.mistakes for row in self.named}


@dataclass(frozen=True, slots=True)
class KeptMistakes:
    """A bad row as it is kept: its mistakes by column are JSON text."""

    line: int
    serial: str | None
    mistakes_text: str


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the rows of a chunk."""

    imported: int
    existing: int
    bad: Sequence[LeftOut]
