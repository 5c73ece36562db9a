from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import run
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from guerdon.delivery.apple.certificates import Expected, read_p12, read_pem
from guerdon.delivery.apple.development_authority import DevelopmentAuthority, create_authority, issue_identity
from guerdon.delivery.apple.errors import (
    CertificateNotAccepted,
    KeyPasswordWrong,
    P12PasswordWrong,
    P12Unreadable,
    PemUnreadable,
)
from guerdon.delivery.apple.identity import SigningIdentity

Export = Callable[..., bytes]


@pytest.fixture
def exported(identity: SigningIdentity, tmp_path: Path) -> Export:
    """A .p12 as `openssl pkcs12` writes it, which is not what `cryptography` would write."""

    def export(password: str, *options: str, key: bytes = identity.key_pem) -> bytes:
        files = {"certificate.pem": identity.certificate_pem, "key.pem": key, "chain.pem": identity.chain_pem}
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        inputs = ["-in", "certificate.pem", "-inkey", "key.pem"]
        command = ["openssl", "pkcs12", "-export", *inputs, "-out", "out.p12", "-passout", f"pass:{password}"]
        run([*command, *options], cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / "out.p12").read_bytes()

    return export


def issued(
    authority: DevelopmentAuthority, now: datetime, subject: dict[x509.ObjectIdentifier, str]
) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate_for(authority, now, subject, key.public_key()), key_pem(key)


def certificate_for(
    authority: DevelopmentAuthority,
    now: datetime,
    subject: dict[x509.ObjectIdentifier, str],
    public_key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
) -> bytes:
    issuer = x509.load_pem_x509_certificate(authority.intermediate_pem)
    issuer_key = load_pem_private_key(authority.intermediate_key_pem, None)
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject.items()])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(99)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .sign(issuer_key, SHA256())  # pyright: ignore[reportArgumentType]  # an RSA key, as the authority's are
    )
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def codes(refusal: pytest.ExceptionInfo[CertificateNotAccepted]) -> list[str]:
    return [mistake.code for mistake in refusal.value.mistakes]


LEGACY = ["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]


@pytest.mark.parametrize("password", ["", "secret", "pässwörd"])
@pytest.mark.parametrize("options", [[], LEGACY, ["-certfile", "chain.pem"]])
def test_a_p12_export_is_taken_in(
    exported: Export, identity: SigningIdentity, now: datetime, password: str, options: list[str]
) -> None:
    taken = read_p12(exported(password, *options), password, now=now, intermediates=identity.chain_pem)

    assert taken == identity


def test_the_intermediate_may_come_inside_the_p12(exported: Export, identity: SigningIdentity, now: datetime) -> None:
    taken = read_p12(exported("x", "-certfile", "chain.pem"), "x", now=now)

    assert taken.chain_pem == identity.chain_pem


def test_a_wrong_password_is_told_from_a_wrong_file(exported: Export, now: datetime) -> None:
    with pytest.raises(P12PasswordWrong):
        read_p12(exported("right"), "wrong", now=now)
    with pytest.raises(P12PasswordWrong):
        read_p12(exported("right"), "", now=now)
    for junk in (b"", b"junk", b"0\x03\x02\x01\x01", bytes(2_000_000)):
        with pytest.raises(P12Unreadable):
            read_p12(junk, "x", now=now)


def test_a_p12_without_its_key_says_how_to_export_it(exported: Export, now: datetime) -> None:
    with pytest.raises(CertificateNotAccepted, match="Keychain Access") as refusal:
        read_p12(exported("x", "-nokeys"), "x", now=now)

    assert "key_missing" in codes(refusal)


def test_a_pem_pair_is_taken_in(identity: SigningIdentity, now: datetime) -> None:
    taken = read_pem(
        identity.certificate_pem, identity.key_pem, now=now, intermediates=identity.chain_pem, expected=EXPECTED
    )

    assert taken == identity


EXPECTED = Expected("pass.org.example.demo", "TEAM123456")


def test_der_files_as_apple_serves_them_are_taken_in(identity: SigningIdentity, now: datetime) -> None:
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem).public_bytes(Encoding.DER)
    chain = x509.load_pem_x509_certificate(identity.chain_pem).public_bytes(Encoding.DER)

    assert read_pem(certificate, identity.key_pem, now=now, intermediates=chain) == identity


def test_one_file_may_hold_certificate_and_chain(identity: SigningIdentity, now: datetime) -> None:
    assert read_pem(identity.certificate_pem + identity.chain_pem, identity.key_pem, now=now) == identity


