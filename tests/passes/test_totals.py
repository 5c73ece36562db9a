import pytest

from guerdon.passes.totals import Sample


@pytest.mark.parametrize(
    ("found", "crowd", "is_known", "count", "is_more"),
    [
        (2_000, 1_000_000, True, 1_000_000, True),
        (400, 100_000, True, 20_000, True),
        (400, 70_000, True, 14_000, False),  # Three deviations are 15 %.
        (30, 1_000_000, True, 15_000, False),
        (100, 1_000_000, True, 50_000, True),
        (9, 100_000_000, True, 450_000, False),
        (0, 10_000_000, True, 0, False),
        (2_000, 1_000_000, False, 1_000_000, False),
    ],
)
def test_a_sample_says_that_many_match_only_when_it_is_sure(
    found: int, crowd: int, is_known: bool, count: int, is_more: bool
) -> None:
    sample = Sample(found, crowd, is_crowd_known=is_known)

    assert (sample.count, sample.says_more_than(10_000)) == (count, is_more)
