import pytest

from guerdon.passes.totals import Bounds, Sample


@pytest.mark.parametrize(
    ("ends", "crowd", "is_known", "count", "is_more"),
    [
        ((1_000, 1_000), 1_000_000, True, 1_000_000, True),
        ((200, 200), 100_000, True, 20_000, True),
        ((190, 210), 70_000, True, 14_000, False),  # Three deviations are 15 %.
        ((15, 15), 1_000_000, True, 15_000, False),
        ((50, 50), 1_000_000, True, 50_000, True),
        ((4, 5), 100_000_000, True, 450_000, False),
        ((0, 0), 10_000_000, True, 0, False),
        ((1_000, 0), 1_000_000, True, 500_000, False),  # Ids that follow each other: the oldest passes are at one end.
        ((240, 900), 1_000_000, True, 570_000, False),
        ((300, 900), 1_000_000, True, 600_000, True),
        ((1_000, 1_000), 1_000_000, False, 1_000_000, False),
    ],
)
def test_a_sample_says_that_many_match_only_when_it_is_sure(
    ends: tuple[int, int], crowd: int, is_known: bool, count: int, is_more: bool
) -> None:
    sample = Sample(ends, crowd, is_crowd_known=is_known)

    assert (sample.count, sample.says_more_than(10_000)) == (count, is_more)


@pytest.mark.parametrize(("offset", "few"), [(0, 10_000), (1_000, 40_000), (9_000, 280_000), (100_000, 1_000_000)])
def test_the_deeper_a_page_the_more_are_gathered_rather_than_walked_to(offset: int, few: int) -> None:
    assert Bounds().few_behind(offset) == few
