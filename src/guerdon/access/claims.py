"""What a token's claims mean: whose tenant, which person, which scopes; all as the operator set it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from guerdon.access.errors import TenantNotChosen
from guerdon.access.model import EVERYTHING, Caller, narrowed, scopes_of
from guerdon.platform.problems import Forbidden, Unauthenticated
from guerdon.platform.tenant_ids import is_tenant_id

Claims = Mapping[str, object]

SUBJECT_CHARACTERS_MAX: Final = 200
GRANTS_MAX: Final = 200
SUBJECT_CLAIMS: Final = ("UUID", "customerId")
SCOPE_CLAIMS: Final = ("scope", "scp", "permissions", "authorities")
ACTOR_CLAIMS: Final = ("sub", "UUID", "customerId", "client_id", "azp")


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """How one issuer's claims are read.

    The tenant is `tenant_value`, or the claim `tenant_claim` where its value is among `tenants` (None: any).
    Scopes beyond `scopes_among` (None: no limit) are cut off. With `may_choose`, a service and whoever may do
    everything name the tenant with each request (header x-tenant), and their tokens need not.
    """

    tenant_claim: str = "TENANT"
    tenant_value: str | None = None
    tenants: frozenset[str] | None = None
    subject_claims: tuple[str, ...] = SUBJECT_CLAIMS
    scope_claims: tuple[str, ...] = SCOPE_CLAIMS
    scopes_among: frozenset[str] | None = None
    may_choose: bool = False


def caller_of(issuer_name: str, rules: ClaimRules, claims: Claims, chosen: str | None = None) -> Caller:
    """Read the caller from claims whose signature, times, issuer and audience were found good.

    A token without a subject claim is a service's; `chosen` is the tenant that the request names.
    Raises Unauthenticated, TenantNotChosen, Forbidden.
    """
    subject = _first_text(claims, rules.subject_claims)
    scopes = scopes_of(_grants(claims, rules.scope_claims))
    if rules.scopes_among is not None:
        scopes = narrowed(scopes, rules.scopes_among)
    may_choose = rules.may_choose and (subject is None or EVERYTHING in scopes)
    return Caller(
        tenant_id=_chosen_tenant_id(rules, claims, chosen) if may_choose else _tenant_id(rules, claims),
        actor=f"jwt:{issuer_name}:{_first_text(claims, ACTOR_CLAIMS) or '-'}",
        scopes=scopes,
        subject=subject,
        is_service=subject is None,
    )


def _chosen_tenant_id(rules: ClaimRules, claims: Claims, chosen: str | None) -> str:
    if chosen is None and rules.tenant_value is None and claims.get(rules.tenant_claim) is None:
        raise TenantNotChosen
    if chosen is None:
        return _tenant_id(rules, claims)
    if not is_tenant_id(chosen) or (rules.tenants is not None and chosen not in rules.tenants):
        raise Forbidden("The token's issuer may not speak for the tenant that x-tenant names.")
    return chosen


def _tenant_id(rules: ClaimRules, claims: Claims) -> str:
    if rules.tenant_value is not None:
        return rules.tenant_value
    tenant_id = claims.get(rules.tenant_claim)
    if not isinstance(tenant_id, str) or not is_tenant_id(tenant_id):
        raise Unauthenticated(f"The token names no tenant in its claim {rules.tenant_claim}.")
    if rules.tenants is not None and tenant_id not in rules.tenants:
        raise Unauthenticated("The token's issuer may not speak for this tenant.")
    return tenant_id


def _first_text(claims: Claims, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = claims.get(name)
        if value is None:
            continue
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not 0 < len(text) <= SUBJECT_CHARACTERS_MAX or not text.isprintable():
            raise Unauthenticated(
                f"The token's claim {name} is no text of 1 to {SUBJECT_CHARACTERS_MAX} printable characters."
            )
        return text
    return None


def _grants(claims: Claims, names: tuple[str, ...]) -> list[str]:
    grants: list[str] = []
    for name in names:
        value = claims.get(name)
        if isinstance(value, str):
            grants += value.split()
        elif isinstance(value, list):
            grants += [grant for grant in cast("list[object]", value) if isinstance(grant, str)]
    return grants[:GRANTS_MAX]
