"""Development tokens: what the sandbox hands out in place of an identity provider, with a key of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import ECKey

from guerdon.access.bearer import Issuer
from guerdon.access.claims import ClaimRules
from guerdon.access.key_sources import FixedKeys

ALGORITHM = "ES256"
SANDBOX_NAME = "sandbox"
SANDBOX_ISSUER = "urn:guerdon:sandbox"
SANDBOX_AUDIENCE = "urn:guerdon"


def make_signing_key() -> ECKey:
    """Make a key for ES256."""
    return ECKey.generate_key("P-256")


def signing_key_from_pem(pem: bytes) -> ECKey:
    """Read a key that `pem_of` wrote."""
    return ECKey.import_key(pem)


def pem_of(key: ECKey) -> bytes:
    """Write a key, the private part included, as PEM; keep it in a file of mode 0600."""
    return key.as_pem(private=True)


def mint(key: ECKey, claims: Mapping[str, object], now: datetime, lifetime: timedelta) -> str:
    """Sign a token with these claims that is good from `now` on, to the second, for `lifetime`."""
    issued_at = int(now.timestamp())
    times = {"iat": issued_at, "nbf": issued_at, "exp": issued_at + int(lifetime.total_seconds())}
    return jwt.encode({"alg": ALGORITHM}, {**claims, **times}, key, algorithms=[ALGORITHM])


def mint_for_customer(key: ECKey, *, tenant_id: str, customer_id: int, now: datetime, lifetime: timedelta) -> str:
    """Sign the token of one customer of face C, who reads what is theirs."""
    person = {"sub": f"customer-{customer_id}", "customerId": customer_id, "scope": "Customer.Read"}
    return mint(key, {**_sandbox_claims(tenant_id), **person}, now, lifetime)


def mint_for_user(key: ECKey, *, tenant_id: str, uuid: str, now: datetime, lifetime: timedelta) -> str:
    """Sign the token of one user of face B, who has a wallet and no role."""
    person = {"sub": uuid, "UUID": uuid, "authorities": list[str]()}
    return mint(key, {**_sandbox_claims(tenant_id), **person}, now, lifetime)


def sandbox_issuer(key: ECKey, tenant_ids: Sequence[str]) -> Issuer:
    """Give the issuer that makes the sandbox accept its own tokens, for these tenants only."""
    public = ECKey.import_key(key.as_dict(private=False))
    rules = ClaimRules(tenants=frozenset(tenant_ids))
    return Issuer(SANDBOX_NAME, SANDBOX_ISSUER, SANDBOX_AUDIENCE, frozenset({ALGORITHM}), FixedKeys([public]), rules)


def _sandbox_claims(tenant_id: str) -> dict[str, object]:
    return {"iss": SANDBOX_ISSUER, "aud": SANDBOX_AUDIENCE, "TENANT": tenant_id}
