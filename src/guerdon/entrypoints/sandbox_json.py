"""`sandbox.json`: what scripts are told of a sandbox; its shape is a contract (DESIGN.md, section 10)."""

from pathlib import Path
from typing import Final

import msgspec

from guerdon.entrypoints.sandbox_folder import write_private

FILE_NAME: Final = "sandbox.json"


class OtherTenant(msgspec.Struct, frozen=True, rename="camel"):
    """A second tenant, to see that nothing of the first one is reached from it."""

    tenant_id: str
    api_key: str


class CustomerToken(msgspec.Struct, frozen=True, rename="camel"):
    """A token that speaks for one customer."""

    customer_id: int
    jwt: str


class UserToken(msgspec.Struct, frozen=True, rename="camel"):
    """A token that speaks for one user."""

    uuid: str
    jwt: str


class Tokens(msgspec.Struct, frozen=True, rename="camel"):
    """Tokens of the sandbox's own issuer, new with every start."""

    customer: CustomerToken
    user: UserToken


class Apple(msgspec.Struct, frozen=True, rename="camel"):
    """What stands in for Apple."""

    root_certificate: str
    push_url: str
    pass_type_identifier: str


class Google(msgspec.Struct, frozen=True, rename="camel"):
    """What stands in for Google."""

    api_url: str
    public_key: str
    issuer_id: str
    callback_signing_key: str


class SandboxJson(msgspec.Struct, frozen=True, rename="camel"):
    """All that a script needs to work with a sandbox; paths are absolute."""

    base_url: str
    tenant_id: str
    api_key: str
    read_only_api_key: str
    other_tenant: OtherTenant
    pass_types: list[str]
    identifier_keys: dict[str, str]
    tokens: Tokens
    apple: Apple
    google: Google


class KeptKeys(msgspec.Struct, frozen=True, rename="camel"):
    """The keys of an earlier start, which exist nowhere else in the clear."""

    api_key: str = ""
    read_only_api_key: str = ""
    other_tenant: OtherTenant = OtherTenant("", "")


def write_sandbox_json(home: Path, document: SandboxJson) -> Path:
    """Write the file at once, mode 0600, and tell its path."""
    path = home.resolve() / FILE_NAME
    write_private(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    return path


def read_kept_keys(home: Path) -> KeptKeys:
    """Read the keys of an earlier start; a file that is missing or damaged has none."""
    try:
        return msgspec.json.decode((home / FILE_NAME).read_bytes(), type=KeptKeys)
    except (FileNotFoundError, msgspec.DecodeError):
        return KeptKeys()
