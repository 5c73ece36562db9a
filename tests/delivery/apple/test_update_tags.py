from datetime import UTC, datetime, timedelta

import pytest

from guerdon.delivery.apple.update_tags import Tag, changed_since, read_tag, write_tag
from guerdon.passes.installation import HeldPass

THEN = datetime(2026, 11, 23, 10, 0, 0, 123_456, tzinfo=UTC)
MS = int(THEN.timestamp() * 1000)


def held(name: str, revision: int = 1, later: timedelta = timedelta()) -> HeldPass:
    return HeldPass(name, revision, THEN + later)


def test_a_tag_is_text_of_digits_that_begins_with_epoch_milliseconds() -> None:
    assert write_tag([held("a", 7), held("b", 5, -timedelta(days=1))]) == f"{MS}000012"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (f"{MS}000012", Tag(MS, 12)),
        (str(MS), Tag(MS)),
        (str(MS // 1000), Tag(MS // 1000 * 1000 + 999)),
        ("0", Tag(999)),
        ("", None),
        ("yesterday", None),
        ("-1", None),
        ("9" * 30, None),
        ("١٢٣", None),
    ],
)
def test_milliseconds_and_seconds_are_read_too(text: str, tag: Tag | None) -> None:
    assert read_tag(text) == tag


def test_who_has_seen_everything_is_told_nothing() -> None:
    passes = [held("a", 3), held("b", 9, timedelta(seconds=5))]

    assert changed_since(passes, read_tag(write_tag(passes))) == []


def test_all_that_is_newer_is_told_and_not_only_the_newest() -> None:
    before = [held("a"), held("b"), held("c")]
    after = [held("a", 2, timedelta(hours=1)), held("b"), held("c", 2, timedelta(hours=2))]

    changed = changed_since(after, read_tag(write_tag(before)))

    assert {"a", "c"} <= {one.serial_number for one in changed}


def test_a_change_that_committed_late_is_told_all_the_same() -> None:
    before = [held("a", 1, -timedelta(days=1)), held("b", 2)]
    late = [held("a", 2, -timedelta(seconds=1)), held("b", 2)]

    changed = changed_since(late, read_tag(write_tag(before)))

    assert "a" in {one.serial_number for one in changed}


def test_a_second_change_within_the_millisecond_is_told() -> None:
    tag = read_tag(write_tag([held("a", 1)]))

    assert changed_since([held("a", 2)], tag) == [held("a", 2)]
