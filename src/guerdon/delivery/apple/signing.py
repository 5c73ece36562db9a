"""The signature of a pass: detached CMS over the manifest (RFC 5652), made from a prepared template.

Everything in the signature but the time, the digest and the signature value is constant for one certificate;
it is encoded once, so that a pass costs one operation with the private key and little else.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from guerdon.delivery.apple import der
from guerdon.delivery.apple.errors import SignerExpired
from guerdon.delivery.apple.identity import SigningIdentity

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DATA = der.object_identifier("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.object_identifier("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.object_identifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.object_identifier("1.2.840.113549.1.9.4")
_SIGNING_TIME = der.object_identifier("1.2.840.113549.1.9.5")
_RSA_ENCRYPTION = der.object_identifier("1.2.840.113549.1.1.1")
_ECDSA_WITH_SHA256 = der.object_identifier("1.2.840.10045.4.3.2")
_SHA256 = der.element(der.SEQUENCE, der.object_identifier("2.16.840.1.101.3.4.2.1"), der.NULL)

_CONTENT_TYPE_ATTRIBUTE = der.element(der.SEQUENCE, _CONTENT_TYPE, der.element(der.SET, _DATA))
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(SHA256())
_HASH = SHA256()


@dataclass(frozen=True, slots=True)
class Signer:
    """A loaded signing identity; safe to share between threads, and the signing itself releases the GIL."""

    pass_type_identifier: str
    team_identifier: str
    expires_at: datetime
    key: SigningKey = field(repr=False)
    signed_data_head: bytes = field(repr=False)
    signer_info_head: bytes = field(repr=False)
    signature_algorithm: bytes = field(repr=False)

    @classmethod
    def load(cls, identity: SigningIdentity) -> Self:
        """Read key and certificates once; this costs some 40 ms for RSA, so keep the result."""
        key = load_pem_private_key(identity.key_pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
        chain = x509.load_pem_x509_certificates(identity.chain_pem)
        return cls(
            pass_type_identifier=identity.pass_type_identifier,
            team_identifier=identity.team_identifier,
            expires_at=identity.expires_at,
            key=key,
            signed_data_head=_signed_data_head([certificate, *chain]),
            signer_info_head=_signer_info_head(certificate),
            signature_algorithm=_signature_algorithm(key),
        )

    def sign(self, content: bytes, signed_at: datetime) -> bytes:
        """Sign the exact bytes of a manifest: DER, detached, SHA-256, all certificates but the root inside.

        `signed_at` is an aware instant; the signature keeps it to the second. Raises SignerExpired.
        """
        if signed_at >= self.expires_at:
            raise SignerExpired(self.pass_type_identifier, self.expires_at)
        attributes = _attributes(sha256(content).digest(), signed_at)
        # What is signed is the explicit SET; inside the message the same bytes stand under a context tag.
        signature = _raw_signature(self.key, der.element(der.SET, attributes))
        signer_info = der.element(
            der.SEQUENCE,
            self.signer_info_head,
            der.element(der.CONTEXT_0, attributes),
            self.signature_algorithm,
            der.element(der.OCTET_STRING, signature),
        )
        signed_data = der.element(der.SEQUENCE, self.signed_data_head, der.element(der.SET, signer_info))
        return der.element(der.SEQUENCE, _SIGNED_DATA, der.element(der.CONTEXT_0, signed_data))


def _signed_data_head(certificates: list[x509.Certificate]) -> bytes:
    encoded = sorted(certificate.public_bytes(Encoding.DER) for certificate in certificates)
    return b"".join(
        (
            der.integer(1),
            der.element(der.SET, _SHA256),
            der.element(der.SEQUENCE, _DATA),
            der.element(der.CONTEXT_0, *encoded),
        )
    )


def _signer_info_head(certificate: x509.Certificate) -> bytes:
    issuer_and_serial = der.element(
        der.SEQUENCE, certificate.issuer.public_bytes(), der.integer(certificate.serial_number)
    )
    return der.integer(1) + issuer_and_serial + _SHA256


def _signature_algorithm(key: SigningKey) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return der.element(der.SEQUENCE, _RSA_ENCRYPTION, der.NULL)
    return der.element(der.SEQUENCE, _ECDSA_WITH_SHA256)


def _attributes(digest: bytes, signed_at: datetime) -> bytes:
    return b"".join(
        (
            _CONTENT_TYPE_ATTRIBUTE,
            der.element(der.SEQUENCE, _SIGNING_TIME, der.element(der.SET, der.time(signed_at))),
            der.element(der.SEQUENCE, _MESSAGE_DIGEST, der.element(der.SET, der.element(der.OCTET_STRING, digest))),
        )
    )


def _raw_signature(key: SigningKey, content: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, _PKCS1, _HASH)
    return key.sign(content, _ECDSA)
