"""Whatever is sent, the answer is an honest refusal: a problem document of the 4xx, never a failure of ours."""

import json
from collections.abc import Callable, Iterator

import httpx2
import jwt
import pytest

from guerdon_client import Guerdon, Problem
from tests.acceptance.builders import a_card
from tests.acceptance.running import Running

JSON = {"Content-Type": "application/json"}
GRANT = '{"type": "MultiUse"'
MOVE = '{"oldValue": 5, "movementValue": 1'


def check(answer: httpx2.Response, status: int) -> dict[str, object]:
    """Check that an answer is a whole problem document, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["status"] == status
    assert document["type"] == f"https://guerdon.dev/errors/{document['code']}"
    assert document["instance"] == answer.headers["x-request-id"]
    assert document["title"]
    assert document["detail"]
    for secret in ("Traceback", "SELECT ", "asyncpg", "site-packages"):
        assert secret not in answer.text
    return document


def outcome_of(operation: Callable[[], object]) -> int:
    """Tell the status that a call of the client ends with."""
    try:
        operation()
    except Problem as refused:
        return refused.status
    return 200


@pytest.fixture
def card(shop: Guerdon, pass_id: str) -> Iterator[str]:
    """A card worth 5, which is still worth that at the end."""
    made = a_card(shop, pass_id, 5)
    before = shop.get_privilege(made)
    yield made
    assert shop.get_privilege(made) == before


BROKEN_BODIES = [
    b"",
    b"{",
    b"}",
    b"nonsense",
    b'"text"',
    b"[]",
    b"null",
    b"7",
    b'{"type": "MultiUse",}',
    b"{'type': 'MultiUse'}",
    b'{"type": "MultiUse"} {}',
    b'{"type": "MultiUse", "externalId": "\xff\xfe"}',
    b'{"type": "MultiUse", "externalId": "a\\u0000b"}',
    b'{"type": "MultiUse", "externalId": "\\ud800"}',
    b'{"type": "MultiUse", "data": {"value": NaN}}',
    b'{"type": "MultiUse", "data": {"value": Infinity}}',
    b'{"type": "MultiUse", "data": {"value": -Infinity}}',
    b'{"type": "MultiUse", "data": {"value": 1e400}}',
    b'{"type": "MultiUse", "data": {"value": 1' + b"0" * 400 + b"}}",
    b'{"type": "MultiUse", "data": {"value": 1000000000001}}',
    b'{"type": "MultiUse", "data": {"value": "5"}}',
    b'{"type": "MultiUse", "data": {"value": true}}',
    b'{"type": "MultiUse", "priority": 2147483648}',
    b'{"type": "MultiUse", "priority": 1.5}',
    b'{"type": "MultiUse", "unknown": 1}',
    b'{"type": "Sometimes"}',
    b'{"type": null}',
    b"{}",
    b'{"type": "MultiUse", "externalId": ""}',
    b'{"type": "MultiUse", "externalId": "' + b"x" * 101 + b'"}',
    b'{"type": "MultiUse", "categories": ["Nonsense"]}',
    b'{"type": "MultiUse", "deletionDate": "tomorrow"}',
    b'{"type": "MultiUse", "deletionDate": "2026-02-30T00:00:00Z"}',
    b'{"type": "MultiUse", "deletionDate": "2026-01-01T00:00:00"}',
    b'{"type": "MultiUse", "deletionDate": 1767225600}',
    b'{"type": "MultiUse", "content": {"title": {"values": {"DE": "x"}}}}',
    b'{"type": "MultiUse", "links": {"callToAction": {"title": {}}}}',
    b'{"type": "MultiUse", "options": {"correlationId": "short"}}',
    b'{"type": "MultiUse", "options": {"notification": {}}}',
    b'{"type": "MultiUse", "data": {"movements": [{"movementId": "a"}]}}',
    b"[" * 50_000,
    b'{"a":' * 5_000,
    b'{"type": "MultiUse", "origin": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
]


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=lambda body: repr(body[:50]))
def test_a_broken_body_is_refused_everywhere(raw: httpx2.Client, pass_id: str, card: str, body: bytes) -> None:
    check(raw.post(f"/passes/{pass_id}/privileges", content=body, headers=JSON), 400)
    check(raw.post(f"/passes/privileges/{card}/movements", content=body, headers=JSON), 400)
    check(raw.post("/admin/apiKeys", content=body, headers=JSON), 400)


@pytest.mark.parametrize("body", BROKEN_BODIES[1:8], ids=lambda body: repr(body[:50]))
def test_a_broken_pass_is_refused(raw: httpx2.Client, pass_id: str, body: bytes) -> None:
    check(raw.post("/passes?passType=loyalty", content=body, headers=JSON), 400)
    check(raw.patch(f"/passes/{pass_id}", content=body, headers=JSON), 400)


@pytest.mark.parametrize(
    "members",
    [
        '"movementValue": 1',
        '"oldValue": 5',
        '"oldValue": 5, "movementValue": 0',
        '"oldValue": 5, "movementValue": 0.0000001',
        '"oldValue": 5, "movementValue": null',
        '"oldValue": "5", "movementValue": 1',
        '"oldValue": 5, "movementValue": "1"',
        '"oldValue": 5, "movementValue": true',
        '"oldValue": 5, "movementValue": NaN',
        '"oldValue": 5, "movementValue": 1e13',
        '"oldValue": 5, "movementValue": 1e999999999',
        '"oldValue": 5, "movementValue": 1' + "0" * 400,
        '"oldValue": 5, "movementValue": [1]',
        '"oldValue": 5, "movementValue": {"a": 1}',
        '"oldValue": 5, "movementValue": 01',
        '"oldValue": 5, "movementValue": +1',
        '"oldValue": 5, "movementValue": .5',
        '"oldValue": 5, "movementValue": 0x1',
        '"oldValue": 5, "movementValue": 1, "remarks": ""',
        '"oldValue": 5, "movementValue": 1, "remarks": "' + "x" * 501 + '"',
        '"oldValue": 5, "movementValue": 1, "remarks": "\\u0000"',
        '"oldValue": 5, "movementValue": 1, "movementId": ""',
        '"oldValue": 5, "movementValue": 1, "movementId": "a b"',
        '"oldValue": 5, "movementValue": 1, "movementId": "' + "x" * 65 + '"',
        '"oldValue": 5, "movementValue": 1, "unknown": 1',
        '"OldValue": 5, "movementValue": 1',
    ],
    ids=lambda members: members[:60],
)
def test_a_broken_movement_is_refused(raw: httpx2.Client, card: str, members: str) -> None:
    path = f"/passes/privileges/{card}/movements"

    check(raw.post(path, content=f"{{{members}}}", headers=JSON), 400)


def test_all_mistakes_are_told_at_once(raw: httpx2.Client, pass_id: str, card: str) -> None:
    granted = raw.post(f"/passes/{pass_id}/privileges", json={"priority": "high", "data": {"value": "x"}, "odd": 1})
    moved = raw.post(f"/passes/privileges/{card}/movements", json={"oldValue": "x", "odd": 1})

    assert set(json.loads(granted.text)["errors"]) == {"type", "priority", "data.value", "odd"}
    assert set(json.loads(moved.text)["errors"]) == {"oldValue", "movementValue", "odd"}


def test_a_body_over_the_limit_is_refused(raw: httpx2.Client, pass_id: str, card: str) -> None:
    body = b'{"type": "' + b"x" * (2 * 1024 * 1024) + b'"}'

    for path in (f"/passes/{pass_id}/privileges", f"/passes/privileges/{card}/movements", "/passes?passType=loyalty"):
        check(raw.post(path, content=body, headers=JSON), 413)
    check(raw.post(f"/passes/{pass_id}/privileges", content=iter([body[:99], body]), headers=JSON), 413)


@pytest.mark.parametrize("media_type", ["text/xml", "application/x-www-form-urlencoded", "application/jsonx", "json"])
def test_another_media_type_is_refused(raw: httpx2.Client, pass_id: str, card: str, media_type: str) -> None:
    headers = {"Content-Type": media_type}

    check(raw.post(f"/passes/{pass_id}/privileges", content=GRANT + "}", headers=headers), 415)
    check(raw.post(f"/passes/privileges/{card}/movements", content=MOVE + "}", headers=headers), 415)


def test_a_body_without_a_media_type_is_refused(raw: httpx2.Client, pass_id: str) -> None:
    check(raw.post(f"/passes/{pass_id}/privileges", content=GRANT + "}"), 415)


@pytest.mark.parametrize("version", ["x", '"x"', "W/x", "1.0", '"-1"', '"99999999999999999999999"', '"1", "2"'])
def test_a_version_that_is_none_is_refused(raw: httpx2.Client, card: str, version: str) -> None:
    headers = {**JSON, "If-Match": version}

    check(raw.post(f"/passes/privileges/{card}/movements", content=MOVE + "}", headers=headers), 400)


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "x" * 256}, {"Guerdon-Dry-Run": "perhaps"}])
def test_a_header_that_is_not_understood_is_refused(
    raw: httpx2.Client, pass_id: str, card: str, headers: dict[str, str]
) -> None:
    check(raw.post(f"/passes/privileges/{card}/movements", content=MOVE + "}", headers={**JSON, **headers}), 400)
    check(raw.post(f"/passes/{pass_id}/privileges", content=GRANT + "}", headers={**JSON, **headers}), 400)
    check(raw.delete(f"/passes/privileges/{card}", headers=headers), 400)


@pytest.mark.parametrize("as_of", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", ""])
def test_an_instant_that_is_none_is_refused(raw: httpx2.Client, pass_id: str, card: str, as_of: str) -> None:
    for path in (f"/passes/{pass_id}/privileges", f"/passes/privileges/{card}"):
        check(raw.get(path, params={"asOf": as_of}), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/passes/a%00b/document",
        "/passes/findPass?customerId=%00",
        "/passes/privileges/%00",
        "/passes/findPass?" + "a" * 101 + "=x",
        "/passes/findPass?a=" + "x" * 501,
        "/passes/findPass?a=",
        "/passes/findPass?" + "&".join(f"n{number}=x" for number in range(21)),
        "/passes/aaaaaaaaaaaaaaaaaaaa?device=nokia",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(raw: httpx2.Client, path: str) -> None:
    check(raw.get(path), 400)


@pytest.mark.parametrize("path", ["/passes/%FF%FE/document", "/passes/'%20OR%201=1/document", "/passes/privileges/%F0"])
def test_an_id_that_cannot_be_one_is_not_found(raw: httpx2.Client, path: str) -> None:
    check(raw.get(path), 404)


def test_identifiers_in_broken_text_find_nothing_or_are_refused(raw: httpx2.Client) -> None:
    assert raw.get("/passes/findPass?customerId=%FF%FE").status_code in {204, 400}


@pytest.mark.parametrize(
    "key", ["x", "gk.demo.x", "gk.demo.0000000000000000." + "A" * 43, "é".encode().decode("latin-1")]
)
def test_a_key_that_nobody_has_is_refused(running: Running, pass_id: str, key: str) -> None:
    url = f"{running.sandbox.base_url}/api/demo/passes/{pass_id}/document"

    answer = httpx2.get(url, headers=[(b"X-API-KEY", key.encode("latin-1"))])

    check(answer, 401)
    assert "ApiKey" in answer.headers["www-authenticate"]


def test_no_credential_is_refused_before_the_body_is_read(running: Running, pass_id: str, card: str) -> None:
    with running.raw("") as stranger:
        check(stranger.get(f"/passes/{pass_id}/document"), 401)
        check(stranger.post(f"/passes/{pass_id}/privileges", content=b"{", headers=JSON), 401)
        check(stranger.post(f"/passes/privileges/{card}/movements", content=b"{", headers=JSON), 401)


def test_a_token_that_was_altered_or_has_no_signature_is_refused(running: Running, pass_id: str) -> None:
    header, claims, signature = running.sandbox.customer_token.split(".")
    none = "eyJhbGciOiJub25lIn0"
    url = f"{running.sandbox.base_url}/api/demo/passes/{pass_id}/document"
    for token in (f"{header}.{claims}.{signature[:-4]}AAAA", f"{none}.{claims}.", f"{header}.{claims}", "x", "a.b.c"):
        check(httpx2.get(url, headers={"Authorization": f"Bearer {token}"}), 401)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"exp": 1}, 401),
        ({"nbf": 32503680000}, 401),
        ({"iss": "urn:somebody-else"}, 401),
        ({"aud": "somebody-else"}, 401),
        ({"TENANT": "other"}, 404),
        ({"scope": ""}, 403),
    ],
)
def test_a_token_counts_while_it_is_good(
    running: Running, pass_id: str, changed: dict[str, object], status: int
) -> None:
    claims = jwt.decode(running.sandbox.customer_token, options={"verify_signature": False})
    key = (running.home / "sandbox" / "token-issuer-key.pem").read_text()
    token = jwt.encode({**claims, "scope": "Pass.Read", **changed}, key, "ES256")

    with Guerdon(running.sandbox.base_url, "demo", token=token) as person:
        answer = outcome_of(lambda: person.get_pass_document(pass_id))

    assert answer == status


@pytest.mark.parametrize(
    "said",
    [
        {"scope": "openid Pass.Read"},
        {"scp": ["Pass.Read", "Wallet.Read"]},
        {"permissions": ["Pass.Read"]},
        {"authorities": ["ROLE_SU"]},
        {"scope": "*"},
    ],
)
def test_what_a_token_may_is_read_in_each_of_its_spellings(
    running: Running, pass_id: str, said: dict[str, object]
) -> None:
    claims = jwt.decode(running.sandbox.customer_token, options={"verify_signature": False})
    kept = {name: claim for name, claim in claims.items() if name not in {"scope", "scp", "permissions", "authorities"}}
    key = (running.home / "sandbox" / "token-issuer-key.pem").read_text()

    with Guerdon(running.sandbox.base_url, "demo", token=jwt.encode({**kept, **said}, key, "ES256")) as person:
        assert person.get_pass_document(pass_id).pass_id == pass_id


@pytest.mark.parametrize("tenant_id", ["nobody", "DEMO", "-", "x" * 300, "de%20mo", "%00"])
def test_a_tenant_that_does_not_exist_is_refused(running: Running, pass_id: str, tenant_id: str) -> None:
    url = f"{running.sandbox.base_url}/api/{tenant_id}/passes/{pass_id}"
    headers = {"X-API-KEY": running.sandbox.api_key}
    for path in ("/document", "/privileges", "?device=apple", "?device=preview", "/view"):
        answer = httpx2.get(url + path, headers=headers)

        assert answer.status_code in {400, 404}, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
