"""The bodies of scans."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from guerdon.platform.wire import NO_NUL, Body, Instant

ScanType = Literal[
    "manual", "text", "qrcode", "pdf417", "aztec", "code128", "code39", "codabar", "ean8", "ean13", "itf14", "upca",
    "datamatrix", "nfc",
]  # fmt: skip


class AddScanRequest(Body):
    """A value that was scanned, and what it was read from."""

    data: Annotated[str, StringConstraints(min_length=3, max_length=2048, pattern=NO_NUL)]
    type: ScanType


class ScanResponse(Body):
    """The pass that the value belongs to."""

    pass_id: str


class ScanDocument(Body):
    """A scan that was kept; the scanned value was not."""

    scan_id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    pass_id: str
    type: ScanType
    actor: str
    date: Instant
