"""Calls on a tenant's secrets, which are never answered, and on the certificate that signs its Apple passes."""

from base64 import b64encode
from typing import Final

from guerdon_client.calls import NO_CONTENT, Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.configuration_model import AppleCertificate, SecretInfo
from guerdon_client.exact import read_json, write_json
from guerdon_client.model import Receipt
from guerdon_client.pages import page_query
from guerdon_client.reading import Members, read_items, read_names, read_object

SECRETS: Final = "secrets"
CERTIFICATE: Final = ("config", "apple", "certificate")
PAGE_MAX: Final = 1_000


def list_secrets(*, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[tuple[SecretInfo, ...]]:
    """List the secrets by name; the last name of a full page is the next cursor."""
    return Call("GET", path_of(SECRETS), _read_secrets, page_query(cursor, limit))


def put_secret(name: str, plain: bytes, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Seal a secret of 1 byte to 64 KiB under its name, such as identifiers/customerId.hmac. Raises InvalidRequest."""
    body = write_json({"hex": plain.hex()})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("PUT", path_of(SECRETS, *name.split("/")), read_receipt, headers=headers, body=body, needs_key=True)


def delete_secret(name: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Delete a secret. Raises NotFound."""
    return Call(
        "DELETE",
        path_of(SECRETS, *name.split("/")),
        read_receipt,
        headers=write_headers(idempotency_key, dry_run=dry_run),
        statuses=frozenset({NO_CONTENT}),
        needs_key=True,
    )


def get_apple_certificate() -> Call[AppleCertificate]:
    """Read what the certificate is for and until when. Raises NotFound."""
    return Call("GET", path_of(*CERTIFICATE), _read_certificate)


def put_apple_p12(
    p12: bytes,
    password: str = "",
    *,
    intermediates: str | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[AppleCertificate]:
    """Send a .p12 export; `intermediates` are Apple's as PEM text. Raises InvalidRequest with every mistake."""
    body: dict[str, object] = {"p12Base64": b64encode(p12).decode(), "password": password}
    return _put_certificate(body, intermediates, write_headers(idempotency_key, dry_run=dry_run))


def put_apple_pem(
    certificate: str,
    key: str,
    password: str = "",
    *,
    intermediates: str | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[AppleCertificate]:
    """Send a certificate and its key as PEM text. Raises InvalidRequest with every mistake."""
    body: dict[str, object] = {"certificate": certificate, "key": key, "password": password}
    return _put_certificate(body, intermediates, write_headers(idempotency_key, dry_run=dry_run))


def _put_certificate(
    body: dict[str, object], intermediates: str | None, headers: dict[str, str]
) -> Call[AppleCertificate]:
    sent = write_json(body if intermediates is None else {**body, "intermediates": intermediates})
    return Call("POST", path_of(*CERTIFICATE), _read_certificate, headers=headers, body=sent, needs_key=True)


def _read_secrets(answer: Answer) -> tuple[SecretInfo, ...]:
    read = (Members(item) for item in read_items(read_json(answer.body)))
    return tuple(SecretInfo(one.text("name"), one.instant("updatedAt"), one.text("actor")) for one in read)


def _read_certificate(answer: Answer) -> AppleCertificate:
    members = read_object(answer.body)
    return AppleCertificate(
        members.text("passTypeIdentifier"),
        members.text("teamIdentifier"),
        members.text("subject"),
        members.text("issuer"),
        members.text("serialNumber"),
        members.instant("expiresAt"),
        read_names(members.items("warnings"), "warnings"),
    )
