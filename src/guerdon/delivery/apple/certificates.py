"""Taking in a real signing certificate: from a .p12 export or a pair of PEM files, checked before it is kept.

All mistakes of an upload are told at once, as an operator who must go back to Apple's portal should go once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates
from cryptography.x509.oid import NameOID

from guerdon.delivery.apple.certificate_checks import certificate_mistakes, find_intermediate, name_of
from guerdon.delivery.apple.errors import (
    CertificateMistake,
    CertificateNotAccepted,
    KeyPasswordWrong,
    P12PasswordWrong,
    P12Unreadable,
    PemUnreadable,
)
from guerdon.delivery.apple.identity import SigningIdentity

UPLOAD_BYTES_MAX = 1_000_000
_PEM_MARK = b"-----BEGIN"
_DER_SEQUENCE = b"\x30"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the certificate must be for, where that is known; `None` takes what the certificate says."""

    pass_type_identifier: str | None = None
    team_identifier: str | None = None


def read_p12(
    upload: bytes,
    password: str,
    *,
    now: datetime,
    intermediates: bytes = b"",
    expected: Expected = Expected(),  # frozen and without state
) -> SigningIdentity:
    """Take in a PKCS#12 container, also the legacy RC2 and 3DES ones and those with an empty password.

    `intermediates` are Apple's WWDR certificates, PEM or DER, in any order; those inside count too.
    Raises P12Unreadable, P12PasswordWrong, PemUnreadable, CertificateNotAccepted.
    """
    container = _opened_p12(upload, password)
    certificates = [one.certificate for one in container.additional_certs]
    certificate = container.cert.certificate if container.cert is not None else None
    if certificate is None or container.key is None:
        raise CertificateNotAccepted(_missing_halves(certificate, container.key))
    return _identity(certificate, container.key, [*certificates, *_certificates(intermediates)], now, expected)


def read_pem(
    certificate: bytes,
    key: bytes,
    *,
    now: datetime,
    key_password: str = "",
    intermediates: bytes = b"",
    expected: Expected = Expected(),  # frozen and without state
) -> SigningIdentity:
    """Take in a certificate and its key as PEM or DER; further certificates behind the first count as chain.

    Raises PemUnreadable, KeyPasswordWrong, CertificateNotAccepted.
    """
    first, *others = _certificates(certificate) or [None]
    if first is None:
        raise PemUnreadable("certificate")
    chain = [one for one in others if one is not None]
    return _identity(first, _key(key, key_password), [*chain, *_certificates(intermediates)], now, expected)


def _identity(
    certificate: x509.Certificate,
    key: object,
    candidates: Sequence[x509.Certificate],
    now: datetime,
    expected: Expected,
) -> SigningIdentity:
    mistakes = certificate_mistakes(
        certificate,
        now=now,
        pass_type_identifier=expected.pass_type_identifier,
        team_identifier=expected.team_identifier,
    )
    mistakes += _key_mistakes(certificate, key)
    intermediate, chain_mistakes = find_intermediate(certificate, candidates, now)
    mistakes += chain_mistakes
    if mistakes or intermediate is None:
        raise CertificateNotAccepted(mistakes)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return SigningIdentity(
        pass_type_identifier=name_of(certificate, NameOID.USER_ID),
        team_identifier=name_of(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME),
        expires_at=min(certificate.not_valid_after_utc, intermediate.not_valid_after_utc),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate_pem=certificate.public_bytes(Encoding.PEM),
        chain_pem=intermediate.public_bytes(Encoding.PEM),
    )


def _opened_p12(upload: bytes, password: str) -> PKCS12KeyAndCertificates:
    if len(upload) > UPLOAD_BYTES_MAX or not upload.startswith(_DER_SEQUENCE):
        raise P12Unreadable
    # An empty password may be written as an empty text or as none at all; exports differ.
    secrets = [password.encode()] if password else [b"", None]
    refusal = ""
    for secret in secrets:
        try:
            return pkcs12.load_pkcs12(upload, secret)
        except (ValueError, TypeError) as error:
            refusal += str(error).lower()
    raise P12PasswordWrong if "password" in refusal else P12Unreadable


def _certificates(text: bytes) -> list[x509.Certificate]:
    if not text.strip():
        return []
    if len(text) > UPLOAD_BYTES_MAX:
        raise PemUnreadable("certificate")
    try:
        if _PEM_MARK in text:
            return x509.load_pem_x509_certificates(text)
        return [x509.load_der_x509_certificate(text)]
    except ValueError as error:
        raise PemUnreadable("certificate") from error


def _key(text: bytes, password: str) -> object:
    load = load_pem_private_key if _PEM_MARK in text else load_der_private_key
    secret = password.encode() or None
    try:
        return load(text, secret)
    except TypeError as error:
        if secret is None:
            raise KeyPasswordWrong from error
        # A password for a key that needs none is no reason to refuse.
        return _key(text, "")
    except ValueError as error:
        if secret is not None and "password" in str(error).lower():
            raise KeyPasswordWrong from error
        raise PemUnreadable("private key") from error


def _missing_halves(certificate: x509.Certificate | None, key: object) -> list[CertificateMistake]:
    mistakes: list[CertificateMistake] = []
    if certificate is None:
        mistakes.append(
            CertificateMistake(
                "certificate_missing", "certificate", "The .p12 holds no certificate that belongs to its key."
            )
        )
    if key is None:
        mistakes.append(
            CertificateMistake(
                "key_missing",
                "key",
                "The .p12 holds no private key. In Keychain Access, open the certificate, select it together "
                "with the key below it, and export both.",
            )
        )
    return mistakes


def _key_mistakes(certificate: x509.Certificate, key: object) -> list[CertificateMistake]:
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return [CertificateMistake("key_kind_unsupported", "key", "Passes are signed with RSA or EC keys.")]
    public_form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*public_form) == certificate.public_key().public_bytes(*public_form):
        return []
    return [
        CertificateMistake(
            "key_mismatch",
            "key",
            "The private key belongs to another certificate. Send the key that made the request to Apple.",
        )
    ]
