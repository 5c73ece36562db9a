from datetime import UTC, datetime

import pytest

from guerdon.tenants.clock_model import LATEST, check_reachable, next_stop, whole_milliseconds
from guerdon.tenants.errors import ClockTooFar

END = datetime(2027, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "stop"),
    [
        # A whole minute is where the clock stops, whatever lasted until it.
        (datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)),
        # Everything else is posted by the minute that follows.
        (datetime(2027, 2, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(2027, 2, 1, 0, 1, tzinfo=UTC)),
        (datetime(2027, 2, 1, 0, 0, 59, 999_999, tzinfo=UTC), datetime(2027, 2, 1, 0, 1, tzinfo=UTC)),
        # Never beyond the end.
        (datetime(2027, 3, 1, 12, 0, 10, tzinfo=UTC), END),
        (datetime(2027, 3, 1, 12, 0, 31, tzinfo=UTC), END),
        (None, END),
    ],
)
def test_a_clock_stops_at_the_minute_by_which_something_is_posted(due: datetime | None, stop: datetime) -> None:
    assert next_stop(due, END) == stop


def test_what_is_shown_in_milliseconds_is_never_earlier_than_what_is_meant() -> None:
    assert whole_milliseconds(datetime(2027, 1, 1, 0, 0, 0, 1, tzinfo=UTC)).microsecond == 1_000
    assert whole_milliseconds(datetime(2027, 1, 1, 0, 0, 0, 1_000, tzinfo=UTC)).microsecond == 1_000


def test_no_clock_goes_where_dates_come_to_an_end() -> None:
    with pytest.raises(ClockTooFar) as refused:
        check_reachable("to", LATEST)

    assert refused.value.errors == {"to": ["Give an instant before 2200-01-01T00:00:00Z."]}
