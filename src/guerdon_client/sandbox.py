"""What a running sandbox tells of itself in `sandbox.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from guerdon_client.reading import Members, read_names, read_object

FILE_NAME: Final = "sandbox.json"


@dataclass(frozen=True, slots=True)
class SandboxTenant:
    """Another tenant and its key."""

    tenant_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SandboxApple:
    """What stands in for Apple."""

    root_certificate: Path
    push_url: str
    pass_type_identifier: str


@dataclass(frozen=True, slots=True)
class SandboxGoogle:
    """What stands in for Google."""

    api_url: str
    public_key: Path
    issuer_id: str
    callback_signing_key: Path


@dataclass(frozen=True, slots=True)
class Sandbox:
    """All that a script needs to work with a sandbox: keys of two tenants, tokens, and the stand-ins."""

    base_url: str
    tenant_id: str
    api_key: str = field(repr=False)
    read_only_api_key: str = field(repr=False)
    other_tenant: SandboxTenant
    pass_types: tuple[str, ...]
    identifier_keys: Mapping[str, str] = field(repr=False)
    customer_id: int
    customer_token: str = field(repr=False)
    user_uuid: str
    user_token: str = field(repr=False)
    apple: SandboxApple
    google: SandboxGoogle

    @classmethod
    def read(cls, home: Path) -> Self:
        """Read the file of the sandbox whose data folder is `home`; paths in it may be relative to that.

        Raises FileNotFoundError, BrokenAnswer.
        """
        members = read_object((home / FILE_NAME).read_bytes())
        tokens = _part(members, "tokens")
        customer, user, other = _part(tokens, "customer"), _part(tokens, "user"), _part(members, "otherTenant")
        apple, google = _part(members, "apple"), _part(members, "google")
        return cls(
            members.text("baseUrl"),
            members.text("tenantId"),
            members.text("apiKey"),
            members.text("readOnlyApiKey"),
            SandboxTenant(other.text("tenantId"), other.text("apiKey")),
            read_names(members.items("passTypes"), "passTypes"),
            members.texts("identifierKeys"),
            customer.whole("customerId"),
            customer.text("jwt"),
            user.text("uuid"),
            user.text("jwt"),
            SandboxApple(home / apple.text("rootCertificate"), apple.text("pushUrl"), apple.text("passTypeIdentifier")),
            SandboxGoogle(
                google.text("apiUrl"),
                home / google.text("publicKey"),
                google.text("issuerId"),
                home / google.text("callbackSigningKey"),
            ),
        )


def _part(members: Members, name: str) -> Members:
    return Members(members.mapping(name))
