from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guerdon.access.cache import RecentAnswers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIVE = timedelta(seconds=5)


def test_an_answer_is_found_until_its_time_is_over() -> None:
    answers = RecentAnswers[str, int](FIVE, 10)
    answers.keep("a", 1, NOW)

    assert answers.find("a", NOW + FIVE - timedelta(microseconds=1)) == 1
    assert answers.find("a", NOW + FIVE) is None


def test_an_answer_is_not_found_after_the_clock_was_set_back() -> None:
    answers = RecentAnswers[str, int](FIVE, 10)
    answers.keep("a", 1, NOW)

    assert answers.find("a", NOW - timedelta(seconds=1)) is None


def test_without_a_lifetime_nothing_is_kept() -> None:
    answers = RecentAnswers[str, int](timedelta(0), 10)
    answers.keep("a", 1, NOW)

    assert len(answers) == 0


def test_forgetting_is_at_once() -> None:
    answers = RecentAnswers[str, int](FIVE, 10)
    answers.keep("a", 1, NOW)
    answers.keep("b", 2, NOW)

    answers.forget("a")
    assert (answers.find("a", NOW), answers.find("b", NOW)) == (None, 2)
    answers.forget_all()
    assert answers.find("b", NOW) is None


@given(st.lists(st.integers(0, 9)), st.integers(1, 4))
def test_only_the_newest_are_kept(keys: list[int], entries_max: int) -> None:
    answers = RecentAnswers[int, int](FIVE, entries_max)
    for key in keys:
        answers.keep(key, key, NOW)

    newest = list(dict.fromkeys(reversed(keys)))[:entries_max]
    assert len(answers) == len(newest)
    assert all(answers.find(key, NOW) == key for key in newest)
