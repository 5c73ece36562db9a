"""When points end though their time is not over: the file `server/points/expiry.yaml` of a tenant.

A wallet that nobody has touched for so many whole days or calendar months of the tenant's zone is inactive from the
beginning of the next day on.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from guerdon.passes.pass_type_parts import Part
from guerdon.passes.pass_type_text import Mistake
from guerdon.points.rule_file import DAYS_MAX, Days, read_rule_file

PATH: Final = "server/points/expiry.yaml"
MONTHS_MAX: Final = DAYS_MAX // 365 * 12
KEPT_MAX: Final = 1_000
DAY: Final = timedelta(days=1)


def _as_date(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as strange:
        raise ValueError("`notBefore` must be a day such as 2027-01-31.") from strange


class InactivityRule(Part):
    """For how long a wallet may be left alone; before the day `not_before` nothing ends by it."""

    months: Annotated[int, Field(ge=1, le=MONTHS_MAX)] | None = None
    days: Days | None = None
    not_before: Annotated[date, BeforeValidator(_as_date)]

    @model_validator(mode="after")
    def _say_one(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("Say how long in `months` or in `days`: one of them.")
        return self

    def inactive_on(self, active_at: datetime, zone: ZoneInfo) -> date:
        """Tell the day at whose beginning the points of a wallet end that was active last at an instant."""
        return max(self._over_on(active_at.astimezone(zone).date()), self.not_before)

    def idle_before(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Tell before when a wallet must have been active last to be inactive now; None while nobody is."""
        today = now.astimezone(zone).date()
        if today < self.not_before:
            return None
        # Months differ by three days at most, so that the last day that is over is not far.
        day = _shifted(today, -(self.months or 0)) - DAY * ((self.days or 0) + 4)
        while self._over_on(day) <= today:
            day += DAY
        return begin(day, zone)

    def _over_on(self, last: date) -> date:
        return _shifted(last, self.months or 0) + DAY * ((self.days or 0) + 1)


class ExpiryRule(Part):
    """What the file says."""

    inactivity: InactivityRule


def begin(day: date, zone: ZoneInfo) -> datetime:
    """Give the instant at which a day begins in a zone."""
    return datetime.combine(day, time(), zone)


def _shifted(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def read_expiry_rule(content: bytes) -> tuple[ExpiryRule | None, Sequence[Mistake]]:
    """Read a rule, YAML or JSON, or all mistakes in it, whatever the bytes are."""
    return read_rule_file(content, ExpiryRule, InactivityRule, called="A rule of expiry")


@lru_cache(maxsize=KEPT_MAX)
def inactivity_of(content: bytes) -> InactivityRule | None:
    """Give the rule of a file that was saved; one that has mistakes, which nobody could save, ends nothing."""
    rule, _ = read_expiry_rule(content)
    return None if rule is None else rule.inactivity
