"""A tenant's signing identity, kept as one sealed secret of the tenant."""

from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509

from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.platform.db import Tx
from guerdon.platform.keys import MasterKey
from guerdon.tenants.secrets import find_secret, save_secret

SECRET_NAME: Final = "apple/certificate"  # noqa: S105  # the name of a secret


class _Stored(msgspec.Struct, frozen=True, rename="camel"):
    pass_type_identifier: str
    team_identifier: str
    key_pem: str
    certificate_pem: str
    chain_pem: str


async def save_identity(tx: Tx, master_key: MasterKey, identity: SigningIdentity, now: datetime, actor: str) -> None:
    """Keep an identity that was checked by `certificates`, in place of the one before. Raises TooManySecrets."""
    stored = _Stored(
        identity.pass_type_identifier,
        identity.team_identifier,
        identity.key_pem.decode(),
        identity.certificate_pem.decode(),
        identity.chain_pem.decode(),
    )
    await save_secret(tx, master_key, name=SECRET_NAME, plain=msgspec.json.encode(stored), now=now, actor=actor)


async def find_identity(tx: Tx, master_key: MasterKey) -> SigningIdentity | None:
    """Open the tenant's identity, or None when it has none; it may have expired.

    Raises MasterKeyInvalid when it was sealed with another master key.
    """
    plain = await find_secret(tx, master_key, SECRET_NAME)
    if plain is None:
        return None
    stored = msgspec.json.decode(plain, type=_Stored)
    certificate, chain = stored.certificate_pem.encode(), stored.chain_pem.encode()
    return SigningIdentity(
        pass_type_identifier=stored.pass_type_identifier,
        team_identifier=stored.team_identifier,
        expires_at=_expiry(certificate, chain),
        key_pem=stored.key_pem.encode(),
        certificate_pem=certificate,
        chain_pem=chain,
    )


def _expiry(certificate_pem: bytes, chain_pem: bytes) -> datetime:
    # A signature is worth nothing once its intermediate has expired, so that the first one to expire counts.
    certificates = [x509.load_pem_x509_certificate(certificate_pem), x509.load_pem_x509_certificates(chain_pem)[0]]
    return min(certificate.not_valid_after_utc for certificate in certificates)
