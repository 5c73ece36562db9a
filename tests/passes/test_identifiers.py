from string import printable
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guerdon.passes.errors import NoIdentifier
from guerdon.passes.identifiers import Identifiers, can_be_named, parse_identifiers
from guerdon.platform.problems import InvalidRequest

EXPECTED = Identifiers(frozenset(), (("y2.customerId", "42"),))


@pytest.mark.parametrize(
    "query",
    [
        b"y2.customerId=42",
        b"id.y2.customerId=42",
        b"identifiers.y2.customerId=42",
        b"identifiers[y2.customerId]=42",
        b"identifiers%5By2.customerId%5D=42",
        b"y2.customerId=42&identifiers[y2.customerId]=42",
        b"y2.customerId=42&id.y2.customerId.hmac=ab&identifiers[y2.customerId.secret]=ab",
        b"passType=card&y2.customerId=42&y2.customerId.hmac=ab&neo.src=x&filter[0].field=z&asOf=now&limit=3",
    ],
)
def test_all_spellings_of_an_identifier_mean_the_same(query: bytes) -> None:
    assert parse_identifiers(query) == EXPECTED


@pytest.mark.parametrize(
    "query", [b"id=abcde", b"id.id=abcde", b"identifiers[id]=abcde", b"identifiers.id=abcde", b"id=abcde&id.hmac=00"]
)
def test_the_name_id_is_the_pass_id_in_every_spelling(query: bytes) -> None:
    assert parse_identifiers(query) == Identifiers(frozenset({"abcde"}), ())


NEVER_NAMES = [
    *(
        "passType",
        "pageIndex",
        "pageSize",
        "device",
        "cursor",
        "limit",
        "asOf",
        "userAgent",
        "filter[0]",
        "sortBy[0].x",
    ),
    *("neo.src", "customerId.hmac", "customerId.secret", ".hmac", "", "id", "id.x", "identifiers", "identifiers.x"),
    *("identifiers[x]", "a[b", "a]", "hmac", "secret"),
]


@pytest.mark.parametrize("name", NEVER_NAMES)
def test_a_name_that_says_something_else_in_some_spelling_is_no_name_of_an_identifier(name: str) -> None:
    assert not can_be_named(name)


@given(st.text(min_size=1, max_size=12).filter(can_be_named))
@example("y2.customerId")
@example("a\nb")
@example("ids.x")
def test_whatever_may_be_a_name_is_said_in_every_spelling(name: str) -> None:
    for key in (name, f"id.{name}", f"identifiers[{name}]", f"identifiers.{name}"):
        assert parse_identifiers(urlencode({key: "42"}).encode()) == Identifiers(frozenset(), ((name, "42"),))


@pytest.mark.parametrize("query", [b"", b"passType=card", b"customerId.hmac=ab&device=apple", b"identifiers[a.hmac]=1"])
def test_a_query_without_identifiers_names_no_pass(query: bytes) -> None:
    with pytest.raises(NoIdentifier):
        parse_identifiers(query)


@pytest.mark.parametrize("query", [b"a=", b"=1", b"identifiers[]=1", b"id.=1", b"a=" + b"x" * 501])
def test_empty_and_endless_identifiers_are_refused(query: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_identifiers(query)


def test_twenty_identifiers_are_enough() -> None:
    with pytest.raises(InvalidRequest):
        parse_identifiers(urlencode({f"n{number}": "1" for number in range(21)}).encode())


@given(st.dictionaries(st.text(printable, max_size=12), st.text(max_size=12), max_size=5))
def test_any_query_is_read_or_refused_and_never_crashes(pairs: dict[str, str]) -> None:
    try:
        parsed = parse_identifiers(urlencode(pairs).encode())
    except InvalidRequest:
        return

    assert parsed.pass_ids or parsed.external
