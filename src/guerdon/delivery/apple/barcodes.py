"""What a till reads: barcodes, and the message for NFC readers."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated, Final, Literal, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import model_validator

from guerdon.delivery.apple.shapes import AnyText, Flag, PassPart, Text, text_must

BarcodeFormat = Literal[
    "PKBarcodeFormatQR",
    "PKBarcodeFormatPDF417",
    "PKBarcodeFormatAztec",
    "PKBarcodeFormatCode128",
    "PKBarcodeFormatCode39",
    "PKBarcodeFormatCodabar",
    "PKBarcodeFormatEAN13",
    "PKBarcodeFormatI2of5",
]
OLD_FORMATS: Final = frozenset(
    {"PKBarcodeFormatQR", "PKBarcodeFormatPDF417", "PKBarcodeFormatAztec", "PKBarcodeFormatCode128"}
)
"""The formats that every iPhone shows; the others need iOS 27."""
NFC_MESSAGE_BYTES_MAX: Final = 64
LATIN_1: Final = "iso-8859-1"
_LATIN_1_END = 0x100
UTF_8: Final = "utf-8"


class Barcode(PassPart):
    """One barcode. Without `message_encoding` it is Latin-1, or UTF-8 for a message that leaves Latin-1."""

    format: BarcodeFormat
    message: Text
    message_encoding: Text = LATIN_1
    alt_text: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _choose_encoding(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        barcode = cast("dict[str, object]", given)
        if "messageEncoding" in barcode or "message_encoding" in barcode:
            return barcode
        return {**barcode, "messageEncoding": encoding_for(str(barcode.get("message", "")))}


def encoding_for(message: str) -> str:
    """Choose the encoding that every scanner understands, if the message allows it."""
    return LATIN_1 if all(ord(letter) < _LATIN_1_END for letter in message) else UTF_8


def with_old_phone_barcode(barcodes: tuple[Barcode, ...]) -> tuple[Barcode, ...]:
    """Add a QR code of the first message when only iOS 27 could show one of the barcodes.

    An older phone shows no barcode at all when it knows none of the formats.
    """
    if not barcodes or any(barcode.format in OLD_FORMATS for barcode in barcodes):
        return barcodes
    first = barcodes[0]
    return (*barcodes, first.model_copy(update={"format": "PKBarcodeFormatQR"}))


def _is_p256_key(text: str) -> bool:
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (Base64Error, ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


NfcMessage = Annotated[
    Text,
    text_must(
        "nfc-message-too-long",
        "The NFC message has at most 64 bytes.",
        lambda text: len(text.encode()) <= NFC_MESSAGE_BYTES_MAX,
    ),
]
NfcKey = Annotated[
    AnyText,
    text_must("nfc-key-malformed", "Send the P-256 public key as base64 of its DER form.", _is_p256_key),
]


class Nfc(PassPart):
    """What the phone tells a reader; Apple must have granted the certificate its NFC entitlement."""

    message: NfcMessage
    encryption_public_key: NfcKey
    requires_authentication: Flag | None = None
