from base64 import b64encode
from typing import Any

import pytest

from tests.configuration.builders import CARD, GOOD, ICON_PATH, icon, save, with_icon
from tests.shops import Shop, problem

NEW_TYPE: list[dict[str, str]] = [
    {"path": CARD, "content": GOOD},
    {"path": ICON_PATH, "contentBase64": b64encode(icon()).decode()},
]
SHOPS_OWN = 2  # pass types that the shop of the tests begins with
NO_SETS: list[Any] = [
    {},
    {"files": None},
    {"files": [{}]},
    {"files": [{"path": "a"}]},
    {"files": [{"path": "", "content": "x"}]},
    {"files": [{"path": "a", "content": 7}]},
    {"files": [{"path": "a", "content": "x", "contentBase64": "eA=="}]},
    {"files": [{"path": "a", "contentBase64": "not base64!"}]},
    {"files": [{"path": "a", "contentBase64": "é"}]},
    {"files": [{"path": "a", "content": "x"}, {"path": "a", "content": "y"}]},
    {"files": [{"path": "a\x00", "content": "x"}]},
    {"files": [], "prune": "yes"},
    {"files": [], "more": 1},
    {"files": [{"path": f"{number}", "content": ""} for number in range(2_001)]},
    [],
]


async def count_files(shop: Shop) -> int:
    return len((await shop.ask("GET", "/config/files")).json())


async def test_a_push_saves_a_type_with_its_picture_and_then_nothing(shop: Shop) -> None:
    first = await shop.ask("POST", "/config/push", {"files": NEW_TYPE})
    second = await shop.ask("POST", "/config/push", {"files": NEW_TYPE})

    assert first.json()["changes"] == [
        {"path": ICON_PATH, "change": "added", "version": 1},
        {"path": CARD, "change": "added", "version": 1},
    ]
    assert second.json() == {"changes": [], "findings": []}
    assert (await shop.ask("GET", f"/config/files/{ICON_PATH}")).content == icon()


async def test_one_mistake_keeps_all_files_out(shop: Shop) -> None:
    wrong = {"path": "server/passes/bad.yaml", "content": "kind: nonsense\n"}

    answer = await shop.ask("POST", "/config/push", {"files": [*NEW_TYPE, wrong]})

    assert (answer.status_code, problem(answer)["code"]) == (400, "files_invalid")
    assert {one["path"] for one in problem(answer)["findings"]} == {wrong["path"]}
    assert await count_files(shop) == SHOPS_OWN


async def test_a_pruning_push_leaves_what_was_sent_and_types_in_use(shop: Shop) -> None:
    pushed = await shop.ask("POST", "/config/push", {"files": NEW_TYPE, "prune": True})
    assert [one["change"] for one in pushed.json()["changes"]] == ["added", "added", "removed", "removed"]
    await shop.issue("club", customerId="1")

    kept = await shop.ask("POST", "/config/push", {"files": [NEW_TYPE[1]], "prune": True})

    assert (kept.status_code, problem(kept)["code"]) == (409, "pass_type_in_use")
    assert await count_files(shop) == len(NEW_TYPE)


async def test_a_type_in_use_may_change_its_ending(shop: Shop) -> None:
    await shop.ask("POST", "/config/push", {"files": NEW_TYPE, "prune": True})
    await shop.issue("club", customerId="1")
    renamed = {"path": CARD.replace(".yaml", ".yml"), "content": GOOD}

    answer = await shop.ask("POST", "/config/push", {"files": [renamed, NEW_TYPE[1]], "prune": True})

    assert answer.status_code == 200, answer.text


async def test_a_dry_push_tells_the_same_and_saves_nothing(shop: Shop) -> None:
    answer = await shop.ask("POST", "/config/push", {"files": NEW_TYPE}, headers={"guerdon-dry-run": "true"})

    assert len(answer.json()["changes"]) == len(NEW_TYPE)
    assert await count_files(shop) == SHOPS_OWN


async def test_files_are_checked_among_those_that_are_there_without_saving(shop: Shop) -> None:
    alone = await shop.ask("POST", "/config/validate", {"files": NEW_TYPE[:1]})
    await with_icon(shop)
    beside = await shop.ask("POST", "/config/validate", {"files": NEW_TYPE[:1]})

    assert (alone.json()["valid"], beside.json()) == (False, {"valid": True, "findings": []})
    assert alone.json()["findings"][0]["message"] == "There is no file server/images/loyalty-icon.png."
    assert (await shop.ask("GET", f"/config/files/{CARD}")).status_code == 404


async def test_two_files_for_one_pass_type_are_refused(shop: Shop) -> None:
    await with_icon(shop)
    await save(shop)

    answer = await shop.ask("POST", "/config/validate", {"files": [{"path": "server/passes/club.json", "content": ""}]})

    assert "There is another file for this pass type" in answer.text


@pytest.mark.parametrize("body", NO_SETS, ids=lambda body: str(body)[:60])
async def test_a_set_that_is_none_is_refused(shop: Shop, body: Any) -> None:
    answer = await shop.ask("POST", "/config/push", body)

    assert answer.status_code == 400, answer.text
    assert problem(answer)["code"] in {"invalid_request", "badly_formed"}


@pytest.mark.parametrize("path", ["../a", "a//b", "/a", "a b", "x" * 200 + "/"])
async def test_an_impossible_path_is_refused(shop: Shop, path: str) -> None:
    answer = await shop.ask("POST", "/config/push", {"files": [{"path": path, "content": "x"}]})

    assert answer.status_code == 400, answer.text


async def test_a_set_may_be_larger_than_other_bodies(shop: Shop) -> None:
    files = [{"path": f"server/texts/{number}.txt", "content": "x" * 1_000_000} for number in range(3)]

    assert (await shop.ask("POST", "/config/push", {"files": files})).status_code == 200
