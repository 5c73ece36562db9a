"""The rules of one account, without a database: refusals in their published order, and what lots do."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guerdon.ledger.amounts import MILLIONTHS_MAX
from guerdon.ledger.errors import (
    AccountNotFound,
    HoldClosed,
    HoldNotFound,
    NotEnough,
    NothingToExpire,
    NothingToReturn,
    SpendNotFound,
    ValueMismatch,
    ValueOutOfBounds,
    VersionMismatch,
)
from guerdon.ledger.model import (
    EMPTY_HEAD,
    Account,
    AccountKey,
    Action,
    Capture,
    Earn,
    Expire,
    Hold,
    Move,
    Release,
    Return,
    Spend,
)
from guerdon.ledger.page import Page
from guerdon.platform.ids import new_id
from guerdon.platform.problems import Problem
from tests.ledger.builders import NOON, command, day

ANY = AccountKey("privilege", "any")


def a_page(*, value: int = 0, version: int = 0, has_lots: bool = False, **changes: object) -> Page:
    account = Account(
        UUID(int=1), "privilege", "any", "s", value, 0, version, EMPTY_HEAD, has_lots, None, None, NOON, None
    )
    return Page("demo", replace(account, **changes))  # pyright: ignore[reportArgumentType]  # any field, by name


def a_wallet(*lots: tuple[int, datetime | None]) -> Page:
    page = a_page(has_lots=True)
    for amount, expires_at in lots:
        page.post(command(ANY, Earn(amount, new_id(), expires_at)), NOON - timedelta(days=30))
    return page


def left(page: Page) -> list[int]:
    return [lot.remaining for lot in sorted(page.lots.values(), key=lambda lot: lot.opened_seq)]


@pytest.mark.parametrize(
    ("page", "action", "refusal"),
    [
        # A closed account comes before all that could be said about its value; the instant of closing is closed.
        (a_page(closes_at=NOON, value_max=0), Move(1, 5, 5), AccountNotFound),
        # If-Match, then the value, then the bounds.
        (a_page(value_max=0), Move(1, 101, 5), VersionMismatch),
        (a_page(value_max=0), Move(1, 101, 0), ValueMismatch),
        (a_page(value_max=0), Move(1, 100, 0), ValueOutOfBounds),
        (a_page(value_min=-5), Move(-6), ValueOutOfBounds),
        (a_page(value=MILLIONTHS_MAX), Move(1), ValueOutOfBounds),
        (a_page(value=-MILLIONTHS_MAX), Move(-1), ValueOutOfBounds),
        # Bounds beyond what the ledger can hold do not widen it.
        (a_page(value=MILLIONTHS_MAX, value_max=2 * MILLIONTHS_MAX), Move(1), ValueOutOfBounds),
        (a_page(value=-MILLIONTHS_MAX, value_min=-2 * MILLIONTHS_MAX), Move(-1), ValueOutOfBounds),
        (a_page(has_lots=True, value_max=9), Earn(10, UUID(int=2)), ValueOutOfBounds),
        (a_wallet((5, day(2, 10)), (5, None)), Spend(11), NotEnough),
        (a_wallet((5, NOON), (5, None)), Spend(6), NotEnough),
        (a_wallet((5, NOON), (5, None)), Hold(6), NotEnough),
        (a_wallet(), Return("none"), SpendNotFound),
        (a_wallet(), Capture("none", 10**30), HoldNotFound),
        (a_wallet(), Release("none"), HoldNotFound),
        (a_wallet((5, None)), Expire(), NothingToExpire),
    ],
)
def test_refusals_come_in_their_published_order(page: Page, action: Action, refusal: type[Problem]) -> None:
    before = (page.account, dict(page.lots), list(page.entries))

    with pytest.raises(refusal):
        page.post(command(ANY, action), NOON)

    assert (page.account, dict(page.lots), list(page.entries)) == before


@pytest.mark.parametrize("difference", [0, 1, 100, -100])
def test_a_belief_within_a_ten_thousandth_is_close_enough(difference: int) -> None:
    entry = a_page(value=500).post(command(ANY, Move(7, 500 + difference)), NOON)

    assert entry.value_after == 507


def test_an_account_outside_narrowed_bounds_may_move_towards_them_only() -> None:
    page = a_page(value=100, value_max=10)

    assert page.post(command(ANY, Move(-1)), NOON).value_after == 99
    assert page.post(command(ANY, Move(-98)), NOON).value_after == 1
    with pytest.raises(ValueOutOfBounds):
        page.post(command(ANY, Move(10)), NOON)


def test_history_never_runs_backwards_when_the_clock_does() -> None:
    page = a_page(moved_at=NOON)

    first = page.post(command(ANY, Move(1)), NOON - timedelta(hours=1))
    second = page.post(command(ANY, Move(1)), NOON + timedelta(seconds=1))

    assert [first.recorded_at, second.recorded_at] == [NOON, NOON + timedelta(seconds=1)]


def test_an_expired_lot_stays_expired_when_the_clock_steps_back() -> None:
    page = a_wallet((5, NOON), (5, None))
    page.post(command(ANY, Spend(1)), NOON)

    with pytest.raises(NotEnough):
        page.post(command(ANY, Spend(5)), NOON - timedelta(hours=1))


def test_lots_are_taken_soonest_end_first_no_end_last_ties_by_age() -> None:
    page = a_wallet((1, None), (2, day(4, 1)), (3, day(3, 1)), (4, day(3, 1)), (5, None))

    page.post(command(ANY, Spend(6)), NOON)
    assert left(page) == [1, 2, 0, 1, 5]

    page.post(command(ANY, Spend(4)), NOON)
    assert left(page) == [0, 0, 0, 0, 5]


def test_the_worked_example_of_the_wire() -> None:
    page = a_wallet((10, day(3, 1)), (20, day(4, 1)), (5, None))

    page.post(command(ANY, Spend(15), "spend"), NOON)
    assert left(page) == [0, 15, 5]

    page.post(command(ANY, Return("spend")), day(3, 10))
    assert left(page) == [10, 20, 5]
    with pytest.raises(NothingToReturn):
        page.post(command(ANY, Return("spend")), day(3, 10))
    with pytest.raises(NotEnough) as refused:
        page.post(command(ANY, Spend(26)), day(3, 10))
    assert str(refused.value.extra["available"]) == "0.000025"
    assert left(page) == [10, 20, 5]


def test_partial_returns_give_back_the_last_taken_first() -> None:
    page = a_wallet((10, day(3, 1)), (20, day(4, 1)), (5, None))
    page.post(command(ANY, Spend(33), "spend"), NOON)

    seen: list[list[int]] = []
    for amount in (2, 2, 20, 9):
        page.post(command(ANY, Return("spend", amount)), NOON)
        seen.append(left(page))

    assert seen == [[0, 0, 4], [0, 1, 5], [1, 20, 5], [10, 20, 5]]


def test_more_than_is_left_cannot_be_returned() -> None:
    page = a_wallet((10, None))
    page.post(command(ANY, Spend(8), "spend"), NOON)
    page.post(command(ANY, Return("spend", 5)), NOON)

    with pytest.raises(NothingToReturn):
        page.post(command(ANY, Return("spend", 4)), NOON)
    assert page.post(command(ANY, Return("spend")), NOON).amount == 3


def test_a_return_into_an_expired_lot_expires_again() -> None:
    page = a_wallet((10, day(3, 1)))
    page.post(command(ANY, Spend(10), "spend"), NOON)
    page.post(command(ANY, Return("spend")), day(3, 2))

    entry = page.post(command(ANY, Expire()), day(3, 2))

    assert (entry.amount, page.account.value, left(page)) == (-10, 0, [0])


def test_a_capture_in_part_gives_the_rest_back_last_taken_first() -> None:
    page = a_wallet((10, day(3, 1)), (20, day(4, 1)))
    page.post(command(ANY, Hold(25), "hold"), NOON)
    assert (page.account.value, page.account.held, left(page)) == (30, 25, [0, 5])

    page.post(command(ANY, Capture("hold", 8)), NOON)

    assert (page.account.value, page.account.held, left(page)) == (22, 0, [2, 20])
    for again in (Capture("hold"), Release("hold")):
        with pytest.raises(HoldClosed):
            page.post(command(ANY, again), NOON)


def test_a_release_gives_all_back() -> None:
    page = a_wallet((10, None))
    page.post(command(ANY, Hold(4), "hold"), NOON)

    page.post(command(ANY, Release("hold")), NOON)

    assert (page.account.value, page.account.held, left(page)) == (10, 0, [10])


def test_more_than_was_held_cannot_be_captured() -> None:
    page = a_wallet((10, None))
    page.post(command(ANY, Hold(4), "hold"), NOON)

    with pytest.raises(NotEnough):
        page.post(command(ANY, Capture("hold", 5)), NOON)


def test_a_hold_past_its_time_is_released_and_never_captured() -> None:
    page = a_wallet((10, None))
    page.post(command(ANY, Hold(4, day(3, 1)), "hold"), NOON)

    with pytest.raises(HoldClosed):
        page.post(command(ANY, Capture("hold")), day(3, 1))
    assert page.post(command(ANY, Release("hold")), day(3, 1)).held_change == -4


def test_a_hold_outlives_its_lot_and_what_it_gives_back_has_expired() -> None:
    page = a_wallet((10, day(3, 1)))
    page.post(command(ANY, Hold(6), "hold"), NOON)
    page.post(command(ANY, Expire()), day(3, 2))
    assert (page.account.value, page.account.held) == (6, 6)

    page.post(command(ANY, Capture("hold", 5)), day(3, 2))

    assert (page.account.value, left(page)) == (1, [1])
    with pytest.raises(NotEnough):
        page.post(command(ANY, Spend(1)), day(3, 2))


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize("action", [Spend, Hold, partial(Return, "spend"), partial(Capture, "hold")])
def test_an_amount_that_is_not_above_zero_is_a_broken_assumption(action: Callable[[int], Action], amount: int) -> None:
    page = a_wallet((10, None))
    page.post(command(ANY, Spend(2), "spend"), NOON)
    page.post(command(ANY, Hold(2), "hold"), NOON)

    with pytest.raises(AssertionError):
        page.post(command(ANY, action(amount)), NOON)
    assert page.account.value == 8


amounts = st.integers(1, 20)
ends = st.sampled_from([None, day(2, 11), day(3, 1), day(4, 1)])
actions = st.one_of(
    st.builds(Earn, amounts, st.uuids(), ends),
    st.builds(Spend, amounts),
    st.builds(Hold, amounts, ends),
    st.builds(Expire, st.booleans()),
)
references = st.one_of(
    st.builds(Return, st.integers(0, 9).map(str), st.none() | amounts),
    st.builds(Capture, st.integers(0, 9).map(str), st.none() | amounts),
    st.builds(Release, st.integers(0, 9).map(str)),
)
instants = st.sampled_from([NOON, day(2, 11), day(2, 28), day(3, 1), day(5, 1)])


@given(st.lists(st.tuples(st.one_of(actions, references), instants), max_size=30))
def test_whatever_happens_the_sums_agree(wishes: list[tuple[Action, datetime]]) -> None:
    page = a_page(has_lots=True)

    for page_now in _posted(page, wishes):
        held = sum(hold.amount for hold in page_now.holds.values() if hold.closed_seq is None)
        assert page_now.account.held == held >= 0
        assert sum(left(page_now)) == page_now.account.value - held
        assert all(0 <= lot.remaining <= lot.amount for lot in page_now.lots.values())
        assert page_now.account.value == sum(entry.amount for entry in page_now.entries)


def _posted(page: Page, wishes: list[tuple[Action, datetime]]) -> Iterator[Page]:
    for number, (action, now) in enumerate(wishes):
        try:
            page.post(command(ANY, action, str(number)), now)
        except Problem:
            continue
        yield page
