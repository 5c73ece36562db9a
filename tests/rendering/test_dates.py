from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from guerdon.rendering.dates import find_instant, print_instant

INSTANT = datetime(2026, 3, 5, 9, 7, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05T09:07:03Z", INSTANT),
        ("2026-03-05T10:07:03+01:00", INSTANT),
        ("2026-03-05t09:07:03.000z", INSTANT),
        ("2026-03-05T09:07Z", INSTANT.replace(second=0)),
        ("2026-03-05", INSTANT.replace(hour=0, minute=0, second=0)),
        (1772701623, INSTANT),
        ("2026-13-05", None),
        ("yesterday", None),
        ("", None),
        (-1, None),
        (None, None),
        (True, None),
    ],
)
def test_rfc_3339_and_seconds_are_read(text: object, expected: datetime | None) -> None:
    assert find_instant(text) == expected


def test_a_time_without_offset_is_meant_in_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert find_instant("2026-07-01T12:00:00", berlin) == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "language", "text"),
    [
        ("%Y-%m-%d %H:%M:%S", "en", "2026-03-05 09:07:03"),
        ("%A, %-d %B %Y", "en", "Thursday, 5 March 2026"),
        ("%a %d. %b", "de", "Don 05. Mär"),
        ("%-I:%M %p %%", "en", "9:07 AM %"),
        ("%q", "en", "%q"),
        ("dd.MM.yyyy HH:mm", "de", "05.03.2026 09:07"),
        ("dddd d MMMM yy", "fr", "jeudi 5 mars 26"),
        ("h:mm tt 'at' zzz", "en", "9:07 AM at +00:00"),
    ],
)
def test_both_ways_of_writing_a_format_are_understood(form: str, language: str, text: str) -> None:
    assert print_instant(INSTANT, form, language) == text
