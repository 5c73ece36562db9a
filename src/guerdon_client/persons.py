"""Calls on persons: export all that is kept of one, erase it, and look passes up by a key of theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guerdon_client.calls import Answer, Call, holder_query, path_of, write_headers
from guerdon_client.exact import read_json
from guerdon_client.model import Json, Receipt
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items, read_names, read_object

PERSONS: Final = "persons"
LOOKUP_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased of a person; `erased` counts it by what it was."""

    receipt_id: str
    erased_at: datetime
    pass_ids: tuple[str, ...]
    wallet_ids: tuple[str, ...]
    erased: Mapping[str, int]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class FoundPass:
    """A pass that a key means, and what each wallet would show of it when that was asked for."""

    pass_id: str
    preview: Mapping[str, Json] | None = None


def export_person(identifiers: Mapping[str, str]) -> Call[Mapping[str, Json]]:
    """Read all that is kept of passes that all identifiers match, and of their wallets. Raises NotFound, Conflict."""
    return Call(
        "POST",
        path_of(PERSONS, "export"),
        lambda answer: read_object(answer.body).whole_mapping(),
        holder_query(identifiers),
    )


def erase_person(
    identifiers: Mapping[str, str], *, idempotency_key: str | None = None, dry_run: bool = False
) -> Call[Erasure]:
    """Erase the passes that all identifiers match and what is said of their wallets. Raises NotFound, Conflict."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    return Call("POST", path_of(PERSONS, "erase"), _read_erasure, holder_query(identifiers), headers, needs_key=True)


def look_up_passes(
    value: str,
    provider: str | None = None,
    *,
    preview: bool = False,
    cursor: str | None = None,
    limit: int = LOOKUP_MAX,
) -> Call[Page[FoundPass]]:
    """List the passes of a key of a provider (an identifier name); without one, which of several ids are passes.

    Raises InvalidRequest for an unknown provider.
    """
    query = [("value", value), ("limit", str(limit)), ("preview", "true" if preview else "false")]
    query += [(name, text) for name, text in (("provider", provider), ("cursor", cursor)) if text is not None]
    return Call("GET", path_of("passes", "lookup"), _read_found, query)


def iter_looked_up(
    value: str, provider: str, *, preview: bool = False, limit: int = LOOKUP_MAX
) -> Callable[[str | None], Call[Page[FoundPass]]]:
    """Walk through all passes of a key of a provider."""
    return lambda cursor: look_up_passes(value, provider, preview=preview, cursor=cursor, limit=limit)


def _read_erasure(answer: Answer) -> Erasure:
    members = read_object(answer.body)
    counts = Members(members.mapping("erased"))
    return Erasure(
        members.text("receiptId"),
        members.instant("erasureDate"),
        read_names(members.items("passIds"), "passIds"),
        read_names(members.items("walletIds"), "walletIds"),
        {name: counts.whole(name) for name in members.mapping("erased")},
        answer.receipt,
    )


def _read_found(answer: Answer) -> Page[FoundPass]:
    rows = [Members(item) for item in read_items(read_json(answer.body))]
    found = (FoundPass(row.text("passId"), row.find("preview", lambda shown: shown.whole_mapping())) for row in rows)
    return read_page(answer, tuple(found))
