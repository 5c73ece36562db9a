from datetime import UTC, datetime
from decimal import Decimal

import pytest

from guerdon.passes.filters import Field, Filter, GivenFilter, read_filters
from guerdon.platform.problems import InvalidRequest


def given(field: object, operator: object, value: object = None, place: str = "filter[0]") -> GivenFilter:
    return GivenFilter(place, field, operator, value)


def read(field: object, operator: object, value: object = None) -> Filter:
    (one,) = read_filters([given(field, operator, value)])
    return one


def test_the_name_of_a_member_may_hold_dots() -> None:
    assert read("identifiers.y2.customerId", "equals", "7").field == Field("identifiers", "y2.customerId")


@pytest.mark.parametrize(
    ("value", "text"),
    [("7", "7"), (7, "7"), (Decimal("7.50"), "7.50"), (True, "true"), (False, "false"), (Decimal("1E+3"), "1000")],
)
def test_a_value_is_read_as_json_prints_it(value: object, text: str) -> None:
    assert read("metadata.a", "equals", value).value == text


def test_dates_are_compared_at_milliseconds() -> None:
    read_date = read("creationDate", "lessThan", "2026-11-21T10:30:00.1234567+01:00").value

    assert read_date == datetime(2026, 11, 21, 9, 30, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("listed", ["a,b,a", '["a", "b"]', ["a", "b"]])
def test_a_list_comes_between_commas_or_as_an_array(listed: object) -> None:
    assert read("passType", "in", listed).value == ("a", "b")


@pytest.mark.parametrize(("value", "flag"), [(None, True), ("true", True), (True, True), ("false", False)])
def test_exists_takes_a_flag(value: object, flag: bool) -> None:
    assert read("metadata.a", "exists", value).value is flag


@pytest.mark.parametrize(
    ("field", "operator", "value", "place"),
    [
        (None, "equals", "a", "field"),
        ("", "equals", "a", "field"),
        ("colour", "equals", "a", "field"),
        ("secret", "equals", "a", "field"),
        ("identifiers", "equals", "a", "field"),
        ("metadata.", "equals", "a", "field"),
        ("passType.a", "equals", "a", "field"),
        ("metadata." + "a" * 101, "equals", "a", "field"),
        ("metadata.a\x00", "equals", "a", "field"),
        ("id", "like", "a", "operator"),
        ("id", None, "a", "operator"),
        ("creationDate", "contains", "2026", "operator"),
        ("installationStatus", "greaterThan", "apple", "operator"),
        ("installationStatus", "equals", "samsung", "value"),
        ("creationDate", "equals", "yesterday", "value"),
        ("creationDate", "lessThan", "2026-11-21", "value"),
        ("creationDate", "equals", "9999-12-31T23:59:59.999Z", "value"),
        ("creationDate", "equals", "0001-01-01T00:00:00+14:00", "value"),
        ("id", "equals", None, "value"),
        ("id", "equals", "", "value"),
        ("id", "equals", "a" * 501, "value"),
        ("id", "equals", "a\x00", "value"),
        ("id", "equals", "\ud800", "value"),
        ("id", "equals", ["a"], "value"),
        ("id", "equals", Decimal("1E+999999999"), "value"),
        ("id", "in", [], "value"),
        ("id", "in", "", "value"),
        ("id", "in", "[", "value"),
        ("id", "in", '["a", {}]', "value"),
        ("id", "in", "[1e999999999]", "value"),
        ("id", "in", ",".join(map(str, range(101))), "value"),
        ("metadata.a", "exists", "maybe", "value"),
    ],
)
def test_a_mistake_is_told_at_its_place(field: object, operator: object, value: object, place: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(field, operator, value)

    assert set(refused.value.errors or {}) == {f"filter[0].{place}"}


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_filters([given("a", "b"), given("id", "like", place="filter[1]")])

    assert set(refused.value.errors or {}) == {"filter[0].field", "filter[0].operator", "filter[1].operator"}


def test_fifty_filters_are_enough() -> None:
    assert len(read_filters([given("id", "exists")] * 50)) == 50
    with pytest.raises(InvalidRequest):
        read_filters([given("id", "exists")] * 51)
