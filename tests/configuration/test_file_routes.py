from typing import Any

import pytest

from guerdon.configuration import file_routes
from guerdon.configuration.pushing import Removal
from guerdon.platform.db import Database
from tests.configuration.builders import CARD, GOOD, ICON_PATH, PNG, YAML, icon, save, with_icon
from tests.shops import Shop, problem

FILE = f"/config/files/{CARD}"
NOTE = "/config/files/server/texts/note.txt"


@pytest.fixture(autouse=True)
async def pictured(shop: Shop) -> None:
    await with_icon(shop)


async def test_a_file_is_saved_in_versions_and_read_as_it_was(shop: Shop) -> None:
    first, second = await save(shop), await save(shop, GOOD + "logoText: Ember\n")

    newest, earlier = await shop.ask("GET", FILE), await shop.ask("GET", f"{FILE}?version=1")

    assert (first, second) == (1, 2)
    assert (newest.headers["etag"], newest.text) == ('"2"', GOOD + "logoText: Ember\n")
    assert (earlier.headers["etag"], earlier.text) == ('"1"', GOOD)
    assert newest.headers["content-type"].startswith("application/yaml")


async def test_a_picture_comes_back_byte_for_byte(shop: Shop) -> None:
    answer = await shop.ask("GET", f"/config/files/{ICON_PATH}")

    assert (answer.content, answer.headers["content-type"]) == (icon(), "image/png")


async def test_whoever_has_the_newest_version_gets_no_second_copy(shop: Shop) -> None:
    await save(shop)

    known = await shop.ask("GET", FILE, headers={"if-none-match": '"1"'})
    newer = await shop.ask("GET", FILE, headers={"if-none-match": '"0", "2"'})

    assert (known.status_code, known.content, newer.status_code) == (304, b"", 200)


async def test_the_same_content_again_is_no_new_version(shop: Shop) -> None:
    await save(shop)

    answer = await shop.ask("PUT", FILE, GOOD.encode(), headers=YAML)

    assert (answer.json()["version"], answer.json()["changed"], answer.headers["etag"]) == (1, False, '"1"')


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-match": '"1"'}, 412),
        ({"if-match": '"2"'}, 200),
        ({"if-match": '"7", "2"'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": 'W/"2"'}, 400),
        ({"if-match": "2"}, 400),
        ({"if-match": ""}, 400),
        ({"if-none-match": "*"}, 412),
        ({"if-none-match": '"2"'}, 400),
    ],
)
async def test_an_update_that_has_seen_the_newest_version_wins(
    shop: Shop, headers: dict[str, str], status: int
) -> None:
    await save(shop)
    await save(shop, GOOD + "logoText: One\n")

    answer = await shop.ask("PUT", FILE, (GOOD + "logoText: Two\n").encode(), headers={**YAML, **headers})

    assert answer.status_code == status, answer.text
    assert (await shop.ask("GET", FILE)).headers["etag"] == ('"3"' if status == 200 else '"2"')
    if status == 412:
        assert (problem(answer)["code"], problem(answer)["version"]) == ("file_version_moved", 2)


async def test_a_file_that_must_not_be_there_is_made_and_one_that_must_be_is_not(shop: Shop) -> None:
    missing = await shop.ask("PUT", NOTE, b"hello", headers={"content-type": "text/plain", "if-match": "*"})
    made = await shop.ask("PUT", NOTE, b"hello", headers={"content-type": "text/plain", "if-none-match": "*"})

    assert (missing.status_code, made.status_code) == (412, 200)


async def test_every_mistake_is_told_with_its_place_and_nothing_is_saved(shop: Shop) -> None:
    wrong = "kind: nonsense\norganization: Ember\ncolour: red\n"

    answer = await shop.ask("PUT", FILE, wrong.encode(), headers=YAML)

    told = problem(answer)
    assert (answer.status_code, told["code"]) == (400, "files_invalid")
    assert {(one["line"], one["severity"]) for one in told["findings"]} >= {(1, "error"), (3, "error")}
    assert len(told["errors"][CARD]) == len(told["findings"])
    assert (await shop.ask("GET", FILE)).status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "media_type", "status"),
    [
        ("server/texts/a.txt", b"x", "text/plain", 200),
        ("server/texts/a.txt", b"", "", 200),
        ("server/texts/a.bin", bytes(range(256)), "application/octet-stream", 200),
        ("server/texts/a.txt", b"x", "text/plain; charset=utf-8", 200),
        ("server/texts/a.txt", b"x", "", 415),
        ("server/texts/a.txt", b"x", "application/x-www-form-urlencoded", 415),
        ("server/texts/a.txt", b"x", "video/mp4", 415),
        ("server/texts/a.txt", b"x", "image/", 415),
        ("server/texts/a%20b.txt", b"x", "text/plain", 400),
        ("server//a.txt", b"x", "text/plain", 400),
        ("server/%2e%2e/a.txt", b"x", "text/plain", 400),
        ("a%00b", b"x", "text/plain", 400),
        ("x" * 201, b"x", "text/plain", 400),
        ("server/texts/a.txt", b"x" * 1_048_577, "text/plain", 400),
        ("server/images/big.png", b"x" * 5_242_881, "image/png", 413),
        ("server/images/a.png", b"no picture", "image/png", 400),
        ("server/passes/Bad_Name.yaml", GOOD.encode(), "text/yaml", 400),
        ("server/passes/deep/er.yaml", GOOD.encode(), "text/yaml", 400),
        ("server/passes/club.txt", GOOD.encode(), "text/yaml", 400),
        ("server/passes/club.yaml", b"\xff\xfe", "text/yaml", 400),
        ("server/passes/club.json", b'{"kind": ', "application/json", 400),
        ("server/passes/club.yaml", b"", "text/yaml", 400),
        ("server/texts/key.txt", b"a\n-----BEGIN RSA PRIVATE KEY-----\n", "text/plain", 400),
        ("server/texts/key.json", b'{"private_key": "-----BEGIN PRIVATE KEY-----\\n"}', "application/json", 400),
        ("server/texts/pass.p12", b"\x30\x82", "application/octet-stream", 400),
    ],
)
async def test_a_body_is_saved_or_clearly_refused(
    shop: Shop, path: str, content: bytes, media_type: str, status: int
) -> None:
    answer = await shop.ask("PUT", f"/config/files/{path}", content, headers={"content-type": media_type})

    assert answer.status_code == status, answer.text
    if status != 200:
        assert problem(answer)["code"]


