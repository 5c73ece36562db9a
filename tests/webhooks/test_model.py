from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.webhooks.model import (
    GIVEN_UP_AFTER,
    RETRY_MAX,
    Answered,
    hold_after,
    is_dead,
    is_pattern,
    matches,
    retry_after,
)


@pytest.mark.parametrize(
    ("pattern", "kind", "fits"),
    [
        ("Pass:Created", "Pass:Created", True),
        ("pass.created", "Pass:Created", True),
        ("PASS:CREATED", "Pass:Created", True),
        ("Pass:Created", "Pass:Updated", False),
        ("Pass:Created", "Pass:CreatedToo", False),
        ("Pass:*", "Pass:Updated", True),
        ("Pass:*", "Passes:Updated", False),
        ("Pass:*", "Pass", False),
        ("*", "tenant.file-saved", True),
        ("tenant:*", "tenant.file-saved", True),
        ("store.*.updated", "Store:Vienna:Updated", True),
        ("store.*.updated", "Store:Vienna:Closed", False),
        ("store.*.updated", "Store:Updated", False),
        ("*.created", "Pass:Created", True),
        ("Store:*", "Store:Vienna:Moved", True),
    ],
)
def test_a_pattern_fits_what_it_says(pattern: str, kind: str, fits: bool) -> None:
    assert is_pattern(pattern)
    assert matches((pattern,), kind) is fits


@pytest.mark.parametrize("text", ["", ":", "Pass:", ":Created", "Pass::Created", "a b", "Pass:Cre*", "é", "a:b:c:d:e"])
def test_what_is_no_pattern_is_known(text: str) -> None:
    assert not is_pattern(text)


@given(st.integers(1, 60), st.floats(0, 1))
def test_the_wait_grows_threefold_to_eight_hours_and_is_spread_by_a_fifth(tries: int, chance: float) -> None:
    plain = min(timedelta(seconds=5) * 3 ** min(tries - 1, 20), RETRY_MAX)

    assert plain * 0.799 <= retry_after(tries, chance) <= plain * 1.201


def test_three_days_hold_some_seventeen_attempts() -> None:
    spent, tries = timedelta(), 0
    while spent < GIVEN_UP_AFTER:
        tries += 1
        spent += retry_after(tries, 0.5)

    assert 15 <= tries <= 20


def test_an_endpoint_is_left_alone_from_the_tenth_failure_on_for_a_minute_at_most() -> None:
    assert hold_after(9) is None
    assert hold_after(10) == timedelta(seconds=1)
    assert hold_after(10_000) == timedelta(minutes=1)


def test_an_endpoint_is_dead_after_three_days_of_failures() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    assert is_dead(now - timedelta(days=3), now)
    assert not is_dead(now - timedelta(days=3) + timedelta(seconds=1), now)
    assert not is_dead(None, now)


@pytest.mark.parametrize(
    ("status", "is_success"), [(200, True), (204, True), (299, True), (300, False), (199, False), (None, False)]
)
def test_only_answers_of_200_to_299_are_successes(status: int | None, is_success: bool) -> None:
    assert Answered(status, None, 1).is_success is is_success
