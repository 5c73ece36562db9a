"""The sandbox's own token issuer: what the API trusts, and the tokens that it would hand to a person."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from guerdon.entrypoints.sandbox_folder import SandboxFolder, ensure_token_key, write_private
from guerdon.entrypoints.sandbox_json import CustomerToken, Tokens, UserToken

ISSUER: Final = "urn:guerdon:sandbox"
AUDIENCE: Final = "guerdon"
ALGORITHM: Final = "ES256"
LIFE: Final = timedelta(days=30)
CUSTOMER_ID: Final = 1
USER_UUID: Final = "3f0c2a54-6d1b-4b7e-9a58-1c7d2e9f4a10"


def issue_tokens(folder: SandboxFolder, tenant_id: str, trusted_tenants: list[str], now: datetime) -> Tokens:
    """Write the issuers' file and sign a customer's and a user's token, good for 30 days."""
    private = ensure_token_key(folder)
    entry = {
        "name": "sandbox",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": [ALGORITHM],
        "publicKeyFile": folder.token_public.name,
        "tenant": {"claim": "TENANT", "among": trusted_tenants},
    }
    write_private(folder.issuers, msgspec.json.format(msgspec.json.encode([entry])))
    key = ECKey.import_key(private)
    customer = {"sub": f"customer-{CUSTOMER_ID}", "customerId": CUSTOMER_ID, "scope": "Customer.Read"}
    # A user reaches what is the user's own by being the user, and needs no scope for it.
    user = {"sub": f"user-{USER_UUID}", "UUID": USER_UUID}
    return Tokens(
        CustomerToken(CUSTOMER_ID, _sign(key, customer, tenant_id, now)),
        UserToken(USER_UUID, _sign(key, user, tenant_id, now)),
    )


def _sign(key: ECKey, claims: Mapping[str, object], tenant_id: str, now: datetime) -> str:
    issued = int(now.timestamp())
    all_claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + int(LIFE.total_seconds()),
        "TENANT": tenant_id,
        **claims,
    }
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, all_claims, key)
