import asyncpg
import pytest

from guerdon.campaigns.model import choose_text
from tests.campaigns.conftest import Marketer
from tests.shops import problem

TEXTS = {"de": "Hallo", "de-AT": "Servus", "en": "Hello"}


async def test_what_a_holder_is_told_is_kept_and_read_newest_first(marketer: Marketer) -> None:
    pass_id = await marketer.shop.issue(customerId="7")
    for number in range(3):
        answer = await marketer.shop.ask("POST", f"/passes/{pass_id}/notify", {"content": f"news {number}"})
        assert (answer.status_code, answer.content) == (200, b"")

    page = await marketer.shop.ask("GET", f"/passes/{pass_id}/notifications?limit=2")
    following = page.links["next"]["url"].removeprefix(f"/api/{marketer.shop.tenant_id}")
    rest = await marketer.shop.ask("GET", following)

    assert [one["content"] for one in page.json() + rest.json()] == ["news 2", "news 1", "news 0"]
    assert {one["state"] for one in page.json()} == {"pending"}


async def test_a_pass_is_notified_by_its_identifiers(marketer: Marketer) -> None:
    pass_id = await marketer.shop.issue(customerId="7")

    body = {"localizedContent": TEXTS, "options": {"correlationId": "spring-2027"}}
    answer = await marketer.shop.ask("POST", "/passes/notify?customerId=7", body)

    assert answer.status_code == 200
    (told,) = (await marketer.shop.ask("GET", f"/passes/{pass_id}/notifications")).json()
    assert (told["localizedContent"], told["correlationId"]) == (TEXTS, "spring-2027")


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"localizedContent": {}}, {"options": {"updateData": True}}])
async def test_a_message_without_any_text_is_refused(marketer: Marketer, body: dict[str, object]) -> None:
    pass_id = await marketer.shop.issue(customerId="7")

    assert "content" in problem(await marketer.shop.ask("POST", f"/passes/{pass_id}/notify", body))["errors"]
    assert "content" in problem(await marketer.shop.ask("POST", "/passes/notify?customerId=7", body))["errors"]


@pytest.mark.parametrize("path", ["/passes/nosuchpass/notify", "/passes/notify?customerId=nobody"])
async def test_nobody_is_told_of_a_pass_that_is_not_there(marketer: Marketer, path: str) -> None:
    assert problem(await marketer.shop.ask("POST", path, {"content": "x"}))["code"] == "pass_not_found"


@pytest.mark.parametrize(("update_data", "revision"), [(False, 1), (True, 2)])
async def test_a_message_refreshes_the_pass_only_when_it_says_so(
    marketer: Marketer, update_data: bool, revision: int
) -> None:
    pass_id = await marketer.shop.issue(customerId="7")

    await marketer.shop.ask(
        "POST", f"/passes/{pass_id}/notify", {"content": "x", "options": {"updateData": update_data}}
    )

    assert (await marketer.document(pass_id))["revision"] == revision


async def test_a_message_is_an_event_once_however_often_it_is_sent_with_one_key(
    marketer: Marketer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pass_id = await marketer.shop.issue(customerId="7")
    for _ in range(2):
        headers = {"Idempotency-Key": "once"}
        await marketer.shop.ask("POST", f"/passes/{pass_id}/notify", {"content": "x"}, headers=headers)

    kinds = await owner.fetch("SELECT kind FROM event WHERE subject_id = $1 ORDER BY event_id", pass_id)

    assert [record["kind"] for record in kinds] == ["Pass:Created", "Pass:NotificationRequested"]


@pytest.mark.parametrize(
    ("language", "text"),
    [("de-AT", "Servus"), ("de-CH", "Hallo"), ("de", "Hallo"), ("fr", "content"), ("fr-CA", "content")],
)
def test_a_holder_reads_the_own_language_then_its_base_then_the_content(language: str, text: str) -> None:
    assert choose_text("content", TEXTS, language, "en") == text


def test_a_holder_of_a_language_that_is_missing_reads_the_tenants_when_there_is_no_content() -> None:
    assert choose_text(None, TEXTS, "fr", "en") == "Hello"
    assert choose_text(None, {"de": "Hallo"}, "fr", "en") is None
