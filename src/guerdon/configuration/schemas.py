"""This room's words on the wire."""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from guerdon.configuration.model import Finding, Moved
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import INT32_FORMAT, INT32_MAX, NO_NUL, WHOLE, Body, LanguageCode
from guerdon.tenants.model import FILES_MAX, PATH_CHARACTERS_MAX, SECRET_BYTES_MAX, FileVersion, Tenant

FilePathText = Annotated[str, Field(min_length=1, max_length=PATH_CHARACTERS_MAX, pattern=NO_NUL)]
TenantName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]


class Shown(BaseModel):
    """A body that is answered: camelCase members."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )

    def text(self) -> bytes:
        """Write it as JSON; members without a value are left out."""
        return self.model_dump_json(exclude_none=True).encode()


class FindingOut(Shown):
    """Something that is to be said of a file; only errors stop it from being saved."""

    path: str
    line: int
    column: int
    severity: Literal["error", "warning", "advice"]
    message: str
    rule: str | None = None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Shape a finding."""
        return cls(
            path=finding.path,
            line=finding.line,
            column=finding.column,
            severity=finding.severity,
            message=finding.message,
            rule=finding.rule,
        )


class FileVersionOut(Shown):
    """One version of a file; `removed` is there and true when the file is gone from this version on."""

    path: str
    version: int
    bytes: int
    sha256: str
    updated_at: str
    actor: str
    removed: Literal[True] | None = None

    @classmethod
    def of(cls, file: FileVersion) -> Self:
        """Shape a version."""
        return cls(
            path=file.path,
            version=file.version,
            bytes=file.bytes_count,
            sha256=file.digest.hex(),
            updated_at=rfc3339(file.created_at),
            actor=file.actor,
            removed=True if file.is_removed else None,
        )


class FileChange(Shown):
    """One file that is different now."""

    path: str
    change: Literal["added", "changed", "removed"]
    version: int

    @classmethod
    def of(cls, moved: Moved) -> Self:
        """Shape a change."""
        return cls(path=moved.path, change=moved.change, version=moved.version)


class FilesSaved(Shown):
    """What a write has changed, and what is doubtful about it."""

    changes: list[FileChange]
    findings: list[FindingOut]

    @classmethod
    def of(cls, moved: Sequence[Moved], findings: Sequence[Finding]) -> Self:
        """Shape a write."""
        return cls(changes=[FileChange.of(one) for one in moved], findings=[FindingOut.of(one) for one in findings])


class FileSaved(Shown):
    """A file as it stands after a write; `changed` is false when it had this content before."""

    path: str
    version: int
    changed: bool
    findings: list[FindingOut]


class Validated(Shown):
    """What was found; `valid` says that the files could be saved."""

    valid: bool
    findings: list[FindingOut]

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Self:
        """Shape findings."""
        return cls(valid=not any(one.is_error for one in findings), findings=[FindingOut.of(one) for one in findings])


class FileIn(Body):
    """One file of a set: its content as text, or in base64."""

    path: FilePathText
    content: str | None = None
    content_base64: Annotated[str | None, Field(json_schema_extra={"contentEncoding": "base64"})] = None

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.content is None) == (self.content_base64 is None):
            raise ValueError("Give either content or contentBase64.")
        self.read()
        return self

    def read(self) -> bytes:
        """Give the bytes. Raises ValueError."""
        if self.content is not None:
            return self.content.encode()
        return from_base64(self.content_base64 or "", "contentBase64")


class FileSet(Body):
    """Several files, each path once."""

    files: Annotated[list[FileIn], Field(max_length=FILES_MAX)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("Give each path once.")
        return self

    def contents(self) -> Mapping[str, bytes]:
        """Give the contents by path."""
        return {file.path: file.read() for file in self.files}


class FilePush(FileSet):
    """Several files to be saved together; `prune` removes all others."""

    prune: bool = False


class Rollback(Body):
    """The version whose content comes back, as a new version."""

    version: Annotated[int, Field(ge=1, le=INT32_MAX, json_schema_extra=INT32_FORMAT), WHOLE]


class PassTypeOut(Shown):
    """One pass type; when its file cannot be read, `mistake` says why and the rest is missing."""

    name: str
    path: str
    version: int
    kind: str | None = None
    layout: str | None = None
    style: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    identifiers: list[str] | None = None
    mistake: str | None = None


class TenantOut(Shown):
    """The core of a tenant."""

    tenant_id: str
    name: str
    status: Literal["onboarding", "active", "disabled"]
    default_language: str
    available_languages: list[str]
    time_zone: str
    requests_per_minute: int | None = None
    revision: int
    created_at: str

    @classmethod
    def of(cls, tenant: Tenant, languages: list[str]) -> Self:
        """Shape a tenant with the languages that it speaks, the default one first."""
        return cls(
            tenant_id=tenant.tenant_id,
            name=tenant.name,
            status=tenant.status,
            default_language=tenant.default_language,
            available_languages=languages,
            time_zone=tenant.time_zone,
            requests_per_minute=tenant.requests_per_minute,
            revision=tenant.revision,
            created_at=rfc3339(tenant.created_at),
        )


class TenantChange(Body):
    """What changes of a tenant."""

    name: TenantName | None = None
    default_language: LanguageCode | None = None
    time_zone: Annotated[str | None, Field(min_length=1, max_length=64, pattern=NO_NUL)] = None


class SecretIn(Body):
    """A secret: as text, or its bytes in hexadecimal."""

    value: Annotated[str | None, Field(min_length=1, max_length=SECRET_BYTES_MAX)] = None
    hex: Annotated[str | None, Field(pattern=r"^([0-9A-Fa-f]{2})+$", max_length=2 * SECRET_BYTES_MAX)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.hex is None):
            raise ValueError("Give either value or hex.")
        return self

    def read(self) -> bytes:
        """Give the bytes."""
        return bytes.fromhex(self.hex) if self.hex is not None else (self.value or "").encode()


class SecretOut(Shown):
    """What may be told of a secret."""

    name: str
    updated_at: str
    actor: str


class CertificateIn(Body):
    """A signing certificate with its key: a .p12 in base64, or both as PEM text."""

    p12_base64: Annotated[str | None, Field(json_schema_extra={"contentEncoding": "base64"})] = None
    certificate: str | None = None
    key: str | None = None
    password: str | None = None
    intermediates: str | None = None
    pass_type_identifier: str | None = None
    team_identifier: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.p12_base64 is None) == (self.certificate is None) or (self.certificate is None) != (self.key is None):
            raise ValueError("Give either p12Base64, or certificate together with key.")
        if self.p12_base64 is not None:
            self.read_p12()
        return self

    def read_p12(self) -> bytes:
        """Give the container. Raises ValueError."""
        return from_base64(self.p12_base64 or "", "p12Base64")


class CertificateOut(Shown):
    """What may be known of the certificate that signs the tenant's passes."""

    pass_type_identifier: str
    team_identifier: str
    subject: str
    issuer: str
    serial_number: str
    not_before: str
    expires_at: str
    warnings: list[str]


def from_base64(text: str, member: str) -> bytes:
    """Read base64 (RFC 4648). Raises ValueError."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as broken:
        raise ValueError(f"{member} is not base64 (RFC 4648).") from broken
