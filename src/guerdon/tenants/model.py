"""Tenants, their secrets' names and their files, with the rules on names and sizes."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from guerdon.tenants.errors import FilePathInvalid, FileTooLarge, SecretNameInvalid, SecretTooLarge

TenantStatus = Literal["onboarding", "active", "disabled"]

LIST_MAX = 1_000
FILES_MAX = 2_000
VERSION_MAX = 2**31 - 1  # what the column holds
PATH_CHARACTERS_MAX = 200
TEXT_BYTES_MAX = 1_048_576
IMAGE_BYTES_MAX = 5 * 1_048_576
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
SECRETS_MAX = 500
SECRET_BYTES_MAX = 65_536
PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
PATH_START = re.compile(r"[A-Za-z0-9._/-]*")
SECRET_NAME = re.compile(r"[A-Za-z0-9._/-]{1,200}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One business whose data this is; `requests_per_minute` None means the installation's limit.

    `revision` rises with every change of its files and secrets: of all that its passes are made from but themselves.
    In the days and months of `time_zone` its reports count. A sandbox may have a clock of its own, and is one for good.
    """

    tenant_id: str
    name: str
    status: TenantStatus
    default_language: str
    requests_per_minute: int | None
    created_at: datetime
    revision: int = 1
    time_zone: str = "UTC"
    is_sandbox: bool = False

    @property
    def is_disabled(self) -> bool:
        """Whether every credential of the tenant is refused."""
        return self.status == "disabled"


@dataclass(frozen=True, slots=True)
class SecretName:
    """What may be told of a secret: everything but the secret."""

    name: str
    updated_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a tenant's file, without its content; versions count from 1 without gaps."""

    path: str
    version: int
    digest: bytes
    bytes_count: int
    is_removed: bool
    created_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class TenantFile:
    """One version of a tenant's file with its content."""

    path: str
    version: int
    digest: bytes
    content: bytes = field(repr=False)
    created_at: datetime
    actor: str


def digest_of(content: bytes) -> bytes:
    """Give the SHA-256 by which equal contents are known."""
    return hashlib.sha256(content).digest()


def check_path(path: str) -> None:
    """Accept a relative path of plain characters. Raises FilePathInvalid."""
    parts = path.split("/")
    if len(path) > PATH_CHARACTERS_MAX or not PATH.fullmatch(path) or any(not part.strip(".") for part in parts):
        raise FilePathInvalid


def check_path_start(prefix: str) -> None:
    """Accept what a path may begin with, the empty text included. Raises FilePathInvalid."""
    if len(prefix) > PATH_CHARACTERS_MAX or not PATH_START.fullmatch(prefix):
        raise FilePathInvalid


def check_file_size(path: str, bytes_count: int) -> None:
    """Accept 1 MiB, and 5 MiB of an image, which is known by its ending. Raises FileTooLarge."""
    bytes_max = IMAGE_BYTES_MAX if path.lower().endswith(IMAGE_ENDINGS) else TEXT_BYTES_MAX
    if bytes_count > bytes_max:
        raise FileTooLarge(bytes_max)


def check_secret(name: str, bytes_count: int) -> None:
    """Accept a plain name and at most 64 KiB. Raises SecretNameInvalid, SecretTooLarge."""
    if not SECRET_NAME.fullmatch(name):
        raise SecretNameInvalid
    if bytes_count > SECRET_BYTES_MAX:
        raise SecretTooLarge(SECRET_BYTES_MAX)
