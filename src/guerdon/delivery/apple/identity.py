"""What is needed to sign the passes of one pass type."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """One pass type's certificate, its private key and the intermediates above it.

    `chain_pem` holds one or more intermediate certificates, the issuer of the certificate first, never the
    root. The key stays out of `repr`, so that no log can show it.
    """

    pass_type_identifier: str
    team_identifier: str
    expires_at: datetime
    key_pem: bytes = field(repr=False)
    certificate_pem: bytes
    chain_pem: bytes
