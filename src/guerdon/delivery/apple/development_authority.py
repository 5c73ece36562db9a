"""A certificate authority for the sandbox: passes signed by it verify on this machine, and on no phone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from guerdon.delivery.apple.identity import SigningIdentity

AUTHORITY_LIFE: Final = timedelta(days=3650)
LEAF_LIFE: Final = timedelta(days=395)
KEY_BITS: Final = 2048
_CLOCK_SKEW = timedelta(hours=1)
_ORGANISATION = "Guerdon sandbox"
_ROOT_SERIAL, _INTERMEDIATE_SERIAL = 1, 2


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority:
    """A root and the intermediate below it; store it as it is to sign with the same authority tomorrow."""

    root_pem: bytes
    intermediate_pem: bytes
    intermediate_key_pem: bytes = field(repr=False)


def create_authority(now: datetime) -> DevelopmentAuthority:
    """Make a root and an intermediate, valid for ten years from an hour before `now`.

    The key of the root is dropped: nothing else will ever be signed by it.
    """
    root_key, key = _new_key(), _new_key()
    root_name, name = _name("Guerdon Sandbox Root CA"), _name("Guerdon Sandbox Pass Relations CA")
    root = _sign(_authority(root_name, root_key, now, _ROOT_SERIAL), root_name, root_key)
    intermediate = _sign(_authority(name, key, now, _INTERMEDIATE_SERIAL), root_name, root_key)
    return DevelopmentAuthority(_pem(root), _pem(intermediate), _key_pem(key))


def issue_identity(
    authority: DevelopmentAuthority,
    *,
    pass_type_identifier: str,
    team_identifier: str,
    now: datetime,
    serial_number: int,
    life: timedelta = LEAF_LIFE,
) -> SigningIdentity:
    """Issue what Apple's portal would: a certificate whose UID is the pass type and whose OU is the team."""
    key = _new_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, pass_type_identifier),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {pass_type_identifier}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, team_identifier),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        ]
    )
    builder = _leaf(subject, key, now, life, serial_number)
    certificate = _issue(authority, builder, ExtendedKeyUsageOID.CLIENT_AUTH)
    return SigningIdentity(
        pass_type_identifier=pass_type_identifier,
        team_identifier=team_identifier,
        expires_at=certificate.not_valid_after_utc,
        key_pem=_key_pem(key),
        certificate_pem=_pem(certificate),
        chain_pem=authority.intermediate_pem,
    )


def issue_server_certificate(
    authority: DevelopmentAuthority, *, address: str, now: datetime, serial_number: int
) -> tuple[bytes, bytes]:
    """Issue a TLS certificate for a stand-in on an IP address: its PEM chain and its key as PEM."""
    key = _new_key()
    builder = _leaf(_name(f"Guerdon sandbox on {address}"), key, now, LEAF_LIFE, serial_number).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)), x509.DNSName("localhost")]),
        critical=False,
    )
    certificate = _issue(authority, builder, ExtendedKeyUsageOID.SERVER_AUTH)
    return _pem(certificate) + authority.intermediate_pem, _key_pem(key)


def _authority(
    subject: x509.Name, key: rsa.RSAPrivateKey, now: datetime, serial_number: int
) -> x509.CertificateBuilder:
    return (
        _leaf_frame(subject, key, now, AUTHORITY_LIFE, serial_number)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(signs_passes=False), critical=True)
    )


def _leaf(
    subject: x509.Name, key: rsa.RSAPrivateKey, now: datetime, life: timedelta, serial_number: int
) -> x509.CertificateBuilder:
    return (
        _leaf_frame(subject, key, now, life, serial_number)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_passes=True), critical=True)
    )


def _leaf_frame(
    subject: x509.Name, key: rsa.RSAPrivateKey, now: datetime, life: timedelta, serial_number: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(serial_number)
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issue(
    authority: DevelopmentAuthority, builder: x509.CertificateBuilder, usage: x509.ObjectIdentifier
) -> x509.Certificate:
    issuer = x509.load_pem_x509_certificate(authority.intermediate_pem)
    key = load_pem_private_key(authority.intermediate_key_pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return _sign(builder, issuer.subject, key)


def _sign(builder: x509.CertificateBuilder, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.Certificate:
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.issuer_name(issuer).add_extension(authority_key, critical=False).sign(key, SHA256())


def _key_usage(*, signs_passes: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_passes,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_passes,
        crl_sign=not signs_passes,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
        ]
    )


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
