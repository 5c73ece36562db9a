"""This room's words on the wire and in the issuers' file."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from guerdon.access.claims import SCOPE_CLAIMS, SUBJECT_CLAIMS
from guerdon.access.key_sources import KEY_TYPES
from guerdon.access.model import SCOPES, ApiKey, CreatedKey, Role
from guerdon.platform.clock import rfc3339
from guerdon.platform.tenant_ids import is_tenant_id
from guerdon.platform.wire import INT32_FORMAT, WHOLE, Body, Instant

PERMISSIONS_MAX = 50
ROLES_OF_KEY_MAX = 20
OVERLAP_SECONDS_DEFAULT = 86_400
OVERLAP_SECONDS_MAX = 30 * 86_400
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Name = Annotated[str, Field(min_length=1, max_length=100)]
ScopeName = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={"enum": [*sorted(SCOPES)]})]
ClaimName = Annotated[str, Field(min_length=1, max_length=200)]
ClaimNames = Annotated[tuple[ClaimName, ...], Field(max_length=20)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class ApiKeyDefinition(Body):
    """A key to be made, with permissions, roles or both; when enabled, it works from the answer on."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"permissions": {"minItems": 1}}},
                {"properties": {"roles": {"minItems": 1}}, "required": ["roles"]},
            ]
        }
    )

    name: Name
    enabled: bool
    permissions: Annotated[list[ScopeName], Field(max_length=PERMISSIONS_MAX)]
    roles: Annotated[list[Name], Field(max_length=ROLES_OF_KEY_MAX)] = Field(default_factory=list[Name])
    expires_at: Instant | None = None


class ApiKeyChange(Body):
    """A key switched on or off."""

    enabled: bool


class ApiKeyRotation(Body):
    """A key to be replaced: how long the old one is good yet, and until when the new one is."""

    overlap_seconds: Annotated[int, Field(ge=0, le=OVERLAP_SECONDS_MAX, json_schema_extra=INT32_FORMAT), WHOLE] = (
        OVERLAP_SECONDS_DEFAULT
    )
    expires_at: Instant | None = None


class RoleDefinition(Body):
    """A role to be made."""

    name: Name
    permissions: Annotated[list[ScopeName], Field(min_length=1, max_length=PERMISSIONS_MAX)]


class RoleChange(Body):
    """What a role permits from now on."""

    permissions: Annotated[list[ScopeName], Field(min_length=1, max_length=PERMISSIONS_MAX)]


class RoleOut(_Strict):
    """A role."""

    name: str
    permissions: list[str]
    updated_at: str

    @classmethod
    def of(cls, role: Role) -> Self:
        """Shape a role."""
        return cls(name=role.name, permissions=list(role.permissions), updated_at=rfc3339(role.updated_at))


class ApiKeyOut(_Strict):
    """What may be told of a key; absent members have no value."""

    name: str
    enabled: bool
    permissions: list[str]
    roles: list[str]
    key_id: str
    prefix: str
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    disabled_at: str | None = None
    replaced_by: str | None = None
    last_used_at: str | None = None

    @classmethod
    def of(cls, key: ApiKey, now: datetime) -> Self:
        """Shape a key; `enabled` says whether it is accepted at `now`."""
        return cls(
            name=key.name,
            enabled=key.is_good(now),
            permissions=list(key.scopes),
            roles=list(key.roles),
            key_id=key.key_id,
            prefix=key.prefix,
            created_at=rfc3339(key.created_at),
            expires_at=_text(key.expires_at),
            revoked_at=_text(key.revoked_at),
            disabled_at=_text(key.disabled_at),
            replaced_by=key.replaced_by,
            last_used_at=_text(key.last_used_at),
        )


class ApiKeyCreated(ApiKeyOut):
    """A key that was just made, with its text, which is never shown again."""

    token: str

    @classmethod
    def of_created(cls, created: CreatedKey, now: datetime) -> Self:
        """Shape a new key."""
        return cls(**ApiKeyOut.of(created.key, now).model_dump(by_alias=False), token=created.text)


class TenantRule(_Strict):
    """Whose tenant a token is for: one fixed value, or a claim; `choose` lets services name it with each request."""

    value: str | None = None
    claim: ClaimName | None = None
    among: list[str] | None = None
    choose: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.claim is None):
            raise ValueError("give either value or claim")
        if self.value is not None and self.among is not None:
            raise ValueError("among belongs to a claim, not to a fixed value")
        if self.value is not None and self.choose:
            raise ValueError("choose belongs to a claim, not to a fixed value")
        strange = [name for name in [self.value, *(self.among or [])] if name is not None and not is_tenant_id(name)]
        if strange:
            raise ValueError(f"{', '.join(strange)} cannot be a tenant's id")
        return self


class SubjectRule(_Strict):
    """Which claims name the person, the first one present."""

    claims: ClaimNames = SUBJECT_CLAIMS


class ScopesRule(_Strict):
    """Which claims grant scopes and roles, and the most that they may grant."""

    claims: ClaimNames = SCOPE_CLAIMS
    among: list[str] | None = None

    @model_validator(mode="after")
    def _only_known_scopes(self) -> Self:
        unknown = sorted(set(self.among or ()) - SCOPES)
        if unknown:
            raise ValueError(f"there is no scope {', '.join(unknown)}")
        return self


class IssuerIn(_Strict):
    """One entry of the issuers' file; docs/tokens.md explains it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")]
    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    algorithms: Annotated[list[str], Field(min_length=1)]
    jwks_url: str | None = None
    public_key_file: str | None = None
    shared_secret_file: str | None = None
    tenant: TenantRule = TenantRule(claim="TENANT")
    subject: SubjectRule = SubjectRule()
    scopes: ScopesRule = ScopesRule()

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        sources = [self.jwks_url, self.public_key_file, self.shared_secret_file]
        if sum(source is not None for source in sources) != 1:
            raise ValueError("give exactly one of jwksUrl, publicKeyFile and sharedSecretFile")
        unknown = sorted(set(self.algorithms) - set(KEY_TYPES))
        if unknown:
            raise ValueError(f"algorithms {', '.join(unknown)} are not read; choose among {', '.join(KEY_TYPES)}")
        return self

    @model_validator(mode="after")
    def _algorithms_fit_the_keys(self) -> Self:
        is_shared = {KEY_TYPES[algorithm] == "oct" for algorithm in self.algorithms}
        if is_shared != {self.shared_secret_file is not None}:
            # A public key is no secret: whoever knows it could sign with it, were HS256 accepted for it.
            raise ValueError("HS256, HS384 and HS512 go with sharedSecretFile, and nothing else does")
        return self

    @model_validator(mode="after")
    def _keys_are_fetched_safely(self) -> Self:
        if self.jwks_url is not None:
            parts = urlsplit(self.jwks_url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
                raise ValueError("jwksUrl must begin with https://; http is for this machine only")
        return self


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
