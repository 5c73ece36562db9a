from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import assert_type
from uuid import uuid4

import pytest

from guerdon_client import (
    AsyncGuerdon,
    Content,
    Guerdon,
    LocalizedText,
    MovementApplied,
    NewPrivilege,
    Notification,
    Privilege,
    PrivilegeChange,
    PrivilegeData,
    PrivilegeOptions,
    Retries,
    hmac_proof,
)
from guerdon_client.coupons import list_coupons
from guerdon_client.exact import write_json
from guerdon_client.passes import create_pass, find_pass, get_pass_document, preview_pass, update_pass
from guerdon_client.privileges import apply_movement, get_privilege, list_privileges, put_privilege
from guerdon_client.rewards import claim_reward
from guerdon_client.vouchers import use_voucher
from guerdon_client.wallets import get_wallet
from tests.client.conftest import Settings, Speak
from tests.client.stand_in import reply, stand_in

ANY = reply({})


@pytest.mark.parametrize("number", ["0.10", "999999999999.999999", "1E+2", "-0.000001"])
def test_a_number_is_sent_as_it_was_written(number: str) -> None:
    assert write_json({"value": Decimal(number)}) == f'{{"value":{number}}}'.encode()


@pytest.mark.parametrize("number", [0.1, 1.0, float("nan")])
def test_a_float_is_refused_before_anything_is_sent(number: float) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        apply_movement("v", number, 0)  # pyright: ignore[reportArgumentType]  # what the types forbid
    with pytest.raises(TypeError, match="Decimal"):
        create_pass("loyalty", additional_data={"deep": [{"price": number}]})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="JSON knows no"):
        apply_movement("v", Decimal(number), 0)


def test_a_wallet_is_named_by_its_uuid_or_by_its_text() -> None:
    one, other = uuid4(), uuid4()

    assert get_wallet(one).path == get_wallet(str(one)).path
    assert list_coupons(one).path == list_coupons(str(one)).path
    assert claim_reward(one, other).path == claim_reward(str(one), other).path
    assert use_voucher(one, other).path == use_voucher(str(one), other).path


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        get_privilege("v", as_of=datetime(2026, 1, 1))  # noqa: DTZ001  # the mistake itself


def test_a_time_is_sent_in_utc(speak: Speak) -> None:
    as_of = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1)))

    with stand_in(reply([])) as server:
        speak(server.url, list_privileges("p-12345", as_of=as_of))

    assert server.asked[0].target == "/api/demo/passes/p-12345/privileges?asOf=2026-01-01T00%3A30%3A00Z"


def test_a_new_privilege_is_sent_without_what_is_not_said() -> None:
    new = NewPrivilege(
        "MultiUse",
        content=Content(LocalizedText("Coffee", {"de": "Kaffee"})),
        data=PrivilegeData(Decimal("0.5")),
        options=PrivilegeOptions(notification=Notification("Hello")),
    )

    assert write_json(new) == (
        b'{"type":"MultiUse","content":{"title":{"value":"Coffee","values":{"de":"Kaffee"}}},'
        b'"data":{"value":0.5},"options":{"notification":{"content":"Hello"}}}'
    )


def test_a_change_tells_null_from_absent() -> None:
    assert write_json(PrivilegeChange(priority=None, external_id="a")) == b'{"externalId":"a","priority":null}'


def test_a_removed_key_is_sent_as_null(speak: Speak) -> None:
    with stand_in(ANY) as server:
        speak(server.url, update_pass("p-12345", metadata={"tier": None}))

    assert server.asked[0].json() == {"metadata": {"tier": None}}


def test_identifiers_are_sent_in_brackets_and_quoted(speak: Speak) -> None:
    with stand_in(ANY) as server:
        speak(server.url, put_privilege({"y2.id": "a&b=c d+é"}, "v", PrivilegeChange()))

    assert server.asked[0].target == ("/api/demo/passes/privileges/v?identifiers%5By2.id%5D=a%26b%3Dc%20d%2B%C3%A9")


