"""The clock of a tenant that is made to be tested: it stands until it is advanced, and never goes back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from guerdon.tenants.errors import ClockTooFar

AdvanceState = Literal["running", "done", "cancelled"]

LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
RHYTHM: Final = timedelta(minutes=1)  # in which jobs post what is due to live tenants
_MIDNIGHT: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Advance:
    """The last advance of a clock: from where to where, how much it has posted on the way, and who asked for it."""

    advance_id: UUID
    from_at: datetime
    to_at: datetime
    posted: int
    state: AdvanceState
    actor: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock and where it stands now."""

    now_at: datetime
    advance: Advance | None

    @property
    def is_moving(self) -> bool:
        """Whether it is being advanced."""
        return self.advance is not None and self.advance.state == "running"


def whole_milliseconds(instant: datetime) -> datetime:
    """Give the instant in the precision that is shown, never an earlier one."""
    return instant + -instant.microsecond % 1000 * timedelta(microseconds=1)


def check_reachable(member: str, instant: datetime) -> None:
    """Accept instants before the year 2200, so that what lasts for years from there still has a date.

    Raises ClockTooFar.
    """
    if instant >= LATEST:
        raise ClockTooFar(member, LATEST)


def next_stop(due_at: datetime | None, to_at: datetime) -> datetime:
    """Tell where a clock on its way to `to_at` stops next when something falls due at `due_at`.

    That is the whole minute by which a live tenant's jobs would have posted it: the instant itself when it is one.
    """
    if due_at is None:
        return to_at
    return min(due_at + (_MIDNIGHT - due_at) % RHYTHM, to_at)
