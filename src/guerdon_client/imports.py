"""Calls on imports: bring passes of another provider, watch them being taken in, read what was left out, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guerdon_client.calls import Answer, Call, path_of, read_receipt, write_headers
from guerdon_client.campaigns import ACCEPTED, CSV, PAGE, XLSX, OnError
from guerdon_client.exact import read_json
from guerdon_client.model import Json, Receipt
from guerdon_client.pages import Page, page_query, read_page
from guerdon_client.reading import Members, read_items, read_object

JSON_LINES: Final = "application/x-ndjson"
MEDIA_TYPES: Final = (CSV, XLSX, JSON_LINES)


@dataclass(frozen=True, slots=True)
class PassImport:
    """How far an import has come; `state` is running, finished or cancelled.

    `imported + existing + rejected <= total` at every instant; they are equal when it is finished.
    """

    import_id: str
    state: str
    started_at: datetime
    last_activity_at: datetime
    total: int
    imported: int
    existing: int
    rejected: int


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row that was left out: its line, its serial when that can be read, and its mistakes by column."""

    line: int
    serial: str | None
    mistakes: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ImportStarted:
    """An import that was started: `count` rows are scheduled; the first 10 000 of those left out are named."""

    progress: PassImport
    count: int
    left_out: tuple[LeftOutRow, ...]
    receipt: Receipt


def import_passes(
    file: bytes,
    *,
    media_type: str = CSV,
    on_error: OnError = "refuse",
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[ImportStarted]:
    """Take in passes of another provider (CSV, XLSX or JSON lines); docs/operating.md tells the columns.

    The same serial is the same pass, so that a file may be sent again. The answer comes when every row is checked: give
    a client for large files a `timeout_s` of minutes. Raises InvalidRequest, which names every bad row with its line,
    unless they are to be skipped.
    """
    if media_type not in MEDIA_TYPES:
        raise ValueError(f"A file is one of {', '.join(MEDIA_TYPES)}.")
    headers = {"content-type": media_type, **write_headers(idempotency_key, dry_run=dry_run)}
    query = [("onError", on_error)]
    accepted = frozenset({ACCEPTED})
    return Call("POST", _path(), _read_started, query, headers, file, statuses=accepted, needs_key=True)


def list_imports(*, cursor: str | None = None, limit: int = PAGE) -> Call[Page[PassImport]]:
    """List the imports of the last 90 days, newest first."""
    return Call("GET", _path(), _read_imports, page_query(cursor, limit))


def get_import(import_id: str) -> Call[PassImport]:
    """Tell how far an import has come. Raises NotFound."""
    return Call("GET", _path(import_id), lambda answer: _read_import(read_object(answer.body)))


def list_import_errors(import_id: str, *, cursor: str | None = None, limit: int = PAGE) -> Call[Page[LeftOutRow]]:
    """List the rows that were left out, by line. Raises NotFound."""
    return Call("GET", _path(import_id, "errors"), _read_left_out, page_query(cursor, limit))


def cancel_import(import_id: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> Call[Receipt]:
    """Stop an import; passes that were taken in stay. Raises NotFound."""
    headers = write_headers(idempotency_key, dry_run=dry_run)
    path = _path(import_id, "cancel")
    return Call("POST", path, read_receipt, (), headers, statuses=frozenset({ACCEPTED}), needs_key=True)


def _path(*segments: str) -> str:
    return path_of("passes", "import", *segments)


def _read_started(answer: Answer) -> ImportStarted:
    members = read_object(answer.body)
    left_out = tuple(_read_row(Members(item)) for item in members.items("mistakes"))
    return ImportStarted(_read_import(members), members.whole("count"), left_out, answer.receipt)


def _read_imports(answer: Answer) -> Page[PassImport]:
    return read_page(answer, tuple(_read_import(Members(item)) for item in read_items(read_json(answer.body))))


def _read_left_out(answer: Answer) -> Page[LeftOutRow]:
    return read_page(answer, tuple(_read_row(Members(item)) for item in read_items(read_json(answer.body))))


def _read_row(members: Members) -> LeftOutRow:
    return LeftOutRow(members.whole("line"), members.find_text("serial"), members.mapping("errors"))


def _read_import(members: Members) -> PassImport:
    return PassImport(
        members.text("importId"),
        members.text("state"),
        members.instant("startDate"),
        members.instant("lastActivityDate"),
        members.whole("total"),
        members.whole("imported"),
        members.whole("existing"),
        members.whole("rejected"),
    )
