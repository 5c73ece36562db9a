"""Calls on passes: create, find, change, read, install and preview."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, cast
from urllib.parse import urljoin

from guerdon_client.calls import (
    FOUND,
    NO_CONTENT,
    NOT_MODIFIED,
    OK,
    Answer,
    Call,
    part_holder,
    path_of,
    read_receipt,
    read_text,
    write_headers,
)
from guerdon_client.errors import BrokenAnswer
from guerdon_client.exact import write_json
from guerdon_client.installing import Source
from guerdon_client.model import ApplePass, Holder, Json, PassCreated, PassDocument, PassPreview, Receipt
from guerdon_client.proofs import with_proofs
from guerdon_client.reading import Members, read_names, read_object

PASSES: Final = "passes"
APPLE_MEDIA_TYPE: Final = "application/vnd.apple.pkpass"


def create_pass(
    pass_type: str,
    identifiers: Mapping[str, str] | None = None,
    metadata: Mapping[str, Json] | None = None,
    additional_data: Mapping[str, Json] | None = None,
    *,
    proofs: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[PassCreated]:
    """Create a pass, or give the existing one of the same type and identifiers.

    `proofs` maps identifier names to what `hmac_proof` made; with them no credential is needed.
    """
    body = {
        "identifiers": with_proofs(identifiers or {}, proofs or {}),
        "metadata": metadata or {},
        "additionalData": additional_data or {},
    }
    headers = {"accept": "application/json", **write_headers(idempotency_key, dry_run=dry_run)}
    return Call(
        "POST",
        path_of(PASSES),
        lambda answer: PassCreated(read_object(answer.body).text("passId"), answer.receipt),
        [("passType", pass_type)],
        headers,
        write_json(body),
        needs_key=True,
    )


def find_pass(
    identifiers: Mapping[str, str], pass_type: str | None = None, *, proofs: Mapping[str, str] | None = None
) -> Call[str | None]:
    """Find the id of the one pass that all identifiers match, or None.

    Raises Conflict when several match.
    """
    query = list(with_proofs(identifiers, proofs or {}).items())
    if pass_type is not None:
        query.append(("passType", pass_type))
    statuses = frozenset({OK, NO_CONTENT})
    return Call("GET", path_of(PASSES, "findPass"), _read_found, query, {"accept": "text/plain"}, statuses=statuses)


def update_pass(
    holder: Holder,
    *,
    identifiers: Mapping[str, str | None] | None = None,
    metadata: Mapping[str, Json] | None = None,
    additional_data: Mapping[str, Json] | None = None,
    pass_type: str | None = None,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[Receipt]:
    """Merge changes into a pass, named by its id or by identifiers; None removes a key.

    Raises NotFound, Conflict.
    """
    segments, query = part_holder(holder)
    if pass_type is not None:
        query.append(("passType", pass_type))
    changes = {"identifiers": identifiers, "metadata": metadata, "additionalData": additional_data}
    body = write_json({name: change for name, change in changes.items() if change is not None})
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("PATCH", path_of(PASSES, *segments), read_receipt, query, headers, body, needs_key=True)


def get_pass_document(pass_id: str) -> Call[PassDocument]:
    """Read the stored pass. Raises NotFound."""
    return Call("GET", path_of(PASSES, pass_id, "document"), _read_document)


def get_apple_pass(pass_id: str, source: Source | None = None) -> Call[ApplePass]:
    """Read the signed `.pkpass` as it is now; whoever knows the id may. Raises NotFound."""
    query = [("device", "apple"), *(source or Source()).query()]
    return Call("GET", path_of(PASSES, pass_id), _read_apple, query, {"accept": f"{APPLE_MEDIA_TYPE}, */*"})


def find_newer_apple_pass(pass_id: str, etag: str) -> Call[ApplePass | None]:
    """Read the signed `.pkpass`, or None when it is still the one that `etag` names. Raises NotFound."""
    headers = {"accept": f"{APPLE_MEDIA_TYPE}, */*", "if-none-match": etag}
    return Call(
        "GET",
        path_of(PASSES, pass_id),
        lambda answer: None if answer.status == NOT_MODIFIED else _read_apple(answer),
        [("device", "apple")],
        headers,
        statuses=frozenset({OK, NOT_MODIFIED}),
    )


def preview_pass(pass_id: str, language: str | None = None) -> Call[PassPreview]:
    """Read what each wallet would show, in `language` when the pass speaks it. Raises NotFound."""
    headers = {} if language is None else {"accept-language": language}
    return Call("GET", path_of(PASSES, pass_id), _read_preview, [("device", "preview")], headers)


def get_view_url(pass_id: str) -> Call[str]:
    """Tell the URL of the pass's page, which can be sent to a phone. Raises NotFound."""
    return Call("GET", path_of(PASSES, pass_id, "view"), _read_location, statuses=frozenset({FOUND}))


def connect_pass(pass_id: str) -> Call[str]:
    """Ask for the address of a WebSocket that tells what happens to the pass; open it within a minute.

    Raises NotFound.
    """
    return Call("GET", path_of(PASSES, pass_id, "connect"), lambda answer: read_object(answer.body).text("url"))


def _read_found(answer: Answer) -> str | None:
    return None if answer.status == NO_CONTENT else read_text(answer)


def _read_document(answer: Answer) -> PassDocument:
    members = read_object(answer.body)
    return PassDocument(
        members.text("passId"),
        members.text("passType"),
        members.texts("identifiers"),
        members.mapping("metadata"),
        members.mapping("additionalData"),
        members.whole("revision"),
        members.instant("creationDate"),
        members.instant("lastUpdateDate"),
    )


def _read_apple(answer: Answer) -> ApplePass:
    media_type = answer.headers.get("content-type", "")
    if not media_type.startswith(APPLE_MEDIA_TYPE):
        raise BrokenAnswer(f"The answer is {media_type or 'of no media type'}; a .pkpass was promised.")
    return ApplePass(answer.body, answer.headers.get("etag"), _http_date(answer.headers.get("last-modified")))


def _http_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError as wrong:
        raise BrokenAnswer(f"Last-Modified is no date: {text!r}.") from wrong
    return date.astimezone(UTC)


def _read_preview(answer: Answer) -> PassPreview:
    members = read_object(answer.body)
    return PassPreview(
        members.text("passId"),
        members.text("passType"),
        members.text("language"),
        read_names(members.items("languages"), "languages"),
        members.flag("voided"),
        members.mapping("apple"),
        members.mapping("google"),
        _objects(members, "privileges"),
        _objects(members, "losses"),
        _objects(members, "faults"),
    )


def _objects(members: Members, name: str) -> tuple[Mapping[str, Json], ...]:
    items = members.items(name)
    if not all(isinstance(item, dict) for item in items):
        raise BrokenAnswer(f"The member {name!r} must hold objects.")
    return tuple(cast("Mapping[str, Json]", item) for item in items)


def _read_location(answer: Answer) -> str:
    location = answer.headers.get("location")
    if not location:
        raise BrokenAnswer("The answer names no address.")
    return urljoin(answer.url, location)
