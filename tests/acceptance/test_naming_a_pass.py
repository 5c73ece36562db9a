"""The five spellings of identifiers in a query (WIRE.md section 1)."""

import httpx2
import pytest

from guerdon_client import Conflict, Guerdon, NotFound


@pytest.fixture
def two_names(shop: Guerdon, customer: str) -> str:
    """A pass known by two names, one of them with a dot."""
    identifiers = {"customerId": customer, "y2.cardId": f"card-{customer}"}
    return shop.create_pass("loyalty", identifiers).pass_id


@pytest.mark.parametrize(
    "spelling",
    [
        "id={pass_id}",
        "id.customerId={customer}",
        "identifiers[customerId]={customer}",
        "identifiers%5BcustomerId%5D={customer}",
        "identifiers.customerId={customer}",
        "customerId={customer}",
        "y2.cardId=card-{customer}",
        "id.y2.cardId=card-{customer}",
        "identifiers[y2.cardId]=card-{customer}",
        "id={pass_id}&customerId={customer}&identifiers[y2.cardId]=card-{customer}",
        "id.customerId={customer}&identifiers.y2.cardId=card-{customer}&passType=loyalty",
        "customerId={customer}&customerId={customer}",
    ],
)
def test_every_spelling_finds_the_same_pass(raw: httpx2.Client, two_names: str, customer: str, spelling: str) -> None:
    query = spelling.format(pass_id=two_names, customer=customer)

    assert raw.get(f"/passes/findPass?{query}").text == two_names
    assert raw.get(f"/passes/privileges?{query}").json() == []


@pytest.mark.parametrize(
    "query",
    [
        "id={pass_id}&customerId=somebody-else",
        "customerId={customer}&y2.cardId=another-card",
        "id={pass_id}&id=aaaaaaaaaaaaaaaaaaaa",
        "customerId={customer}&customerId=somebody-else",
        "customerid={customer}",
        "id=../{pass_id}",
        "id={customer}",
    ],
)
def test_identifiers_that_disagree_name_no_pass(raw: httpx2.Client, two_names: str, customer: str, query: str) -> None:
    answer = raw.get("/passes/privileges?" + query.format(pass_id=two_names, customer=customer))

    assert (answer.status_code, answer.json()["code"]) == (404, "pass_not_found")


def test_identifiers_that_match_two_passes_are_refused(shop: Guerdon, customer: str) -> None:
    family = {"familyId": customer}
    first = shop.create_pass("loyalty", {**family, "customerId": customer}).pass_id
    shop.create_pass("loyalty", {**family, "customerId": customer + "x"})

    with pytest.raises(Conflict) as refused:
        shop.list_privileges(family)
    with pytest.raises(Conflict):
        shop.update_pass(family, metadata={"a": 1})

    assert refused.value.code == "several_passes"
    assert shop.find_pass({**family, "id": first}) == first


@pytest.mark.parametrize("query", ["", "passType=loyalty", "customerId.hmac=00", "limit=3&cursor=x"])
def test_a_query_that_names_nothing_is_a_mistake(raw: httpx2.Client, query: str) -> None:
    answer = raw.get(f"/passes/privileges?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "no_identifier")


def test_names_and_values_may_hold_anything_that_text_may(shop: Guerdon, customer: str) -> None:
    odd = {"köln & co=?#": f"{customer} 100 % +/\\'\"; DROP TABLE pass;--", "emoji": f"🥐{customer}"}
    created = shop.create_pass("loyalty", odd)

    assert shop.find_pass(odd) == created.pass_id
    assert shop.list_privileges(odd) == ()
    assert shop.get_pass_document(created.pass_id).identifiers == odd


def test_a_pass_that_nobody_knows_is_not_found(shop: Guerdon, customer: str) -> None:
    assert shop.find_pass({"customerId": customer}) is None
    with pytest.raises(NotFound):
        shop.get_pass_document("aaaaaaaaaaaaaaaaaaaa")