async def test_a_private_key_is_refused_with_the_place_where_it_belongs(shop: Shop) -> None:
    key = b"hello\n-----BEGIN EC PRIVATE KEY-----\nx"

    answer = await shop.ask("PUT", NOTE, key, headers={"content-type": "text/plain"})

    (found,) = problem(answer)["findings"]
    assert found["line"] == 2
    assert "/config/apple/certificate" in found["message"]


async def test_files_are_listed_in_pages_below_a_prefix(shop: Shop) -> None:
    for name in ("b", "a", "c"):
        await save(shop, "x", f"server/texts/{name}.txt")

    paths: list[str] = []
    address: str | None = f"/api/{shop.tenant_id}/config/files?prefix=server/texts/&limit=2"
    while address is not None:
        answer = await shop.http.get(address, headers={"x-api-key": shop.key})
        paths += [file["path"] for file in answer.json()]
        address = answer.links["next"]["url"] if "next" in answer.links else None

    assert paths == [f"server/texts/{name}.txt" for name in "abc"]


async def test_a_removed_file_is_gone_and_its_versions_stay(shop: Shop) -> None:
    await save(shop)

    removed = await shop.ask("DELETE", FILE, headers={"if-match": '"1"'})

    assert (removed.status_code, (await shop.ask("GET", FILE)).status_code) == (204, 404)
    history = (await shop.ask("GET", f"/config/history/{CARD}")).json()
    assert [(one["version"], one.get("removed", False)) for one in history] == [(2, True), (1, False)]
    assert (await shop.ask("GET", f"{FILE}?version=1")).text == GOOD


async def test_the_type_of_passes_that_exist_stays(shop: Shop) -> None:
    await shop.issue("card", customerId="1")

    answer = await shop.ask("DELETE", "/config/files/server/passes/card.yaml")

    assert (answer.status_code, problem(answer)["code"]) == (409, "pass_type_in_use")


async def test_a_picture_that_a_type_shows_stays(shop: Shop) -> None:
    await save(shop)

    kept = await shop.ask("DELETE", f"/config/files/{ICON_PATH}")
    await shop.ask("DELETE", FILE)
    removed = await shop.ask("DELETE", f"/config/files/{ICON_PATH}")

    assert (kept.status_code, problem(kept)["code"]) == (409, "picture_in_use")
    assert CARD in problem(kept)["detail"]
    assert removed.status_code == 204


async def test_a_picture_that_a_type_begins_to_show_while_it_is_removed_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = file_routes.check_removal

    async def check_and_be_overtaken(database: Database, tenant_id: str, path: str) -> Removal:
        checked = await check(database, tenant_id, path)
        await save(shop)
        return checked

    monkeypatch.setattr(file_routes, "check_removal", check_and_be_overtaken)
    answer = await shop.ask("DELETE", f"/config/files/{ICON_PATH}")

    assert (answer.status_code, problem(answer)["code"]) == (409, "files_changed")
    assert (await shop.ask("GET", f"/config/files/{ICON_PATH}")).status_code == 200


async def test_two_versions_are_compared_line_by_line(shop: Shop) -> None:
    await save(shop, "one\ntwo\n", "server/texts/note.txt")
    await save(shop, "one\nthree", "server/texts/note.txt")

    answer = await shop.ask("GET", "/config/diff/server/texts/note.txt?from=1")

    assert answer.headers["content-type"] == "text/x-diff; charset=utf-8"
    assert answer.text.splitlines()[2:] == ["@@ -1,2 +1,2 @@", " one", "-two", "+three", "\\ No newline at end of file"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("from=0", 400), ("from=x", 400), ("from=1&to=1", 200), ("from=9", 404), ("from=1&from=2", 400)],
)
async def test_a_comparison_names_versions_that_are_there(shop: Shop, query: str, status: int) -> None:
    await save(shop)

    assert (await shop.ask("GET", f"/config/diff/{CARD}?{query}")).status_code == status


