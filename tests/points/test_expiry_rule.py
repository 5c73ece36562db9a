"""When a wallet counts as inactive: whole days and calendar months of the tenant's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from guerdon.points.expiry_rule import PATH, InactivityRule, begin, inactivity_of, read_expiry_rule
from tests.shops import Shop

WARSAW = ZoneInfo("Europe/Warsaw")
ALWAYS = date(1970, 1, 1)


def made(length: dict[str, int], not_before: date) -> InactivityRule:
    return InactivityRule.model_validate({**length, "notBefore": str(not_before)})


rules = some.builds(
    made,
    some.one_of(
        some.integers(1, 60).map(lambda months: {"months": months}),
        some.integers(1, 1_000).map(lambda days: {"days": days}),
    ),
    some.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
instants = some.integers(0, 7_000 * 86_400).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
zones = some.sampled_from(["UTC", "Europe/Warsaw", "America/Santiago", "Pacific/Auckland"]).map(ZoneInfo)


def rule(text: str) -> InactivityRule:
    found = inactivity_of(f"inactivity: {{{text}, notBefore: 1970-01-01}}".encode())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("said", "active_at", "day"),
    [
        ("days: 30", "2026-01-01T00:00", "2026-02-01"),  # the thirty days of January after the first, all of them
        ("days: 30", "2026-01-01T22:59", "2026-02-01"),
        ("days: 30", "2026-01-01T23:00", "2026-02-02"),  # in Warsaw, the second
        ("days: 1", "2026-02-27T12:00", "2026-03-01"),
        ("months: 24", "2026-03-15T18:00", "2028-03-16"),
        ("months: 1", "2026-01-31T12:00", "2026-03-01"),  # a month from the 31st of January is over with February
        ("months: 1", "2028-01-30T12:00", "2028-03-01"),
        ("months: 12", "2028-02-29T12:00", "2029-03-01"),
        ("months: 11", "2026-01-31T12:00", "2027-01-01"),
    ],
)
def test_points_last_through_the_day_that_is_so_far_from_the_last_activity(said: str, active_at: str, day: str) -> None:
    assert rule(said).inactive_on(datetime.fromisoformat(active_at + "Z"), WARSAW) == date.fromisoformat(day)


@given(rule=rules, active_at=instants, now=instants, zone=zones)
def test_whoever_was_active_before_the_bound_is_inactive_and_nobody_else(
    rule: InactivityRule, active_at: datetime, now: datetime, zone: ZoneInfo
) -> None:
    before = rule.idle_before(now, zone)

    is_inactive = begin(rule.inactive_on(active_at, zone), zone) <= now

    assert is_inactive == (before is not None and active_at < before)


@given(rule=rules, first=instants, later=some.timedeltas(timedelta(0), timedelta(days=90)), zone=zones)
def test_whoever_is_active_later_is_inactive_no_sooner(
    rule: InactivityRule, first: datetime, later: timedelta, zone: ZoneInfo
) -> None:
    assert rule.inactive_on(first, zone) <= rule.inactive_on(first + later, zone)


def test_nothing_ends_before_the_day_on_which_the_rule_begins() -> None:
    found = inactivity_of(b"inactivity: {days: 30, notBefore: 2027-01-01}")

    assert found is not None
    assert found.inactive_on(datetime(2020, 1, 1, tzinfo=UTC), WARSAW) == date(2027, 1, 1)
    assert found.idle_before(datetime(2026, 12, 31, 22, 59, tzinfo=UTC), WARSAW) is None
    assert found.idle_before(datetime(2026, 12, 31, 23, tzinfo=UTC), WARSAW) is not None


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (b"inactivity: {months: 24}", [("inactivity.notBefore", 1)]),
        (b"inactivity:\n  notBefore: 2027-01-01\n", [("inactivity", 1)]),
        (b"inactivity:\n  months: 2\n  days: 3\n  notBefore: 2027-01-01\n", [("inactivity", 1)]),
        (b"inactivity:\n  months: 0\n  notBefore: soon\n", [("inactivity.months", 2), ("inactivity.notBefore", 3)]),
        (b"inactivity:\n  days: 1.5\n  notBefore: 2027-02-30\n  day: 1", [
            ("inactivity.days", 2), ("inactivity.notBefore", 3), ("inactivity.day", 4),
        ]),
        (b"{}", [("inactivity", 1)]),
        (b"[]", [("$", 1)]),
        (b"\xff", [("$", 1)]),
    ],
)  # fmt: skip
def test_a_rule_is_told_all_its_mistakes(text: bytes, mistakes: list[tuple[str, int]]) -> None:
    found, told = read_expiry_rule(text)

    assert found is None
    assert [(one.path, one.place.line) for one in told] == mistakes


async def test_a_rule_is_checked_before_it_is_saved(shop: Shop) -> None:
    yaml = {"content-type": "application/yaml"}

    bad = await shop.ask("PUT", f"/config/files/{PATH}", b"inactivity: {months: 0}\n", headers=yaml)
    good = await shop.ask(
        "PUT", f"/config/files/{PATH}", b"inactivity: {months: 24, notBefore: 2030-01-01}\n", headers=yaml
    )

    assert (bad.status_code, good.status_code) == (400, 200)
    assert "`months` must be at least 1." in bad.text
    assert "`notBefore` is needed here." in bad.text
