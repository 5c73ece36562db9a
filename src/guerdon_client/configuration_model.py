"""What the client tells of a tenant's configuration: files, pass types, roles, secrets and the Apple certificate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from guerdon_client.model import Json, Receipt


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is to be said of a file; an `error` keeps it from being saved. `rule` is one of Apple's."""

    path: str
    line: int
    column: int
    severity: str
    message: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a file, without its content; a removed one has none."""

    path: str
    version: int
    bytes_count: int
    sha256: str
    updated_at: datetime
    actor: str
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The content of a file in one version."""

    version: int
    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class FileSaved:
    """A file as it stands after a write."""

    path: str
    version: int
    is_changed: bool
    findings: tuple[Finding, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is different now."""

    path: str
    change: Literal["added", "changed", "removed"]
    version: int


@dataclass(frozen=True, slots=True)
class FilesPushed:
    """What a push has changed, and what is doubtful about it."""

    changes: tuple[FileChange, ...]
    findings: tuple[Finding, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class FilesChecked:
    """What was found in files that were not saved; `is_valid` says that they could be."""

    is_valid: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PassTypeInfo:
    """One pass type; when its file cannot be read, `mistake` says why and the rest is missing."""

    name: str
    path: str
    version: int
    kind: str | None = None
    layout: str | None = None
    style: str | None = None
    language: str | None = None
    languages: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class TenantCore:
    """What a tenant is called and which languages its pass types speak, the default one first."""

    tenant_id: str
    name: str
    status: str
    default_language: str
    available_languages: tuple[str, ...]
    revision: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions."""

    name: str
    permissions: tuple[str, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be told of a secret."""

    name: str
    updated_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class AppleCertificate:
    """What may be known of the certificate that signs a tenant's passes."""

    pass_type_identifier: str
    team_identifier: str
    subject: str
    issuer: str
    serial_number: str
    expires_at: datetime
    warnings: Sequence[str]


FileContents = Mapping[str, bytes]
SamplePreview = Mapping[str, Json]
