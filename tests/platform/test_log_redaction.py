import dataclasses
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from guerdon.platform.log_redaction import DEPTH_MAX, TEXT_CHARACTERS_MAX, is_secret_name, redact, redact_text

LEAK = "sesame-4711"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZXNhbWUtNDcxMSJ9.c2VzYW1lLTQ3MTEtc2VzYW1l"
PUSH_TOKEN = "ab12" * 16


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Authorization", "x-api-key", "X-Api-Key", "apiKey", "api_key", "token", "pushToken"),
        *("authenticationToken", "client_secret", "password", "passwd", "hmac", "customerId.hmac", "pkcs12"),
        *("privateKey", "Cookie", "set-cookie", "jwt", "masterKey", "secret_key", "passphrase", "p12", "pin"),
        *("GUERDON_SECRET_KEY", "credentials", "signing key"),
    ],
)
def test_what_stands_under_a_secret_name_is_cut(name: str) -> None:
    assert redact({name: LEAK}) == {name: "***"}


@pytest.mark.parametrize("name", ["pass_id", "tenant_id", "status", "keyboard", "spinner", "pinned", "path", "kind"])
def test_an_ordinary_name_is_not_taken_for_a_secret_one(name: str) -> None:
    assert not is_secret_name(name)


@dataclasses.dataclass
class Credentials:
    user: str
    password: str


class Plain:
    def __repr__(self) -> str:
        return f"Plain(user='ann', password='{LEAK}', n=3)"


class Model(BaseModel):
    token: str


class Broken:
    def __repr__(self) -> str:
        raise ValueError(LEAK)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [{"b": ({"token": LEAK},)}]},
        {"headers": [("x-api-key", LEAK), ("accept", "json")]},
        {"headers": [(b"x-api-key", LEAK.encode())]},
        {"scope": {"headers": ((b"authorization", f"Bearer {LEAK}".encode()),)}},
        {b"password": LEAK},
        Credentials("ann", LEAK),
        [Credentials("ann", LEAK)],
        {"nested": {1: {"secret": {"even": {"deeper": LEAK}}}}},
        {"token": [LEAK, LEAK]},
        Plain(),
        Model(token=LEAK),
        Broken(),
        LEAK.encode(),
        bytearray(LEAK.encode()),
        ValueError(f"password={LEAK}"),
        ValueError({"password": LEAK}),
        {f"Bearer {LEAK}"},
        {f"token={LEAK}": 1},
    ],
)
def test_no_shape_of_data_lets_a_secret_through(value: object) -> None:
    assert LEAK not in repr(redact(value))


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {LEAK}",
        f"authorization: ApplePass {LEAK}",
        f"Authorization: ApiKey {LEAK}",
        f"basic {LEAK}",
        f"ApplePass {LEAK}",
        f"{{'X-API-Key': '{LEAK}', 'other': 1}}",
        f'{{"password": "{LEAK} with spaces"}}',
        f'{{"password": "quo\\"ted {LEAK}"}}',
        f'{{"pushToken":"{LEAK}"}}',
        f"GET /x?token={LEAK}&y=1 HTTP/1.1",
        f"/passes?customerId=1&customerId.hmac={LEAK}",
        f"postgresql://guerdon:{LEAK}@db:5432/guerdon",
        f"connect(user='ann', password='{LEAK}')",
        f"password = {LEAK}",
        f"b'secret': b'{LEAK}'",
        f"headers=[('x-api-key', '{LEAK}')]",
        f"headers=[(b'x-api-key', b'{LEAK}')]",
        f"gk.demo.k1.{LEAK}",
        f"the key gk.demo.k1.{LEAK}.",
        f"-----BEGIN RSA PRIVATE KEY-----\n{LEAK}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{LEAK}",
        f"-----BEGIN ENCRYPTED PRIVATE KEY-----\\n{LEAK}\\n-----END ENCRYPTED PRIVATE KEY-----",
        f"secret:{LEAK}",
        f"api-key={LEAK};x",
        f"PASSWORD={LEAK}",
        f"Set-Cookie: session={LEAK}; HttpOnly",
    ],
)
def test_no_shape_of_text_lets_a_secret_through(text: str) -> None:
    assert LEAK not in redact_text(text)


@pytest.mark.parametrize(
    "text", [JWT, f"jwt {JWT}.", f"'{JWT}'", f"?t={JWT}&a=b", f"x-{JWT}", JWT.rpartition(".")[0] + "."]
)
def test_a_json_web_token_is_cut_wherever_it_stands(text: str) -> None:
    assert "eyJ" not in redact_text(text)
    assert "c2VzYW1l" not in redact_text(text)


@pytest.mark.parametrize("text", [PUSH_TOKEN, f"/3/device/{PUSH_TOKEN}", f"<{PUSH_TOKEN.upper()}>"])
def test_a_push_token_is_cut_wherever_it_stands(text: str) -> None:
    assert "ab12ab12" not in redact_text(text).lower()


def test_a_key_of_ours_still_tells_which_one_it_was() -> None:
    assert redact_text("refused gk.demo.k1.abc_DEF-123") == "refused gk.demo.k1.***"


@pytest.mark.parametrize(
    "text",
    [
        "pass 01J8Z3K4M5N6P7Q8R9S0 of tenant demo was pushed to 3 devices",
        "PUT /v1/privileges/abc/movements/m-1 409 in 4.2 ms",
        "1 500 jobs were returned; the basic rule holds",
        "https://example.org/passes?customerId=1",
        'Traceback (most recent call last):\n  File "x.py", line 3, in f\nValueError: 12',
        "01a205bb-5e23-71d9-a06c-46a745c859ec",
        "monkeyJungle.example.org",
    ],
)
def test_an_ordinary_line_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_plain_data_stays_readable() -> None:
    value = {
        "n": 3,
        "ok": True,
        "none": None,
        "ratio": 0.5,
        "amount": Decimal("1.50"),
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "has_password": True,
        "token": None,
    }

    redacted = redact(value)

    assert isinstance(redacted, dict)
    assert (redacted["n"], redacted["ok"], redacted["none"], redacted["ratio"]) == (3, True, None, 0.5)
    assert redacted["amount"] == "Decimal('1.50')"
    assert (redacted["has_password"], redacted["token"]) == (True, None)


def test_what_contains_itself_has_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert "…" in repr(redact(loop))
    assert repr(redact(loop)).count("[") == DEPTH_MAX


def test_a_very_long_text_keeps_its_beginning_and_its_end() -> None:
    redacted = redact_text("begin " + "x " * 50_000 + " end")

    assert len(redacted) <= TEXT_CHARACTERS_MAX + 10
    assert redacted.startswith("begin")
    assert redacted.endswith("end")


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a.", "://", "://a:", "token", "token=", "eyJ", "eyJ-", "-eyJ", "eyJabcd.", "gk.a.b.", "'", '"\\'),
        *("bearer ", "f" * 7, "-----BEGIN PRIVATE KEY-----", "secret: '", " = "),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (150_000 // len(piece))

    began_at = time.perf_counter()
    redact_text(text)

    assert time.perf_counter() - began_at < 2


@given(st.text(), st.sampled_from(["token", "x-api-key", "password"]))
def test_any_text_under_a_secret_name_is_cut(text: str, name: str) -> None:
    assert redact([{"deep": {name: text}}]) == [{"deep": {name: "***"}}]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.binary(), st.lists, max_leaves=20))
def test_any_data_can_be_redacted(value: object) -> None:
    redact(value)
