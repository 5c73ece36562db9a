"""The sandbox's own token issuer: what the API trusts, and the tokens that it would hand to a person."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from guerdon.access.tokens import (
    ALGORITHM,
    SANDBOX_AUDIENCE,
    SANDBOX_ISSUER,
    mint_for_customer,
    mint_for_user,
    signing_key_from_pem,
)
from guerdon.entrypoints.sandbox_folder import SandboxFolder, ensure_token_key, write_private
from guerdon.entrypoints.sandbox_json import CustomerToken, Tokens, UserToken

LIFE: Final = timedelta(days=30)
CUSTOMER_ID: Final = 1
USER_UUID: Final = "3f0c2a54-6d1b-4b7e-9a58-1c7d2e9f4a10"


def issue_tokens(folder: SandboxFolder, tenant_id: str, trusted_tenants: list[str], now: datetime) -> Tokens:
    """Write the issuers' file and sign a customer's and a user's token, good for 30 days."""
    private = ensure_token_key(folder)
    entry = {
        "name": "sandbox",
        "issuer": SANDBOX_ISSUER,
        "audience": SANDBOX_AUDIENCE,
        "algorithms": [ALGORITHM],
        "publicKeyFile": folder.token_public.name,
        "tenant": {"claim": "TENANT", "among": trusted_tenants},
    }
    write_private(folder.issuers, msgspec.json.format(msgspec.json.encode([entry])))
    key = signing_key_from_pem(private)
    customer = mint_for_customer(key, tenant_id=tenant_id, customer_id=CUSTOMER_ID, now=now, lifetime=LIFE)
    user = mint_for_user(key, tenant_id=tenant_id, uuid=USER_UUID, now=now, lifetime=LIFE)
    return Tokens(CustomerToken(CUSTOMER_ID, customer), UserToken(USER_UUID, user))
