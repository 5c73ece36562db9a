import pytest
from tests.shops import Shop, problem

BROWSER = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "accept-language": "de-AT, en;q=0.5"}


@pytest.mark.parametrize("query", ["", "?id=", "?id=aaaaaaaaaaaaaaaaaaaa", "?id=%3Cscript%3Ealert(1)%3C/script%3E"])
async def test_a_person_without_a_pass_gets_a_page_in_their_language(shop: Shop, query: str) -> None:
    answer = await shop.http.get(f"/{shop.tenant_id}/card{query}", headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == "de"
    assert "Hier ist keine Karte" in answer.text
    assert "script>" not in answer.text


async def test_a_program_without_a_pass_gets_a_problem(shop: Shop) -> None:
    answer = await shop.http.get(f"/{shop.tenant_id}/card?id=aaaaaaaaaaaaaaaaaaaa")

    assert problem(answer)["status"] == 404


async def test_the_page_of_another_layout_is_no_page_of_the_pass(shop: Shop) -> None:
    pass_id = await shop.issue()

    answer = await shop.http.get(f"/{shop.tenant_id}/tickets?id={pass_id}", headers=BROWSER)

    assert answer.status_code == 404
