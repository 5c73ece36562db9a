"""Checking bearer tokens: signed JWTs (RFC 7515, 7519) of the issuers that the operator trusts."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import msgspec
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from guerdon.access.claims import ClaimRules, Claims, caller_of
from guerdon.access.key_sources import KeySource
from guerdon.access.model import Caller
from guerdon.platform.problems import Unauthenticated

TOKEN_CHARACTERS_MAX = 16_384
KID_CHARACTERS_MAX = 200
LEEWAY_S = 60
PARTS = 3


@dataclass(frozen=True, slots=True)
class Issuer:
    """One party whose tokens are accepted; `algorithms` are the only ones it may sign with."""

    name: str
    issuer: str
    audience: str
    algorithms: frozenset[str]
    keys: KeySource
    rules: ClaimRules


class BearerTokens:
    """Tells who a bearer token speaks for."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        """Trust these issuers and nobody else."""
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        assert len(self._issuers) == len(issuers), "two issuers of one name"

    async def check(self, token: str, now: datetime, chosen: str | None = None) -> Caller:
        """Give the caller of a token whose signature and claims are good; it may wait for the issuer's keys.

        `chosen` is the tenant that the request names. Whether the tenant exists and is open is not looked at.
        Raises Unauthenticated, TenantNotChosen, Forbidden, IssuerUnreachable.
        """
        header, unproven = _peek(token)
        issuer = self._issuers.get(cast("str", unproven.get("iss")) if _is_text(unproven.get("iss")) else "")
        if issuer is None:
            raise Unauthenticated("The token's issuer is not trusted here.")
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
            raise Unauthenticated("The token is not signed with an algorithm that its issuer uses.")
        if kid is not None and (not isinstance(kid, str) or len(kid) > KID_CHARACTERS_MAX):
            raise Unauthenticated("The token's key id is no text that could name a key.")
        key = await issuer.keys.find_key(kid, algorithm, now)
        if key is None:
            raise Unauthenticated("The token is signed with a key that its issuer does not publish.")
        try:
            claims = jwt.decode(token, key, registry=_Algorithms(issuer.algorithms)).claims
        except (JoseError, ValueError) as refused:
            raise Unauthenticated("The token's signature is not good.") from refused
        _check_claims(issuer, claims, now)
        return caller_of(issuer.name, issuer.rules, claims, chosen)


class _Algorithms(JWSRegistry):
    """The algorithms of one issuer, without the library's own ideas of which are recommended."""

    max_header_length = 8_192  # issuers that put a certificate chain into the header need more than the usual 512

    def __init__(self, algorithms: frozenset[str]) -> None:
        # RFC 7515, section 4: header parameters that are not understood are ignored, unless `crit` names them.
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def get_alg(self, name: str):  # noqa: ANN202  # the library keeps the class to itself
        if self.allowed is None or name not in self.allowed:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _peek(token: str) -> tuple[Claims, Claims]:
    """Read header and claims before anything is proven, to learn whom to ask for the key.

    The reader also refuses NaN and infinities, which Python's own takes from JSON: no clock ever passes such an expiry.
    """
    parts = token.split(".")
    if len(token) > TOKEN_CHARACTERS_MAX or len(parts) != PARTS:
        raise Unauthenticated("The bearer token is no signed JWT.")
    try:
        header, claims = (
            msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=dict[str, object])
            for part in parts[:2]
        )
    except (msgspec.DecodeError, UnicodeError, binascii.Error, ValueError, RecursionError) as broken:
        raise Unauthenticated("The bearer token is no signed JWT.") from broken
    return header, claims


def _check_claims(issuer: Issuer, claims: dict[str, object], now: datetime) -> None:
    expiry = claims.get("exp")
    if not isinstance(expiry, int | float) or isinstance(expiry, bool):
        raise Unauthenticated("The token has no expiry (exp), or one that is no number.")
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError as expired:
        raise Unauthenticated("The token has expired.") from expired
    except JoseError as refused:
        raise Unauthenticated("The token's issuer, audience or times are not good.") from refused


def _is_text(value: object) -> bool:
    return isinstance(value, str)
