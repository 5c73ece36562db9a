"""Callers, the closed set of scopes, the roles of face B, and API keys with the rules on them."""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from guerdon.access.errors import KeyDefinitionInvalid, KeyExpiryPast, ScopeNotHeld
from guerdon.platform.problems import Forbidden
from guerdon.platform.tenant_ids import is_tenant_id

EVERYTHING: Final = "*"
ACCESS_WRITE: Final = "Access.Write"
CONFIG_READ: Final = "Config.Read"
ACCESS_READ: Final = "tenant.access:read"
KEY_READ: Final = "tenant.apiKey:read"
ROLE_WRITE: Final = "tenant.access.role:write"
CORE_READ: Final = "tenant.core:read"
WALLET_WRITE: Final = "Wallet.Write"
SCOPES: Final = frozenset(
    {
        "Pass.Read",
        "Pass.Write",
        "PassScan.Scan",
        "Webhook.Read",
        "Webhook.Write",
        "Event.Read",
        "Wallet.Read",
        WALLET_WRITE,
        "Wallet.Report",
        "Reward.Write",
        "Customer.Read",
        "Customer.Write",
        CONFIG_READ,
        "Config.Write",
        "Stores.Read",
        "Stores.Write",
        "Person.Read",
        "Person.Write",
        "Secret.Read",
        "Secret.Write",
        ACCESS_WRITE,
        ACCESS_READ,
        KEY_READ,
        ROLE_WRITE,
        CORE_READ,
        EVERYTHING,
    }
)
# One write of face B alone; only roles grant these, and Wallet.Write holds them all.
WALLET_WRITES: Final = frozenset(
    {"Wallet.Write.Batch", "Wallet.Write.Voucher", "Wallet.Write.Coupon", "Wallet.Write.Operation"}
)
# Scopes of the source API that are parts of one of ours.
PARTS: Final = {
    WALLET_WRITE: WALLET_WRITES,
    ACCESS_WRITE: frozenset({ACCESS_READ, KEY_READ, ROLE_WRITE}),
    CONFIG_READ: frozenset({CORE_READ}),
}
ROLES: Final = {
    "ROLE_SU": frozenset({EVERYTHING}),
    "ROLE_WALLET": frozenset({"Wallet.Read", WALLET_WRITE, "Wallet.Report", "Reward.Write"}),
    "ROLE_WALLET_RO": frozenset({"Wallet.Read"}),
    "ROLE_VIEWWALLET": frozenset({"Wallet.Read"}),
    "ROLE_WALLET_BATCH": frozenset({"Wallet.Write.Batch"}),
    "ROLE_WALLET_VOUCHER": frozenset({"Wallet.Write.Voucher"}),
    "ROLE_WALLET_COUPONS": frozenset({"Wallet.Write.Coupon"}),
    "ROLE_WALLET_OPERATION": frozenset({"Wallet.Write.Operation"}),
    "ROLE_WALLET_REPORT": frozenset({"Wallet.Report"}),
    "ROLE_WALLET_REWARDS": frozenset({"Reward.Write"}),
}

