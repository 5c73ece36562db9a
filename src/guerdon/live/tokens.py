"""Tokens that open one socket: signed, for one pass of one tenant, for a minute."""

from datetime import datetime, timedelta
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from guerdon.live.errors import LiveTokenRefused
from guerdon.platform.keys import MasterKey

LIFETIME: Final = timedelta(seconds=60)
AUDIENCE: Final = "guerdon live"
ALGORITHM: Final = "HS256"
TOKEN_CHARACTERS_MAX: Final = 1_024


class LiveTokens:
    """Signs and checks tokens with a key of their own, which every process of the installation has."""

    def __init__(self, master_key: MasterKey) -> None:
        """Derive the key."""
        self._key = OctKey.import_key(master_key.derive("live tokens"))

    def sign(self, tenant_id: str, pass_id: str, now: datetime) -> str:
        """Make a token that opens sockets of this pass until `LIFETIME` is over."""
        claims = {"aud": AUDIENCE, "tenant": tenant_id, "sub": pass_id, "exp": int((now + LIFETIME).timestamp())}
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def check(self, token: str, tenant_id: str, pass_id: str, now: datetime) -> None:
        """Make sure that a token opens sockets of this pass now. Raises LiveTokenRefused."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise LiveTokenRefused
        wanted = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=0,
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            tenant={"essential": True, "value": tenant_id},
            sub={"essential": True, "value": pass_id},
        )
        try:
            wanted.validate(jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError) as refused:
            raise LiveTokenRefused from refused
