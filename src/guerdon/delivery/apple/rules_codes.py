"""Rules about barcodes and NFC."""

import re
from collections.abc import Iterator

from guerdon.delivery.apple.barcodes import OLD_FORMATS
from guerdon.delivery.apple.catalogue import finding
from guerdon.delivery.apple.findings import Finding
from guerdon.delivery.apple.reading import Members, items, members, text

_CODE_128 = "PKBarcodeFormatCode128"
_EAN_13 = "PKBarcodeFormatEAN13"
_EAN_13_DIGITS = 13
_CHARACTERS = {
    _CODE_128: (re.compile(r"[\x00-\x7f]*"), "ASCII characters"),
    "PKBarcodeFormatCode39": (re.compile(r"[0-9A-Z .$/+%-]*"), "capital letters, digits, space and -.$/+%"),
    "PKBarcodeFormatCodabar": (
        re.compile(r"[A-D]?[0-9$:/.+-]+[A-D]?"),
        "digits and -$:/.+, with A to D at the ends",
    ),
    "PKBarcodeFormatI2of5": (re.compile(r"(?:[0-9]{2})+"), "an even number of digits"),
}
# ISO/IEC 18004, 15438 and 24778 at their largest symbols; beyond 80 characters a line of bars is too fine.
_BYTES_MAX = {
    "PKBarcodeFormatQR": 2_953,
    "PKBarcodeFormatPDF417": 1_108,
    "PKBarcodeFormatAztec": 1_914,
    _CODE_128: 80,
    "PKBarcodeFormatCode39": 80,
    "PKBarcodeFormatCodabar": 80,
    "PKBarcodeFormatI2of5": 80,
}
_CODECS = {
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "windows-1252": "cp1252",
    "shift_jis": "shift_jis",
    "utf-16": "utf-16",
}


def code_findings(document: Members) -> Iterator[Finding]:
    """Check the barcodes, alone and as a list, and the NFC message."""
    barcodes = [members(barcode) for barcode in items(document.get("barcodes"))]
    for index, barcode in enumerate(barcodes):
        yield from _barcode(f"barcodes[{index}]", barcode)
    formats = [text(barcode.get("format")) for barcode in barcodes]
    if formats and not OLD_FORMATS & set(formats):
        yield finding(
            "barcode-old-phones",
            "barcodes",
            "Phones before iOS 27 know none of these formats and show no barcode. Add a QR code behind them.",
        )
    if formats and set(formats) == {_CODE_128}:
        yield finding("barcode-not-on-watch", "barcodes", "A watch shows no Code 128. Add a QR code behind it.")
    if document.get("nfc") is not None:
        yield finding(
            "nfc-needs-entitlement",
            "nfc",
            "Apple grants NFC per pass type; without it the phone ignores this key.",
        )


def _barcode(path: str, barcode: Members) -> Iterator[Finding]:
    message, kind = text(barcode.get("message")), text(barcode.get("format"))
    encoding = text(barcode.get("messageEncoding")) or "iso-8859-1"
    codec = _CODECS.get(encoding.lower())
    if codec is None:
        yield finding(
            "barcode-encoding-unknown",
            f"{path}.messageEncoding",
            f"{encoding!r} is rare; use iso-8859-1 or utf-8.",
        )
    elif not _fits(message, codec):
        yield finding(
            "barcode-encoding",
            f"{path}.messageEncoding",
            f"The message leaves {encoding}; use utf-8, and try your scanners with it.",
        )
    if message:
        yield from _characters(path, kind, message)


def _characters(path: str, kind: str, message: str) -> Iterator[Finding]:
    if kind == _EAN_13:
        yield from _ean_13(path, message)
    elif kind in _CHARACTERS and _CHARACTERS[kind][0].fullmatch(message) is None:
        yield finding("barcode-characters", f"{path}.message", f"{kind} carries only {_CHARACTERS[kind][1]}.")
    size, size_max = len(message.encode(errors="replace")), _BYTES_MAX.get(kind)
    if size_max is not None and size > size_max:
        yield finding(
            "barcode-too-long",
            f"{path}.message",
            f"{kind} can be read up to {size_max} bytes; these are {size}.",
        )


def _ean_13(path: str, message: str) -> Iterator[Finding]:
    if re.fullmatch(r"[0-9]{12,13}", message) is None:
        yield finding("barcode-ean13-digits", f"{path}.message", "An EAN-13 is 13 digits and nothing else.")
        return
    check = ean_13_check_digit(message[:12])
    if len(message) != _EAN_13_DIGITS or message[12] != check:
        yield finding(
            "barcode-ean13-digits",
            f"{path}.message",
            f"The check digit is {check}: write {message[:12]}{check}.",
        )


def ean_13_check_digit(digits: str) -> str:
    """Compute the last digit of an EAN-13 from the twelve before it (GS1 General Specifications, 7.9.1)."""
    weighted = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits))
    return str(-weighted % 10)


def _fits(message: str, codec: str) -> bool:
    try:
        message.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