KEYS_MAX = 1_000
ROLES_MAX = 200
KEY_NAME_CHARACTERS_MAX = 100
KEY_TEXT = re.compile(r"gk\.([a-z0-9-]{2,40})\.([0-9a-z]{16})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for which tenant, and what they may do.

    `subject` is the customer id or user uuid that a person's token speaks for; `is_service` says that there is
    none. `requests_per_minute` is the tenant's own limit, if it has one.
    """

    tenant_id: str
    actor: str
    scopes: frozenset[str]
    subject: str | None = None
    is_service: bool = True
    requests_per_minute: int | None = None

    def allows(self, scope: str) -> bool:
        """Tell whether the caller may do what `scope` stands for."""
        return holds(self.scopes, scope)

    def require(self, scope: str) -> None:
        """Let the caller pass who may do what `scope` stands for. Raises Forbidden."""
        if not self.allows(scope):
            raise Forbidden(f"This needs the scope {scope}.")


class KeyName(NamedTuple):
    """The public part of a key: whose it is and which."""

    tenant_id: str
    key_id: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be told of a key: everything but the key."""

    tenant_id: str
    key_id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    roles: Sequence[str] = ()
    disabled_at: datetime | None = None
    replaced_by: str | None = None

    @property
    def prefix(self) -> str:
        """The part of the key that may be shown and searched for in leaked texts."""
        return f"gk.{self.tenant_id}.{self.key_id}"

    def is_good(self, now: datetime) -> bool:
        """Tell whether the key is accepted at `now`; at the instant of expiry it is not."""
        return self.disabled_at is None and self.is_lasting(now)

    def is_lasting(self, now: datetime) -> bool:
        """Tell whether the key is accepted at `now`, or would be if it were enabled."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions."""

    name: str
    permissions: Sequence[str]
    updated_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key and its text, which nobody can show a second time."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """All that decides whether a presented key is accepted, as the table said a moment ago."""

    digest: bytes = field(repr=False)
    caller: Caller
    expires_at: datetime | None
    revoked_at: datetime | None
    is_tenant_disabled: bool
    is_disabled: bool = False

    def reason_against(self, digest: bytes, now: datetime) -> str | None:
        """Tell why a presented key is refused, or None; whoever has the wrong secret learns nothing more."""
        if not hmac.compare_digest(digest, self.digest):
            return "The API key is not known."
        if self.revoked_at is not None:
            return "The API key was revoked."
        if self.expires_at is not None and self.expires_at <= now:
            return "The API key has expired."
        if self.is_disabled:
            return "The API key is disabled."
        if self.is_tenant_disabled:
            return "The tenant is disabled."
        return None


def operator(tenant_id: str) -> Caller:
    """Give the caller that stands for the operator at the command line, who may do everything."""
    return Caller(tenant_id, "operator", frozenset({EVERYTHING}))


def holds(scopes: frozenset[str], scope: str) -> bool:
    """Tell whether `scopes` reach as far as `scope`; `*` reaches everywhere, others to each of their parts."""
    if scope in scopes or EVERYTHING in scopes:
        return True
    return any(scope in parts and whole in scopes for whole, parts in PARTS.items())


def scopes_of(grants: Iterable[str]) -> frozenset[str]:
    """Turn the scopes and roles of a token into scopes; what is neither means nothing here."""
    return frozenset(
        scope for grant in grants for scope in (ROLES.get(grant) or (frozenset({grant}) if grant in SCOPES else ()))
    )


def narrowed(scopes: frozenset[str], among: frozenset[str]) -> frozenset[str]:
    """Give what both sets reach."""
    return frozenset(
        {scope for scope in scopes if holds(among, scope)} | {scope for scope in among if holds(scopes, scope)}
    )


def read_key_name(text: str) -> KeyName | None:
    """Read the public part of a key's text, or None when it is no key at all."""
    match = KEY_TEXT.fullmatch(text)
    if match is None or not is_tenant_id(match[1]):
        return None
    return KeyName(match[1], match[2])


def check_name(name: str) -> None:
    """Accept 1 to 100 printable characters that can stand in an address. Raises KeyDefinitionInvalid."""
    is_plain = name.isprintable() and "/" not in name and name.strip() == name and name.strip(".") != ""
    if not is_plain or len(name) > KEY_NAME_CHARACTERS_MAX:
        raise KeyDefinitionInvalid(
            {"name": ["Use 1 to 100 printable characters without '/', and no blank at either end."]}
        )


def check_grant(scopes: frozenset[str], holder: Caller) -> None:
    """Accept scopes that exist and that the holder has. Raises KeyDefinitionInvalid, ScopeNotHeld."""
    unknown = sorted(scopes - SCOPES)
    if unknown or not scopes:
        said = f"There is no scope {', '.join(unknown)}; " if unknown else ""
        raise KeyDefinitionInvalid({"permissions": [f"{said}choose among {', '.join(sorted(SCOPES))}."]})
    missing = {scope for scope in scopes if not holder.allows(scope)}
    if missing:
        raise ScopeNotHeld(missing)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Accept no expiry, or one to come. Raises KeyExpiryPast."""
    if expires_at is not None and expires_at <= now:
        raise KeyExpiryPast
