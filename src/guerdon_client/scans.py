"""Calls on scans: from a scanned value to its pass, and what was scanned."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from guerdon_client.calls import Answer, Call, path_of, write_headers
from guerdon_client.exact import read_json, write_json
from guerdon_client.pages import Page, read_page
from guerdon_client.reading import Members, read_items, read_object

ScanType = Literal[
    "manual", "text", "qrcode", "pdf417", "aztec", "code128", "code39", "codabar", "ean8", "ean13", "itf14", "upca",
    "datamatrix", "nfc",
]  # fmt: skip
SCANS: Final = "scans"
PAGE_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Scan:
    """A pass that was scanned; the scanned value is not kept."""

    scan_id: str
    pass_id: str
    type: str
    actor: str
    date: datetime


def scan(
    data: str,
    scanned_as: ScanType = "qrcode",
    *,
    idempotency_key: str | None = None,
    dry_run: bool = False,
) -> Call[str]:
    """Find the id of the pass that a scanned value belongs to; nothing is redeemed.

    Raises NotFound, and Conflict when it belongs to several.
    """
    return Call(
        "POST",
        path_of(SCANS),
        lambda answer: read_object(answer.body).text("passId"),
        headers=write_headers(idempotency_key, dry_run=dry_run),
        body=write_json({"data": data, "type": scanned_as}),
        needs_key=True,
    )


def list_scans(pass_id: str | None = None, *, cursor: str | None = None, limit: int = PAGE_MAX) -> Call[Page[Scan]]:
    """List scans, newest first, of one pass or of all, from a cursor on."""
    query = [("limit", str(limit))]
    query += [(name, text) for name, text in (("passId", pass_id), ("cursor", cursor)) if text is not None]
    return Call("GET", path_of(SCANS), _read_scans, query)


def iter_scans(pass_id: str | None = None, *, limit: int = PAGE_MAX) -> Callable[[str | None], Call[Page[Scan]]]:
    """Walk through all scans, newest first, of one pass or of all."""
    return lambda cursor: list_scans(pass_id, cursor=cursor, limit=limit)


def _read_scans(answer: Answer) -> Page[Scan]:
    return read_page(answer, tuple(_read_scan(Members(item)) for item in read_items(read_json(answer.body))))


def _read_scan(members: Members) -> Scan:
    return Scan(
        members.text("scanId"),
        members.text("passId"),
        members.text("type"),
        members.text("actor"),
        members.instant("date"),
    )
