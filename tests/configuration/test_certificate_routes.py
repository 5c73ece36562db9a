from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from guerdon.delivery.apple.development_authority import create_authority, issue_identity
from guerdon.delivery.apple.identity import SigningIdentity
from tests.shops import Shop, problem

CERTIFICATE = "/config/apple/certificate"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def identity() -> SigningIdentity:
    return an_identity("pass.org.example.one")


def an_identity(pass_type: str, now: datetime = NOW) -> SigningIdentity:
    return issue_identity(
        create_authority(now),
        pass_type_identifier=pass_type,
        team_identifier="TEAM123456",
        now=now,
        serial_number=7,
    )


def as_pem(identity: SigningIdentity) -> dict[str, str]:
    return {
        "certificate": identity.certificate_pem.decode(),
        "key": identity.key_pem.decode(),
        "intermediates": identity.chain_pem.decode(),
    }


def as_p12(identity: SigningIdentity, password: str) -> dict[str, str]:
    key = load_pem_private_key(identity.key_pem, None)
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    chain = x509.load_pem_x509_certificates(identity.chain_pem)
    sealing = BestAvailableEncryption(password.encode())
    packed = pkcs12.serialize_key_and_certificates(b"x", key, certificate, chain, sealing)  # pyright: ignore[reportArgumentType]
    return {"p12Base64": b64encode(packed).decode(), "password": password}


async def test_a_certificate_is_taken_as_pem_or_as_p12_and_signs_passes(shop: Shop, identity: SigningIdentity) -> None:
    pass_id = await shop.issue(customerId="1")
    assert (await shop.ask("GET", f"/passes/{pass_id}?device=apple")).status_code == 409

    for body in (as_pem(identity), as_p12(identity, "sésame")):
        answer = await shop.ask("POST", CERTIFICATE, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["passTypeIdentifier"] == "pass.org.example.one"

    assert (await shop.ask("GET", f"/passes/{pass_id}?device=apple")).status_code == 200


async def test_its_standing_is_told_and_its_key_is_not(shop: Shop, identity: SigningIdentity) -> None:
    assert problem(await shop.ask("GET", CERTIFICATE))["code"] == "apple_certificate_not_found"
    await shop.ask("POST", CERTIFICATE, as_pem(identity))

    told = await shop.ask("GET", CERTIFICATE)

    assert told.json()["teamIdentifier"] == "TEAM123456"
    assert (told.json()["serialNumber"], told.json()["warnings"]) == ("7", [])
    assert "UID=pass.org.example.one" in told.json()["subject"]
    assert "KEY" not in told.text


async def test_a_certificate_for_another_pass_type_is_taken_with_a_warning(
    shop: Shop, identity: SigningIdentity
) -> None:
    await shop.ask("POST", CERTIFICATE, as_pem(identity))

    answer = await shop.ask("POST", CERTIFICATE, as_pem(an_identity("pass.org.example.two")))

    (warning,) = answer.json()["warnings"]
    assert "pass.org.example.one" in warning


async def test_a_certificate_that_ends_soon_says_so(shop: Shop) -> None:
    young = an_identity("pass.org.example.one")
    left = x509.load_pem_x509_certificate(young.certificate_pem).not_valid_after_utc - NOW
    old = an_identity("pass.org.example.one", NOW - left + timedelta(days=10, hours=1))

    answer = await shop.ask("POST", CERTIFICATE, as_pem(old))

    assert answer.json()["warnings"] == ["It expires in 10 days; renew it at Apple and send it here."]


async def test_every_mistake_of_a_certificate_is_told_and_nothing_is_kept(
    shop: Shop, identity: SigningIdentity
) -> None:
    other = an_identity("pass.org.example.two")
    body = {**as_pem(identity), "key": other.key_pem.decode(), "intermediates": other.chain_pem.decode()}

    told = problem(await shop.ask("POST", CERTIFICATE, body))

    assert told["code"] == "certificate_not_accepted"
    assert {one["code"] for one in told["mistakes"]} == {"key_mismatch", "intermediate_wrong"}
    assert (await shop.ask("GET", CERTIFICATE)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"certificate": "nonsense"}, "pem_unreadable"),
        ({"certificate": ""}, "pem_unreadable"),
        ({"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}, "pem_unreadable"),
        ({"key": "nonsense"}, "pem_unreadable"),
        ({"key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "pem_unreadable"),
        ({"key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"}, "pem_unreadable"),
        ({"key": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"}, "pem_unreadable"),
        ({"intermediates": "nonsense"}, "pem_unreadable"),
        ({"passTypeIdentifier": "pass.org.example.other"}, "certificate_not_accepted"),
        ({"teamIdentifier": "TEAM999999"}, "certificate_not_accepted"),
        ({"key": None}, "invalid_request"),
        ({"p12Base64": "AAAA"}, "invalid_request"),
        ({"certificate": None, "key": None}, "invalid_request"),
        ({"certificate": None, "key": None, "p12Base64": "!"}, "invalid_request"),
        ({"certificate": None, "key": None, "p12Base64": "AAAA"}, "p12_unreadable"),
        ({"certificate": None, "key": None, "p12Base64": ""}, "p12_unreadable"),
        ({"more": 1}, "invalid_request"),
        ({"certificate": 7}, "invalid_request"),
    ],
)
async def test_what_is_no_certificate_is_refused(
    shop: Shop, identity: SigningIdentity, changes: dict[str, Any], code: str
) -> None:
    answer = await shop.ask("POST", CERTIFICATE, {**as_pem(identity), **changes})

    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert "PRIVATE KEY" not in answer.text


async def test_a_wrong_password_is_told(shop: Shop, identity: SigningIdentity) -> None:
    answer = await shop.ask("POST", CERTIFICATE, {**as_p12(identity, "right"), "password": "wrong"})

    assert problem(answer)["code"] == "p12_password_wrong"


async def test_a_certificate_is_sent_by_those_who_may_write_secrets(shop: Shop) -> None:
    weak = await shop.make_key("Config.Write")

    assert (await shop.ask("POST", CERTIFICATE, {}, key=weak)).status_code == 403
