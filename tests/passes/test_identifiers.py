from string import printable
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.passes.errors import NoIdentifier
from guerdon.passes.identifiers import Identifiers, parse_identifiers
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
        b"passType=card&y2.customerId=42&y2.customerId.hmac=ab&neo.src=x&filter[0].field=z&asOf=now&limit=3",
    ],
)
def test_all_spellings_of_an_identifier_mean_the_same(query: bytes) -> None:
    assert parse_identifiers(query) == EXPECTED


@pytest.mark.parametrize("query", [b"id=abcde", b"id.id=abcde", b"identifiers[id]=abcde", b"identifiers.id=abcde"])
def test_the_name_id_is_the_pass_id_in_every_spelling(query: bytes) -> None:
    assert parse_identifiers(query) == Identifiers(frozenset({"abcde"}), ())


@pytest.mark.parametrize("query", [b"", b"passType=card", b"customerId.hmac=ab&device=apple"])
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
