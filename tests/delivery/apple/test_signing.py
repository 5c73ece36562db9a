from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

from guerdon.delivery.apple import der
from guerdon.delivery.apple.development_authority import DevelopmentAuthority, create_authority, issue_identity
from guerdon.delivery.apple.errors import SignerExpired
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.delivery.apple.signing import Signer

Verdict = Callable[..., str]
# What cryptography builds has the time of this machine in it, whenever the tests run.
FOR_EVER = timedelta(days=36_500)
MANIFESTS = [b"{}", b'{"pass.json":"00"}', b"{\n}\n", b'{\r\n "pass.json": "00"\r\n}\r\n', b"a" * 100_000]


def signed_folder(folder: Path, manifest: bytes, signature: bytes) -> Path:
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "signature").write_bytes(signature)
    return folder


@pytest.fixture(scope="module")
def ec_identity(authority: DevelopmentAuthority, now: datetime) -> SigningIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.intermediate_pem)
    issuer_key = load_pem_private_key(authority.intermediate_key_pem, None)
    assert not isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.USER_ID, "pass.org.example.ec")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(2**159 - 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + FOR_EVER)
        .sign(issuer_key, SHA256())  # pyright: ignore[reportArgumentType]  # an RSA key, as the authority's are
    )
    return SigningIdentity(
        pass_type_identifier="pass.org.example.ec",
        team_identifier="TEAM123456",
        expires_at=now + FOR_EVER,
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate_pem=certificate.public_bytes(Encoding.PEM),
        chain_pem=authority.intermediate_pem,
    )


def builder_signature(identity: SigningIdentity, content: bytes) -> bytes:
    key = load_pem_private_key(identity.key_pem, None)
    builder = (
        PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(x509.load_pem_x509_certificate(identity.certificate_pem), key, SHA256())  # pyright: ignore[reportArgumentType]  # RSA or EC
        .add_certificate(x509.load_pem_x509_certificate(identity.chain_pem))
    )
    options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options)


def signing_time(signature: bytes) -> datetime:
    marker = der.object_identifier("1.2.840.113549.1.9.5")
    start = signature.index(marker) + len(marker) + 4
    return datetime.strptime(signature[start : start + 12].decode(), "%y%m%d%H%M%S").replace(tzinfo=UTC)


def printed(folder: Path) -> str:
    command = ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", str(folder / "signature")]
    return run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_openssl_verifies_the_signature_over_the_exact_bytes(
    signer: Signer, now: datetime, openssl_verdict: Verdict, tmp_path: Path, manifest: bytes
) -> None:
    folder = signed_folder(tmp_path, manifest, signer.sign(manifest, now))

    assert "CMS Verification successful" in openssl_verdict(folder, now)


def test_the_signature_is_byte_for_byte_what_cryptography_builds(identity: SigningIdentity) -> None:
    signer = Signer.load(replace(identity, expires_at=identity.expires_at + FOR_EVER))
    theirs = builder_signature(identity, b'{"pass.json":"00"}')

    assert signer.sign(b'{"pass.json":"00"}', signing_time(theirs)) == theirs


def test_an_ec_signature_has_the_structure_that_cryptography_builds(
    ec_identity: SigningIdentity, tmp_path: Path
) -> None:
    theirs = builder_signature(ec_identity, b"{}")
    ours = Signer.load(ec_identity).sign(b"{}", signing_time(theirs))

    outlines = [
        [line.split(" prim: OCTET")[0].split("l=")[0] for line in outline(signature, tmp_path)]
        for signature in (ours, theirs)
    ]

    assert outlines[0] == outlines[1]
    assert len(outlines[0]) > 40


def outline(signature: bytes, folder: Path) -> list[str]:
    path = folder / "outlined"
    path.write_bytes(signature)
    command = ["openssl", "asn1parse", "-inform", "DER", "-in", str(path)]
    lines = run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.partition(":")[2] for line in lines]