async def test_pictures_and_very_long_texts_are_not_compared(shop: Shop) -> None:
    await save(shop, "x\n" * 5_001, "server/texts/note.txt")

    binary = await shop.ask("GET", f"/config/diff/{ICON_PATH}?from=1")
    long = await shop.ask("GET", "/config/diff/server/texts/note.txt?from=1")

    assert (problem(binary)["code"], problem(long)["code"]) == ("file_not_text", "diff_too_large")


async def test_texts_that_would_take_long_to_compare_are_not_compared(shop: Shop) -> None:
    for name in "ab":
        lines = (f"shared {number % 101}\n{name} {number}\n" for number in range(2_400))
        await save(shop, "".join(lines), "server/texts/note.txt")

    refused = problem(await shop.ask("GET", "/config/diff/server/texts/note.txt?from=1"))

    assert (refused["status"], refused["code"]) == (409, "diff_too_large")


async def test_a_long_text_with_many_small_changes_is_compared(shop: Shop) -> None:
    for name in "ab":
        lines = (f"{name if number % 20 == 0 else ''} {number}\n\n" for number in range(2_400))
        await save(shop, "".join(lines), "server/texts/note.txt")

    answer = await shop.ask("GET", "/config/diff/server/texts/note.txt?from=1")

    assert [line for line in answer.text.splitlines() if line.startswith("-a")] == [
        f"-a {n}" for n in range(0, 2_400, 20)
    ]


async def test_a_roll_back_appends_what_was(shop: Shop) -> None:
    await save(shop)
    await save(shop, GOOD + "logoText: Oops\n")

    answer = await shop.ask("POST", f"/config/rollback/{CARD}", {"version": 1}, headers={"if-match": '"2"'})

    assert (answer.status_code, answer.json()["version"], answer.headers["etag"]) == (200, 3, '"3"')
    assert (await shop.ask("GET", FILE)).text == GOOD
    stale = await shop.ask("POST", f"/config/rollback/{CARD}", {"version": 2}, headers={"if-match": '"2"'})
    assert stale.status_code == 412


async def test_a_roll_back_brings_a_removed_file_back(shop: Shop) -> None:
    await save(shop)
    await shop.ask("DELETE", FILE)

    assert (await shop.ask("POST", f"/config/rollback/{CARD}", {"version": 1})).status_code == 200
    assert (await shop.ask("GET", FILE)).text == GOOD


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"version": 0}, 400), ({"version": "1"}, 400), ({"version": 9}, 404), ({"version": 1, "x": 1}, 400)],
)
async def test_a_roll_back_names_a_version_that_is_there(shop: Shop, body: dict[str, Any], status: int) -> None:
    await save(shop)

    assert (await shop.ask("POST", f"/config/rollback/{CARD}", body)).status_code == status


async def test_a_repeated_write_is_answered_again_and_a_dry_run_writes_nothing(shop: Shop) -> None:
    headers = {**YAML, "idempotency-key": "once"}
    first = await shop.ask("PUT", FILE, GOOD.encode(), headers=headers)
    await save(shop, GOOD + "logoText: x\n")
    again = await shop.ask("PUT", FILE, GOOD.encode(), headers=headers)
    dry = await shop.ask("DELETE", FILE, headers={"guerdon-dry-run": "true"})

    assert (first.json(), again.headers["idempotency-replayed"], dry.status_code) == (again.json(), "true", 204)
    assert (await shop.ask("GET", FILE)).headers["etag"] == '"2"'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", FILE),
        ("DELETE", FILE),
        ("POST", f"/config/rollback/{CARD}"),
        ("POST", "/config/push"),
    ],
)
async def test_a_reader_writes_nothing(shop: Shop, method: str, path: str) -> None:
    reader = await shop.make_key("Config.Read")

    assert (await shop.ask(method, path, {}, key=reader)).status_code == 403
    assert (await shop.ask(method, path, {}, key="")).status_code == 401


async def test_files_of_another_tenant_are_not_there(shop: Shop) -> None:
    answer = await shop.http.get(f"/api/other-one/config/files/{CARD}", headers={"x-api-key": shop.key})

    assert answer.status_code == 404


async def test_a_verb_that_is_not_spoken_at_a_deep_path_is_told(shop: Shop) -> None:
    answer = await shop.ask("PATCH", FILE, {})

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PUT")


async def test_a_picture_is_sent_and_told_as_such(shop: Shop) -> None:
    answer = await shop.ask("PUT", f"/config/files/{ICON_PATH}", icon(), headers=PNG)

    assert answer.json() == {"path": ICON_PATH, "version": 1, "changed": False, "findings": []}
