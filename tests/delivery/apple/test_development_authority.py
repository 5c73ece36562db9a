from datetime import datetime, timedelta
from pathlib import Path
from subprocess import run

from cryptography import x509
from cryptography.x509.oid import NameOID

from guerdon.delivery.apple.development_authority import (
    DevelopmentAuthority,
    create_authority,
    issue_identity,
    issue_server_certificate,
)
from guerdon.delivery.apple.identity import SigningIdentity


def verdict(folder: Path, authority: DevelopmentAuthority, leaf: bytes, now: datetime, *options: str) -> str:
    files = {"root.pem": authority.root_pem, "chain.pem": authority.intermediate_pem, "leaf.pem": leaf}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "chain.pem"]
    at = ["-attime", str(int(now.timestamp()))]
    return run([*command, *at, *options, "leaf.pem"], cwd=folder, capture_output=True, text=True, check=False).stdout


def test_openssl_strictly_verifies_the_chain(
    authority: DevelopmentAuthority, identity: SigningIdentity, now: datetime, tmp_path: Path
) -> None:
    assert verdict(tmp_path, authority, identity.certificate_pem, now) == "leaf.pem: OK\n"
    assert verdict(tmp_path, authority, identity.certificate_pem, now, "-purpose", "sslclient") == "leaf.pem: OK\n"


def test_the_certificate_is_named_as_apples_are(identity: SigningIdentity) -> None:
    subject = x509.load_pem_x509_certificate(identity.certificate_pem).subject

    assert subject.get_attributes_for_oid(NameOID.USER_ID)[0].value == "pass.org.example.demo"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "TEAM123456"


def test_dates_and_serial_number_come_from_the_caller(authority: DevelopmentAuthority, now: datetime) -> None:
    identity = issue_identity(
        authority,
        pass_type_identifier="pass.x",
        team_identifier="T",
        now=now,
        serial_number=123,
        life=timedelta(days=1),
    )
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)

    assert certificate.serial_number == 123
    assert certificate.not_valid_before_utc == now - timedelta(hours=1)
    assert identity.expires_at == certificate.not_valid_after_utc == now + timedelta(days=1)


def test_a_stand_in_has_a_server_certificate(authority: DevelopmentAuthority, now: datetime, tmp_path: Path) -> None:
    chain, _ = issue_server_certificate(authority, address="127.0.0.1", now=now, serial_number=9)

    checks = ("-purpose", "sslserver", "-verify_ip", "127.0.0.1")
    assert verdict(tmp_path, authority, chain, now, *checks) == "leaf.pem: OK\n"
    assert verdict(tmp_path, authority, chain, now, "-verify_ip", "127.0.0.2") == ""


def test_two_authorities_do_not_vouch_for_each_other(identity: SigningIdentity, now: datetime, tmp_path: Path) -> None:
    other = create_authority(now)

    assert verdict(tmp_path, other, identity.certificate_pem, now) == ""


def test_a_long_pass_type_identifier_fits_into_a_certificate(authority: DevelopmentAuthority, now: datetime) -> None:
    name = "pass." + "a" * 100

    identity = issue_identity(authority, pass_type_identifier=name, team_identifier="T", now=now, serial_number=1)

    subject = x509.load_pem_x509_certificate(identity.certificate_pem).subject
    assert subject.get_attributes_for_oid(NameOID.USER_ID)[0].value == name


def test_the_authoritys_key_is_not_shown(authority: DevelopmentAuthority) -> None:
    assert "PRIVATE KEY" not in repr(authority)