def test_openssl_verifies_an_ec_signature(
    ec_identity: SigningIdentity, now: datetime, openssl_verdict: Verdict, tmp_path: Path
) -> None:
    folder = signed_folder(tmp_path, b"{}", Signer.load(ec_identity).sign(b"{}", now))

    assert "CMS Verification successful" in openssl_verdict(folder, now)


def test_the_message_is_detached_timed_and_carries_both_certificates(
    signer: Signer, now: datetime, tmp_path: Path
) -> None:
    text = printed(signed_folder(tmp_path, b"{}", signer.sign(b"{}", now)))

    assert "eContent: <ABSENT>" in text
    assert "algorithm: sha256 (2.16.840.1.101.3.4.2.1)" in text
    assert "sha1" not in text.partition("signerInfos")[2]
    assert "Nov 21 12:30:45 2026 GMT" in text
    assert text.count("d.certificate:") == 2
    assert "pass.org.example.demo" in text


def test_a_signing_time_is_told_in_utc_to_the_second(signer: Signer, now: datetime) -> None:
    elsewhere = datetime.fromisoformat("2026-11-21T14:30:45.9+02:00")

    assert signer.sign(b"{}", elsewhere) == signer.sign(b"{}", now)


def test_one_changed_byte_in_the_manifest_is_seen(
    signer: Signer, now: datetime, openssl_verdict: Verdict, tmp_path: Path
) -> None:
    folder = signed_folder(tmp_path, b"{ }", signer.sign(b"{}", now))

    assert "content verify error" in openssl_verdict(folder, now)


def test_one_changed_byte_in_the_signature_is_seen(
    signer: Signer, now: datetime, openssl_verdict: Verdict, tmp_path: Path
) -> None:
    signature = bytearray(signer.sign(b"{}", now))
    signature[-1] ^= 1

    folder = signed_folder(tmp_path, b"{}", bytes(signature))

    assert "Verification failure" in openssl_verdict(folder, now)


def test_without_its_own_intermediate_the_signature_leads_nowhere(
    identity: SigningIdentity, now: datetime, openssl_verdict: Verdict, tmp_path: Path
) -> None:
    stranger = create_authority(now)
    signer = Signer.load(replace(identity, chain_pem=stranger.intermediate_pem))

    folder = signed_folder(tmp_path, b"{}", signer.sign(b"{}", now))

    assert "unable to get local issuer certificate" in openssl_verdict(folder, now)


def test_a_certificate_of_another_authority_does_not_verify(
    now: datetime, openssl_verdict: Verdict, tmp_path: Path
) -> None:
    stranger = create_authority(now)
    identity = issue_identity(stranger, pass_type_identifier="pass.x", team_identifier="T", now=now, serial_number=1)

    folder = signed_folder(tmp_path, b"{}", Signer.load(identity).sign(b"{}", now))

    assert "Verification failure" in openssl_verdict(folder, now)


def test_an_expired_certificate_signs_nothing(signer: Signer) -> None:
    last = signer.expires_at - timedelta(seconds=1)

    assert signer.sign(b"{}", last)
    with pytest.raises(SignerExpired, match="upload a new certificate"):
        signer.sign(b"{}", signer.expires_at)


def test_times_from_2050_on_are_written_in_full() -> None:
    assert der.time(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)) == b"\x17\x0d491231235959Z"
    assert der.time(datetime(2050, 1, 1, tzinfo=UTC)) == b"\x18\x0f20500101000000Z"


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "020100"), (127, "02017f"), (128, "02020080"), (2**64, "0209010000000000000000")]
)
def test_integers_are_encoded_in_the_fewest_octets(value: int, encoded: str) -> None:
    assert der.integer(value).hex() == encoded


@pytest.mark.parametrize(("length", "head"), [(127, "047f"), (128, "048180"), (65_536, "0483010000")])
def test_lengths_are_encoded_in_the_fewest_octets(length: int, head: str) -> None:
    assert der.element(der.OCTET_STRING, b"x" * length).hex().startswith(head + "78")


def test_the_private_key_is_not_shown(identity: SigningIdentity, signer: Signer) -> None:
    assert "PRIVATE KEY" not in repr(identity)
    assert "key=" not in repr(signer)