def test_ids_are_quoted_whole(speak: Speak) -> None:
    with stand_in(reply({"privilegeId": "v", "type": "x"})) as server:
        speak(server.url, get_privilege("a/b?c#d %é"))

    assert server.asked[0].target == "/api/demo/passes/privileges/a%2Fb%3Fc%23d%20%25%C3%A9"


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_an_id_that_would_lead_elsewhere_is_refused(segment: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in an address"):
        get_pass_document(segment)
    with pytest.raises(ValueError, match="cannot stand in an address"):
        Guerdon("http://127.0.0.1", segment)


def test_proofs_travel_beside_their_identifiers(speak: Speak) -> None:
    # RFC 4231, test case 2.
    proof = hmac_proof(b"Jefe".hex(), "what do ya want for nothing?")

    with stand_in(reply({"passId": "p"})) as server:
        speak(server.url, create_pass("loyalty", {"customerId": "7"}, proofs={"customerId": proof}))

    assert proof == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert server.asked[0].json() == {
        "identifiers": {"customerId": "7", "customerId.hmac": proof},
        "metadata": {},
        "additionalData": {},
    }


def test_a_proof_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no identifier memberId"):
        find_pass({"customerId": "7"}, proofs={"memberId": "00"})
    with pytest.raises(ValueError, match="at least one"):
        list_privileges({})


@pytest.mark.parametrize(
    ("credential", "sent"),
    [
        ({"api_key": "gk.demo.x"}, {"x-api-key": "gk.demo.x"}),
        ({"token": "a.b.c"}, {"authorization": "Bearer a.b.c"}),
        ({}, {}),
    ],
)
def test_the_credential_is_sent_in_its_header(speak: Speak, credential: Settings, sent: dict[str, str]) -> None:
    with stand_in(reply([])) as server:
        speak(server.url, list_privileges("p-12345"), **credential)

    headers = server.asked[0].headers
    assert {name: headers[name] for name in ("x-api-key", "authorization") if name in headers} == sent


@pytest.mark.parametrize("secret", ["", "line\nbreak-s3cret", "ü-s3cret", " s3cret"])
def test_a_credential_that_cannot_be_sent_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValueError, match="printable") as refused:
        Guerdon("http://127.0.0.1", "demo", api_key=secret)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://host", "http://user:pw@host", "http://host?a=1", "http://"]
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        AsyncGuerdon(url, "demo")


@pytest.mark.parametrize("key", ["", "k" * 256, "line\nbreak", "ü", " k"])
def test_an_idempotency_key_that_cannot_be_sent_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        create_pass("loyalty", idempotency_key=key)


def test_a_base_url_may_have_a_path(speak: Speak) -> None:
    with stand_in(reply([])) as server:
        speak(f"{server.url}/guerdon/", list_privileges("p-12345"))

    assert server.asked[0].target == "/guerdon/api/demo/passes/p-12345/privileges"


def test_a_version_and_a_language_are_sent_in_their_headers(speak: Speak) -> None:
    preview: dict[str, object] = {
        "passId": "p",
        "passType": "t",
        "language": "de",
        "voided": False,
        "apple": {},
        "google": {},
    }

    with stand_in(reply({"movementId": "m"}), reply(preview)) as server:
        speak(server.url, apply_movement("v", 1, 0, if_version=7, movement_id="m"))
        speak(server.url, preview_pass("p-12345", "de"))

    assert server.asked[0].headers["if-match"] == '"7"'
    assert server.asked[0].body == b'{"oldValue":0,"movementValue":1,"movementId":"m"}'
    assert server.asked[1].headers["accept-language"] == "de"


def test_pauses_grow_up_to_a_bound_and_vary() -> None:
    retries = Retries(first_pause_s=1, pause_max_s=5)

    assert [retries.pause_s(attempt, 1) for attempt in (1, 2, 3, 4, 60)] == [1, 2, 4, 5, 5]
    assert retries.pause_s(3, 0) == 2


async def test_both_clients_have_the_same_operations_with_types() -> None:
    with stand_in(reply({"movementId": "m"})) as server:
        with Guerdon(server.url, "demo") as blocking:
            assert_type(blocking.apply_movement("v", 1, 0), MovementApplied)
        async with AsyncGuerdon(server.url, "demo") as waiting:
            assert_type(await waiting.apply_movement("v", 1, 0), MovementApplied)

    with stand_in(reply({"privilegeId": "v", "type": "x"})) as server:
        async with AsyncGuerdon(server.url, "demo") as waiting:
            assert_type(await waiting.get_privilege("v"), Privilege)
    assert blocking.apply_movement.__doc__ == waiting.apply_movement.__doc__ == apply_movement.__doc__


def test_secrets_are_not_shown() -> None:
    with Guerdon("http://127.0.0.1", "demo", api_key="gk.s3cret") as client:
        assert "s3cret" not in repr(vars(client))