def test_an_encrypted_key_opens_with_its_password_alone(identity: SigningIdentity, now: datetime) -> None:
    key = load_pem_private_key(identity.key_pem, None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
    both = identity.certificate_pem + identity.chain_pem

    assert read_pem(both, locked, now=now, key_password="right") == identity
    for password in ("wrong", ""):
        with pytest.raises(KeyPasswordWrong):
            read_pem(both, locked, now=now, key_password=password)


def test_a_password_for_an_open_key_does_no_harm(identity: SigningIdentity, now: datetime) -> None:
    both = identity.certificate_pem + identity.chain_pem

    assert read_pem(both, identity.key_pem, now=now, key_password="needless") == identity


def test_unreadable_pem_says_which_part(identity: SigningIdentity, now: datetime) -> None:
    for certificate in (b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"):
        with pytest.raises(PemUnreadable, match="certificate"):
            read_pem(certificate, identity.key_pem, now=now)
    with pytest.raises(PemUnreadable, match="private key"):
        read_pem(identity.certificate_pem, b"junk", now=now)


def test_an_ec_key_signs_passes_too(authority: DevelopmentAuthority, now: datetime) -> None:
    subject = {NameOID.USER_ID: "pass.org.example.ec", NameOID.ORGANIZATIONAL_UNIT_NAME: "TEAM123456"}
    certificate, key = issued(authority, now, subject)

    assert read_pem(certificate + authority.intermediate_pem, key, now=now).team_identifier == "TEAM123456"


def test_every_mistake_is_told_at_once(
    identity: SigningIdentity, authority: DevelopmentAuthority, now: datetime
) -> None:
    other = issue_identity(
        authority, pass_type_identifier="pass.other", team_identifier="OTHER12345", now=now, serial_number=5
    )

    with pytest.raises(CertificateNotAccepted) as refusal:
        read_pem(other.certificate_pem, identity.key_pem, now=other.expires_at, expected=EXPECTED)

    assert codes(refusal) == [
        "certificate_expired",
        "pass_type_mismatch",
        "team_mismatch",
        "key_mismatch",
        "intermediate_missing",
    ]
    document = refusal.value.document("request-1")
    assert set(cast("dict[str, object]", document["errors"])) == {"certificate", "key", "intermediate"}


def test_a_certificate_that_is_not_for_passes_is_named_so(authority: DevelopmentAuthority, now: datetime) -> None:
    certificate, key = issued(authority, now, {NameOID.COMMON_NAME: "Apple Push Services"})

    with pytest.raises(CertificateNotAccepted, match="no Pass Type ID certificate") as refusal:
        read_pem(certificate + authority.intermediate_pem, key, now=now)

    assert codes(refusal) == ["pass_type_missing", "team_missing"]


def test_an_unusual_key_is_refused(authority: DevelopmentAuthority, now: datetime) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    subject = {NameOID.USER_ID: "pass.x", NameOID.ORGANIZATIONAL_UNIT_NAME: "TEAM123456"}
    certificate = certificate_for(authority, now, subject, key.public_key())

    with pytest.raises(CertificateNotAccepted) as refusal:
        read_pem(certificate + authority.intermediate_pem, key_pem(key), now=now)

    assert codes(refusal) == ["key_kind_unsupported"]


def test_an_intermediate_of_another_generation_is_told_from_a_missing_one(
    identity: SigningIdentity, now: datetime
) -> None:
    other_generation = create_authority(now).intermediate_pem

    with pytest.raises(CertificateNotAccepted) as refusal:
        read_pem(identity.certificate_pem, identity.key_pem, now=now, intermediates=other_generation)

    assert codes(refusal) == ["intermediate_wrong"]


def test_the_right_intermediate_is_found_among_others(identity: SigningIdentity, now: datetime) -> None:
    several = create_authority(now).intermediate_pem + identity.chain_pem

    taken = read_pem(identity.certificate_pem, identity.key_pem, now=now, intermediates=several)

    assert taken.chain_pem == identity.chain_pem


def test_an_expired_intermediate_is_refused_though_the_certificate_lives(now: datetime) -> None:
    old = create_authority(now - timedelta(days=3700))
    identity = issue_identity(
        old, pass_type_identifier="pass.x", team_identifier="TEAM123456", now=now, serial_number=6
    )

    with pytest.raises(CertificateNotAccepted) as refusal:
        read_pem(identity.certificate_pem + identity.chain_pem, identity.key_pem, now=now)

    assert codes(refusal) == ["intermediate_expired"]


def test_the_identity_ends_with_the_first_certificate_to_end(now: datetime) -> None:
    ageing = create_authority(now - timedelta(days=3640))
    identity = issue_identity(
        ageing, pass_type_identifier="pass.x", team_identifier="TEAM123456", now=now, serial_number=6
    )

    taken = read_pem(identity.certificate_pem + identity.chain_pem, identity.key_pem, now=now)

    assert taken.expires_at == now + timedelta(days=10)


def test_a_certificate_of_the_future_points_to_the_clock(identity: SigningIdentity, now: datetime) -> None:
    with pytest.raises(CertificateNotAccepted, match="clock of this server"):
        read_pem(identity.certificate_pem + identity.chain_pem, identity.key_pem, now=now - timedelta(days=1))


def test_a_refusal_holds_no_secret(identity: SigningIdentity, now: datetime) -> None:
    with pytest.raises(CertificateNotAccepted) as refusal:
        read_pem(identity.certificate_pem, identity.key_pem, now=now)

    assert b"PRIVATE" not in refusal.value.body("request-1")
