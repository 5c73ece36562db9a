"""A tenant's clock on the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from guerdon.configuration.schemas import Shown
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import Body, Instant
from guerdon.tenants.clock_model import Advance, Clock


class ClockFreeze(Body):
    """Where a clock is to stand: where it is when it freezes, or later."""

    at: Instant | None = None


class ClockAdvance(Body):
    """Where a clock is to go."""

    to: Instant


class AdvanceOut(Shown):
    """The last advance: from where to where, how many entries and removals it has posted, and whether it has ended."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    posted: int
    state: Literal["running", "done", "cancelled"]

    @classmethod
    def of(cls, advance: Advance) -> Self:
        """Shape an advance."""
        return cls(
            from_=rfc3339(advance.from_at), to=rfc3339(advance.to_at), posted=advance.posted, state=advance.state
        )


class ClockOut(Shown):
    """The time of a tenant."""

    now: str
    frozen: bool
    sandbox: bool
    advance: AdvanceOut | None = None

    @classmethod
    def of(cls, clock: Clock | None, real_now: datetime, *, is_sandbox: bool) -> Self:
        """Shape a clock; without one, the time is the world's."""
        if clock is None:
            return cls(now=rfc3339(real_now), frozen=False, sandbox=is_sandbox)
        advance = None if clock.advance is None else AdvanceOut.of(clock.advance)
        return cls(now=rfc3339(clock.now_at), frozen=True, sandbox=is_sandbox, advance=advance)
